-- Volunteers at the quarter's end, and hours given in the quarter.
-- parameters: none
WITH rows_of_both AS (
  SELECT quarter, measure, 'stock' AS kind, unit, programme, district,
         MAX(combined_authority) AS combined_authority,
         MAX(region) AS region,
         SUM(quantity) AS quantity,
         SUM(series) AS statements,
         SUM(carried_forward) AS carried_forward,
         SUM(stale) AS stale
  FROM stock_levels
  WHERE measure = 'VOLUNTEERS'
  GROUP BY quarter, measure, unit, programme, district
  UNION ALL
  SELECT quarter, measure, 'flow' AS kind, unit, COALESCE(programme, 'unknown') AS programme, district,
         MAX(combined_authority) AS combined_authority,
         MAX(region) AS region,
         SUM(quantity) AS quantity,
         SUM(entries) AS statements,
         0 AS carried_forward,
         0 AS stale
  FROM employment_cells
  WHERE measure = 'VOLUNTEER_HOURS' AND entries > 0
  GROUP BY quarter, measure, unit, COALESCE(programme, 'unknown'), district
)
SELECT v.quarter, v.measure, v.programme, v.district, v.kind, v.unit, v.combined_authority, v.region,
       CAST(v.quantity AS DECIMAL(18, 4)) AS quantity,
       CAST(v.statements AS BIGINT) AS statements,
       CAST(v.carried_forward AS BIGINT) AS carried_forward,
       CAST(v.stale AS BIGINT) AS stale,
       CAST(NULL AS STRING) AS disclosure, r.data_label
FROM rows_of_both v
CROSS JOIN run r
