-- Every figure of jobs and volunteering under a number: the cells that all
-- other figures about work are sums of; not published.
-- parameters: none
--
-- A line is the same cell in every quarter. What is counted names the table:
-- volunteers are in one, all else in the other.
WITH cells AS (
  SELECT 'jobs' AS shown_in, quarter, measure, programme, district, job_basis, prior_status,
         kind, unit, combined_authority, quantity
  FROM jobs
  WHERE quantity IS NOT NULL
  UNION ALL
  SELECT 'volunteering', quarter, measure, programme, district, 'NONE', 'NONE', kind, unit, combined_authority,
         quantity
  FROM volunteering
  WHERE quantity IS NOT NULL
),
named AS (
  SELECT c.*, c.measure || '|' || c.programme || '|' || c.district || '|' || c.job_basis || '|' || c.prior_status AS name
  FROM cells c
)
SELECT CAST(ROW_NUMBER() OVER (ORDER BY w.name, w.quarter) AS BIGINT) AS cell,
       CAST(DENSE_RANK() OVER (ORDER BY w.name) AS BIGINT) AS line,
       w.shown_in, w.quarter, CAST(c.year AS INTEGER) AS year, CAST(c.ordinal AS INTEGER) AS ordinal,
       w.measure, w.programme, w.district, w.job_basis, w.prior_status, w.kind, w.unit,
       w.combined_authority, w.quantity
FROM named w
JOIN calendar c ON c.quarter = w.quarter
