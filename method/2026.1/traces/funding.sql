-- Money: balances of the journal, and pounds of the base year.
WITH givers AS (
  SELECT DISTINCT counterparty_id AS organisation_id
  FROM funding_parties
  WHERE counterparty_id <> 'unknown'
),
deals AS (
  SELECT b.*, NOT b.onward_grant OR g.organisation_id IS NULL AS in_totals
  FROM funding_balances b
  LEFT JOIN givers g ON g.organisation_id = b.organisation_id
),
parts AS (
  SELECT f.quarter, f.programme, f.funder_id, f.measure, f.instrument, f.district, f.currency, f.onward_grant, f.in_totals,
         CAST(d.balance AS STRING) AS balance, d.organisation_id, d.quantity, d.entries
  FROM funding f
  JOIN deals d ON d.quarter = f.quarter AND COALESCE(d.programme, 'unknown') = f.programme
   AND d.counterparty_id = f.funder_id AND d.measure = f.measure
   AND COALESCE(d.instrument, 'UNSPECIFIED') = f.instrument AND d.district = f.district AND d.unit = f.currency
   AND d.onward_grant = f.onward_grant AND d.in_totals = f.in_totals
),
real_terms AS (
  SELECT k.*, CAST(c.year AS STRING) AS year, d.factor
  FROM keyed_funding k
  JOIN calendar c ON c.quarter = k.quarter
  JOIN deflators d ON d.price_year = c.year
  WHERE k.currency = 'GBP'
)
SELECT quarter, programme, funder_id, measure, instrument, district, currency, onward_grant, in_totals,
       'amount' AS figure, balance AS term, 1 AS place, organisation_id AS what,
       'funding_balances' AS part, balance AS part_key, 'quantity' AS part_figure, quantity AS central,
       CAST(NULL AS INTEGER) AS digits
FROM parts
UNION ALL
SELECT quarter, programme, funder_id, measure, instrument, district, currency, onward_grant, in_totals,
       'events', balance, 1, organisation_id, 'funding_balances', balance AS part_key, 'entries', entries, NULL
FROM parts
UNION ALL
SELECT quarter, programme, funder_id, measure, instrument, district, currency, onward_grant, in_totals,
       'amount_real', '', 1, 'amount', 'funding', row_key, 'amount', amount, NULL
FROM real_terms
UNION ALL
SELECT quarter, programme, funder_id, measure, instrument, district, currency, onward_grant, in_totals,
       'amount_real', '', 2, 'to prices of the base year', 'deflators', year, 'factor', factor, 2
FROM real_terms
