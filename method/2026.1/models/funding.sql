-- Money by quarter, programme, funder, measure, instrument, district and
-- currency.
-- parameters: none
--
-- Measures and instruments are rows of their own and never added. Money that
-- is granted on is kept out of totals where the awards at its end are recorded
-- too: where who received it is found to give. Otherwise it is the last that
-- is known of, and counts. Only pounds have a real amount: other currencies
-- are not converted.
WITH givers AS (
  SELECT DISTINCT counterparty_id AS organisation_id
  FROM funding_parties
  WHERE counterparty_id <> 'unknown'
),
deals AS (
  SELECT quarter, programme, counterparty_id, measure, instrument, district, unit, onward_grant,
         TRUE AS in_totals, combined_authority, region, entries, quantity
  FROM funding_cells
  WHERE NOT onward_grant
  UNION ALL
  SELECT o.quarter, o.programme, o.counterparty_id, o.measure, o.instrument, o.district, o.unit, TRUE,
         g.organisation_id IS NULL, o.combined_authority, o.region, o.entries, o.quantity
  FROM onward_cells o
  LEFT JOIN givers g ON g.organisation_id = o.organisation_id
),
cells AS (
  SELECT quarter,
         COALESCE(programme, 'unknown') AS programme,
         counterparty_id AS funder_id,
         measure,
         COALESCE(instrument, 'UNSPECIFIED') AS instrument,
         district,
         unit AS currency,
         onward_grant,
         in_totals,
         MAX(combined_authority) AS combined_authority,
         MAX(region) AS region,
         CAST(SUM(entries) AS BIGINT) AS events,
         CAST(SUM(quantity) AS DECIMAL(18, 4)) AS amount
  FROM deals
  WHERE entries > 0
  GROUP BY quarter, COALESCE(programme, 'unknown'), counterparty_id, measure,
           COALESCE(instrument, 'UNSPECIFIED'), district, unit, onward_grant, in_totals
)
SELECT f.quarter, f.programme, f.funder_id, f.measure, f.instrument, f.district, f.currency, f.onward_grant,
       f.in_totals, f.combined_authority, f.region,
       f.events, f.amount,
       CASE WHEN f.currency = 'GBP' THEN CAST(CAST(f.amount AS DECIMAL(28, 4)) * d.factor AS DECIMAL(18, 2)) END AS amount_real,
       r.price_base_year, r.data_label
FROM cells f
JOIN calendar c ON c.quarter = f.quarter
LEFT JOIN deflators d ON d.price_year = c.year
CROSS JOIN run r
