-- Levels of stocks at each quarter end, per district and source; not published.
-- parameters: none
--
-- A series is organisation x counterparty x measure x unit x programme x
-- district x job basis. A quarter takes the series' last snapshot on or before
-- its end; a snapshot is carried forward over at most four quarters. In the
-- fifth the series is dropped and counted as stale, once.
WITH snapshots AS (
  SELECT s.series, c.ordinal, s.as_of, MAX(s.source) AS source, SUM(s.quantity) AS quantity
  FROM stock_snapshots s
  JOIN calendar c ON c.quarter = s.quarter
  GROUP BY s.series, c.ordinal, s.as_of
),
ranked AS (
  SELECT series, ordinal, source, quantity,
         ROW_NUMBER() OVER (PARTITION BY series, ordinal ORDER BY as_of DESC) AS recency
  FROM snapshots
),
last_of_quarter AS (
  SELECT series, ordinal, source, quantity,
         LEAD(ordinal) OVER (PARTITION BY series ORDER BY ordinal) AS next_ordinal
  FROM ranked
  WHERE recency = 1
),
carried AS (
  SELECT s.series, s.ordinal + k.quarters AS ordinal, s.source, s.quantity, k.quarters
  FROM last_of_quarter s
  CROSS JOIN (VALUES (0), (1), (2), (3), (4), (5)) AS k(quarters)
  WHERE s.next_ordinal IS NULL OR s.ordinal + k.quarters < s.next_ordinal
)
SELECT c.quarter, s.measure, s.unit, COALESCE(s.programme, 'unknown') AS programme, s.district,
       COALESCE(s.job_basis, 'NONE') AS job_basis, l.source,
       MAX(s.combined_authority) AS combined_authority,
       MAX(s.region) AS region,
       CAST(SUM(CASE WHEN l.quarters <= 4 THEN l.quantity END) AS DECIMAL(18, 4)) AS quantity,
       CAST(SUM(CASE WHEN l.quarters <= 4 THEN 1 ELSE 0 END) AS BIGINT) AS series,
       CAST(SUM(CASE WHEN l.quarters BETWEEN 1 AND 4 THEN 1 ELSE 0 END) AS BIGINT) AS carried_forward,
       CAST(SUM(CASE WHEN l.quarters = 5 THEN 1 ELSE 0 END) AS BIGINT) AS stale
FROM carried l
JOIN stock_series s ON s.series = l.series
JOIN calendar c ON c.ordinal = l.ordinal
GROUP BY c.quarter, s.measure, s.unit, COALESCE(s.programme, 'unknown'), s.district,
         COALESCE(s.job_basis, 'NONE'), l.source
