-- Reconciliation: the employers that were compared.
WITH compared AS (
  SELECT quarter, district, quarter || '|' || CAST(employer AS STRING) AS part_key, hires, closing, residual, persons, shared
  FROM employer_residuals
),
counts AS (
  SELECT quarter, district, 'employers' AS figure, part_key FROM compared WHERE hires IS NOT NULL
  UNION ALL
  SELECT quarter, district, 'employers_without_movements', part_key FROM compared WHERE hires IS NULL
  UNION ALL
  SELECT quarter, district, 'employers_out_of_tolerance', part_key
  FROM compared
  WHERE ABS(residual) > persons AND ABS(residual) > shared
),
sums AS (
  SELECT quarter, district, part_key, f.figure, CASE f.figure WHEN 'residual' THEN residual ELSE closing END AS quantity
  FROM compared
  CROSS JOIN (VALUES ('residual'), ('closing')) AS f(figure)
  WHERE hires IS NOT NULL
),
totals AS (
  SELECT quarter, district, figure, SUM(quantity) AS quantity FROM sums GROUP BY quarter, district, figure
)
SELECT quarter, district, figure, part_key AS term, 1 AS place, 'x' AS op, 'an employer' AS what,
       CAST(NULL AS STRING) AS part, CAST(NULL AS STRING) AS part_key, CAST(NULL AS STRING) AS part_figure,
       1 AS central, CAST(NULL AS INTEGER) AS digits
FROM counts
UNION ALL
SELECT quarter, district, figure, part_key AS term, 2, 'from', 'what it closed with', 'employer_residuals', part_key AS part_key, 'closing', NULL, NULL
FROM counts
UNION ALL
SELECT quarter, district, 'employers_out_of_tolerance', part_key AS term, 3, 'from', 'what is not explained', 'employer_residuals',
       part_key AS part_key, 'residual', NULL, NULL
FROM counts
WHERE figure = 'employers_out_of_tolerance'
UNION ALL
SELECT quarter, district, figure, part_key AS term, 1, 'x', 'an employer', 'employer_residuals', part_key AS part_key, figure AS part_figure, quantity, NULL
FROM sums
UNION ALL
SELECT t.quarter, t.district, 'residual_share', '', f.place, f.op, f.what, 'reconciliation', t.quarter || '|' || t.district,
       t.figure AS part_figure, t.quantity, CASE WHEN f.place = 2 THEN 3 END
FROM totals t
JOIN (VALUES ('residual', 1, 'x', 'not explained'), ('closing', 2, '/', 'closed with')) AS f(figure, place, op, what)
  ON f.figure = t.figure
JOIN reconciliation r ON r.quarter = t.quarter AND r.district = t.district AND r.residual_share IS NOT NULL
