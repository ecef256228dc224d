-- Jobs: levels by source, and balances of what happened in the quarter.
WITH levels AS (
  SELECT j.quarter, j.measure, j.programme, j.district, j.job_basis, j.prior_status, l.source, l.row_key AS part_key,
         f.figure, f.part_figure,
         CASE f.figure WHEN 'quantity' THEN l.quantity WHEN 'statements' THEN l.series
              WHEN 'carried_forward' THEN l.carried_forward ELSE l.stale END AS value
  FROM jobs j
  JOIN keyed_stock_levels l ON l.quarter = j.quarter AND l.measure = j.measure AND l.programme = j.programme
   AND l.district = j.district AND l.job_basis = j.job_basis
  CROSS JOIN (VALUES
    ('quantity', 'quantity'), ('statements', 'series'), ('carried_forward', 'carried_forward'), ('stale', 'stale')
  ) AS f(figure, part_figure)
  WHERE j.kind = 'stock'
),
flows AS (
  SELECT j.quarter, j.measure, j.programme, j.district, j.job_basis, j.prior_status,
         CAST(b.balance AS STRING) AS balance, b.organisation_id, f.figure, f.part_figure,
         CASE f.figure WHEN 'quantity' THEN b.quantity ELSE b.entries END AS value
  FROM jobs j
  JOIN employment_balances b ON b.quarter = j.quarter AND b.measure = j.measure
   AND COALESCE(b.programme, 'unknown') = j.programme AND b.district = j.district
   AND COALESCE(b.job_basis, 'NONE') = j.job_basis AND COALESCE(b.prior_status, 'NONE') = j.prior_status
  CROSS JOIN (VALUES ('quantity', 'quantity'), ('statements', 'entries')) AS f(figure, part_figure)
  WHERE j.kind = 'flow'
)
SELECT quarter, measure, programme, district, job_basis, prior_status, figure, source AS term, source AS what,
       'stock_levels' AS part, part_key, part_figure, value AS central
FROM levels
WHERE value IS NOT NULL
UNION ALL
SELECT quarter, measure, programme, district, job_basis, prior_status, figure, balance, organisation_id,
       'employment_balances', balance AS part_key, part_figure, value
FROM flows
