-- Programmes with an entry in force.
-- parameters: none
WITH uses AS (
  SELECT COALESCE(programme, 'unknown') AS programme, quarter, entries AS funding_events, 0 AS employment_events,
         CASE WHEN counterparty_id <> 'unknown' THEN counterparty_id END AS funder_id
  FROM funding_cells WHERE entries > 0
  UNION ALL
  SELECT COALESCE(programme, 'unknown'), quarter, 0, entries, NULL
  FROM employment_cells WHERE entries > 0
)
SELECT programme,
       MIN(quarter) AS first_quarter,
       MAX(quarter) AS last_quarter,
       CAST(SUM(funding_events) AS BIGINT) AS funding_events,
       CAST(COUNT(DISTINCT funder_id) AS BIGINT) AS funders,
       SUM(employment_events) > 0 AS has_employment
FROM uses
GROUP BY programme
