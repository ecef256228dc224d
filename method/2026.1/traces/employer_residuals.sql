-- Employers: closing, opening, and movements between.
-- key: quarter, employer
WITH stated AS (
  SELECT s.employer, c.ordinal, CAST(b.balance AS STRING) AS balance, b.quantity, CAST(b.as_of AS STRING) AS what
  FROM employment_balances b
  JOIN calendar c ON c.quarter = b.quarter
  JOIN stock_series s ON s.series = b.series
  JOIN stock_cells k ON k.cell = s.cell AND k.measure = 'HEADCOUNT' AND COALESCE(k.job_basis, 'NONE') = 'NONE'
  JOIN (SELECT DISTINCT series, source, quarter, as_of FROM stock_snapshots WHERE last_of_quarter) l
    ON l.series = b.series AND l.source = b.source AND l.quarter = b.quarter AND l.as_of = b.as_of
),
moved AS (
  SELECT e.employer, c.ordinal, CAST(b.balance AS STRING) AS balance, b.quantity, b.quarter AS what,
         CASE WHEN b.measure = 'HIRES' THEN 'hires' ELSE 'leavers' END AS figure
  FROM employment_balances b
  JOIN calendar c ON c.quarter = b.quarter
  JOIN employers e ON e.organisation_id = b.organisation_id AND e.district = b.district
   AND COALESCE(e.combined_authority, '') = COALESCE(b.combined_authority, '')
   AND COALESCE(e.region, '') = COALESCE(b.region, '')
  WHERE b.measure IN ('HIRES', 'LEAVERS')
),
parts AS (
  SELECT r.quarter, r.employer, 'closing' AS figure, s.balance, s.quantity, s.what
  FROM employer_residuals r
  JOIN stated s ON s.employer = r.employer AND s.ordinal = r.ordinal
  UNION ALL
  SELECT r.quarter, r.employer, 'opening', s.balance, s.quantity, s.what
  FROM employer_residuals r
  JOIN stated s ON s.employer = r.employer AND s.ordinal = r.since
  UNION ALL
  SELECT r.quarter, r.employer, m.figure, m.balance, m.quantity, m.what
  FROM employer_residuals r
  JOIN moved m ON m.employer = r.employer AND m.ordinal > r.since AND m.ordinal <= r.ordinal
),
signed AS (
  SELECT r.quarter, r.employer, f.part_figure, f.sign,
         CASE f.part_figure WHEN 'closing' THEN r.closing WHEN 'opening' THEN r.opening
              WHEN 'hires' THEN r.hires ELSE r.leavers END AS quantity
  FROM employer_residuals r
  CROSS JOIN (VALUES ('closing', 1), ('opening', -1), ('hires', -1), ('leavers', 1)) AS f(part_figure, sign)
  WHERE r.hires IS NOT NULL
)
SELECT quarter, employer, figure, balance AS term, 1 AS place, what, 'employment_balances' AS part, balance AS part_key,
       'quantity' AS part_figure, quantity AS central
FROM parts
UNION ALL
SELECT quarter, employer, 'residual', part_figure AS term, 1, part_figure AS what, 'employer_residuals',
       quarter || '|' || CAST(employer AS STRING), part_figure AS part_figure, quantity
FROM signed
UNION ALL
SELECT quarter, employer, 'residual', part_figure AS term, 2, 'taken off', NULL, NULL, NULL, -1
FROM signed
WHERE sign < 0
