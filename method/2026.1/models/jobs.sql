-- Work by quarter, measure, programme, district, job basis and prior status;
-- never by organisation.
-- parameters: none
--
-- Stocks are levels at the quarter's end, flows are sums over the quarter.
-- Volunteers are not here: they are never jobs.
WITH stocks AS (
  SELECT quarter, measure, unit, programme, district, job_basis,
         MAX(combined_authority) AS combined_authority,
         MAX(region) AS region,
         SUM(quantity) AS quantity,
         SUM(series) AS statements,
         SUM(carried_forward) AS carried_forward,
         SUM(stale) AS stale
  FROM stock_levels
  WHERE measure <> 'VOLUNTEERS'
  GROUP BY quarter, measure, unit, programme, district, job_basis
),
flows AS (
  SELECT b.quarter, b.measure, b.unit,
         COALESCE(b.programme, 'unknown') AS programme, b.district,
         COALESCE(b.job_basis, 'NONE') AS job_basis,
         COALESCE(b.prior_status, 'NONE') AS prior_status,
         MAX(b.combined_authority) AS combined_authority,
         MAX(b.region) AS region,
         SUM(b.quantity) AS quantity,
         SUM(b.entries) AS statements
  FROM employment_cells b
  JOIN measure_codes m ON m.measure = b.measure AND m.kind = 'flow'
  WHERE b.entries > 0 AND b.measure <> 'VOLUNTEER_HOURS'
  GROUP BY b.quarter, b.measure, b.unit, COALESCE(b.programme, 'unknown'), b.district,
           COALESCE(b.job_basis, 'NONE'), COALESCE(b.prior_status, 'NONE')
),
rows_of_both AS (
  SELECT quarter, measure, 'stock' AS kind, unit, programme, district, job_basis, 'NONE' AS prior_status,
         combined_authority, region, quantity, statements, carried_forward, stale
  FROM stocks
  UNION ALL
  SELECT quarter, measure, 'flow' AS kind, unit, programme, district, job_basis, prior_status,
         combined_authority, region, quantity, statements, 0 AS carried_forward, 0 AS stale
  FROM flows
)
SELECT j.quarter, j.measure, j.programme, j.district, j.job_basis, j.prior_status,
       j.kind, j.unit, j.combined_authority, j.region,
       CAST(j.quantity AS DECIMAL(18, 4)) AS quantity,
       CAST(j.statements AS BIGINT) AS statements,
       CAST(j.carried_forward AS BIGINT) AS carried_forward,
       CAST(j.stale AS BIGINT) AS stale,
       CAST(NULL AS STRING) AS disclosure, r.data_label
FROM rows_of_both j
CROSS JOIN run r
