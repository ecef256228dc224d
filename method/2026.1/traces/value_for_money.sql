-- Value for money: benefits and what was put in, both discounted to the first year.
WITH payments AS (
  SELECT f.programme, f.measure, c.year, f.row_key AS part_key, f.quarter || ' ' || f.funder_id AS what, f.amount_real
  FROM keyed_funding f
  JOIN calendar c ON c.quarter = f.quarter
  WHERE f.in_totals AND f.instrument = 'GRANT' AND f.amount_real IS NOT NULL
    AND f.measure IN ('COMMITTED', 'DISBURSED') AND f.programme <> 'unknown'
),
outcomes AS (
  SELECT s.programme, s.bundle, s.outcome, c.year, s.row_key AS part_key, s.quarter AS what,
         s.value_low, s.value_central, s.value_high
  FROM keyed_lifetime_value s
  JOIN calendar c ON c.quarter = s.quarter
  WHERE s.programme <> 'unknown'
),
starts AS (
  SELECT programme, MIN(year) AS year
  FROM (SELECT programme, year FROM payments
        UNION ALL SELECT programme, year FROM outcomes
        UNION ALL SELECT r.programme, c.year FROM repayable_finance r JOIN calendar c ON c.quarter = r.quarter) y
  GROUP BY programme
),
loans AS (
  SELECT r.programme, MIN(c.year) AS year
  FROM repayable_finance r
  JOIN calendar c ON c.quarter = r.quarter
  GROUP BY r.programme
),
ratios AS (
  SELECT v.*, v.programme || '|' || v.bundle || '|' || v.outcome AS own_key, s.year AS start,
         CASE WHEN v.bundle = 'WELLBEING' THEN 'health' ELSE 'standard' END AS discounting
  FROM value_for_money v
  JOIN starts s ON s.programme = v.programme
),
benefits AS (
  SELECT r.programme, r.bundle, r.outcome, r.own_key, o.year, r.discounting, o.year - r.start AS years, d.factor,
         SUM(o.value_low) AS value_low, SUM(o.value_central) AS value_central, SUM(o.value_high) AS value_high
  FROM ratios r
  JOIN outcomes o ON o.programme = r.programme AND o.bundle = r.bundle AND o.outcome = r.outcome
  JOIN discounts d ON d.kind = r.discounting AND d.year = o.year - r.start
  GROUP BY r.programme, r.bundle, r.outcome, r.own_key, o.year, r.discounting, r.start, d.factor
),
grants AS (
  SELECT r.programme, r.bundle, r.outcome, r.own_key, p.year, p.year - r.start AS years, d.factor, SUM(p.amount_real) AS amount
  FROM ratios r
  JOIN payments p ON p.programme = r.programme AND p.measure = r.grants_basis
  JOIN discounts d ON d.kind = 'standard' AND d.year = p.year - r.start
  GROUP BY r.programme, r.bundle, r.outcome, r.own_key, p.year, r.start, d.factor
),
lent AS (
  SELECT r.programme, r.bundle, r.outcome, r.own_key, l.year - r.start AS years, d.factor, f.row_key AS part_key,
         f.grant_equivalent_central AS amount
  FROM ratios r
  JOIN loans l ON l.programme = r.programme
  JOIN discounts d ON d.kind = 'standard' AND d.year = l.year - r.start
  JOIN keyed_repayable_finance f ON f.programme = r.programme
  JOIN (SELECT MAX(quarter) AS quarter FROM quarters) q ON q.quarter = f.quarter
  WHERE f.grant_equivalent_central IS NOT NULL
),
put_in AS (
  SELECT own_key, SUM(CAST(CAST(amount AS DECIMAL(24, 2)) * factor AS DECIMAL(24, 4))) AS amount
  FROM (SELECT own_key, amount, factor FROM grants UNION ALL SELECT own_key, amount, factor FROM lent) p
  GROUP BY own_key
)
SELECT r.programme, r.bundle, r.outcome, 'benefits-' || CAST(o.year AS STRING) AS figure, o.part_key AS term, 1 AS place,
       'x' AS op, o.what, 'lifetime_value' AS part, o.part_key, 'value' AS part_figure,
       o.value_low AS low, o.value_central AS central, o.value_high AS high, CAST(NULL AS INTEGER) AS digits
FROM ratios r
JOIN outcomes o ON o.programme = r.programme AND o.bundle = r.bundle AND o.outcome = r.outcome
UNION ALL
SELECT programme, bundle, outcome, 'benefits', CAST(year AS STRING), 1, 'x', 'benefits of ' || CAST(year AS STRING),
       'value_for_money', own_key, 'benefits-' || CAST(year AS STRING), value_low, value_central, value_high, NULL
FROM benefits
UNION ALL
SELECT programme, bundle, outcome, 'benefits', CAST(year AS STRING), 2, 'x', 'discount', 'discounts',
       discounting || '|' || CAST(years AS STRING), 'factor', factor, factor AS central, factor AS high, 4
FROM benefits
UNION ALL
SELECT r.programme, r.bundle, r.outcome, 'grants-' || CAST(p.year AS STRING), p.part_key AS term, 1, 'x', p.what, 'funding', p.part_key AS part_key,
       'amount_real', p.amount_real, p.amount_real AS central, p.amount_real AS high, NULL
FROM ratios r
JOIN payments p ON p.programme = r.programme AND p.measure = r.grants_basis
UNION ALL
SELECT programme, bundle, outcome, f.figure, CAST(year AS STRING), 1, 'x', 'grants of ' || CAST(year AS STRING),
       'value_for_money', own_key, 'grants-' || CAST(year AS STRING), amount, amount AS central, amount AS high, NULL
FROM grants
CROSS JOIN (VALUES ('grants'), ('put-in')) AS f(figure)
UNION ALL
SELECT programme, bundle, outcome, f.figure, CAST(year AS STRING), 2, 'x', 'discount', 'discounts',
       'standard|' || CAST(years AS STRING), 'factor', factor, factor AS central, factor AS high, 4
FROM grants
CROSS JOIN (VALUES ('grants'), ('put-in')) AS f(figure)
UNION ALL
SELECT programme, bundle, outcome, f.figure, 'loans', 1, 'x', 'grant equivalent of loans and equity', 'repayable_finance', part_key,
       'grant_equivalent_central', amount, amount AS central, amount AS high, NULL
FROM lent
CROSS JOIN (VALUES ('grant_equivalent'), ('put-in')) AS f(figure)
UNION ALL
SELECT programme, bundle, outcome, f.figure, 'loans', 2, 'x', 'discount', 'discounts', 'standard|' || CAST(years AS STRING),
       'factor', factor, factor AS central, factor AS high, 4
FROM lent
CROSS JOIN (VALUES ('grant_equivalent'), ('put-in')) AS f(figure)
UNION ALL
SELECT r.programme, r.bundle, r.outcome, 'ratio', '', 1, 'x', 'benefits', 'value_for_money', r.own_key, 'benefits',
       r.benefits_low, r.benefits_central, r.benefits_high, NULL
FROM ratios r
WHERE r.ratio_central IS NOT NULL
UNION ALL
SELECT r.programme, r.bundle, r.outcome, 'ratio', '', 2, '/', 'put in', 'value_for_money', r.own_key, 'put-in',
       p.amount, p.amount AS central, p.amount AS high, NULL
FROM ratios r
JOIN put_in p ON p.own_key = r.own_key
WHERE r.ratio_central IS NOT NULL
