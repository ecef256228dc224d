-- Levels of stocks at each quarter end, per district and source; not published.
-- parameters: none
--
-- A quarter takes the series' last snapshot on or before its end. A snapshot is
-- carried forward over at most four quarters; in the fifth the series is
-- dropped and counted as stale, once.
WITH reached AS (
  SELECT q.series, q.ordinal + k.quarters AS ordinal, MAX(q.ordinal) AS last_ordinal
  FROM stock_quarters q
  CROSS JOIN (VALUES (0), (1), (2), (3), (4), (5)) AS k(quarters)
  GROUP BY q.series, q.ordinal + k.quarters
),
levels AS (
  SELECT r.ordinal, s.cell, q.source,
         SUM(CASE WHEN r.ordinal - r.last_ordinal <= 4 THEN q.quantity END) AS quantity,
         SUM(CASE WHEN r.ordinal - r.last_ordinal <= 4 THEN 1 ELSE 0 END) AS series,
         SUM(CASE WHEN r.ordinal - r.last_ordinal BETWEEN 1 AND 4 THEN 1 ELSE 0 END) AS carried_forward,
         SUM(CASE WHEN r.ordinal - r.last_ordinal = 5 THEN 1 ELSE 0 END) AS stale
  FROM reached r
  JOIN stock_quarters q ON q.series = r.series AND q.ordinal = r.last_ordinal
  JOIN stock_series s ON s.series = r.series
  GROUP BY r.ordinal, s.cell, q.source
)
SELECT c.quarter, s.measure, s.unit, COALESCE(s.programme, 'unknown') AS programme, s.district,
       COALESCE(s.job_basis, 'NONE') AS job_basis, l.source,
       MAX(s.combined_authority) AS combined_authority,
       MAX(s.region) AS region,
       CAST(SUM(l.quantity) AS DECIMAL(18, 4)) AS quantity,
       CAST(SUM(l.series) AS BIGINT) AS series,
       CAST(SUM(l.carried_forward) AS BIGINT) AS carried_forward,
       CAST(SUM(l.stale) AS BIGINT) AS stale
FROM levels l
JOIN stock_cells s ON s.cell = l.cell
JOIN calendar c ON c.ordinal = l.ordinal
GROUP BY c.quarter, s.measure, s.unit, COALESCE(s.programme, 'unknown'), s.district,
         COALESCE(s.job_basis, 'NONE'), l.source
