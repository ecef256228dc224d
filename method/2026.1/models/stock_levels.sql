-- Levels of stocks at each quarter end, per district and source; not published.
-- parameters: none
--
-- A quarter takes the series' last snapshot on or before its end. A snapshot is
-- carried forward over at most four quarters; in the fifth the series is
-- dropped and counted as stale, once.
-- Added up before they are carried forward: there are few cells and many series.
WITH held AS (
  SELECT s.cell, q.source, q.ordinal,
         CASE WHEN q.quarters_to_next <= 5 THEN q.quarters_to_next ELSE 6 END AS quarters,
         SUM(q.quantity) AS quantity,
         COUNT(*) AS series
  FROM stock_quarters q
  JOIN stock_series s ON s.series = q.series
  GROUP BY s.cell, q.source, q.ordinal, CASE WHEN q.quarters_to_next <= 5 THEN q.quarters_to_next ELSE 6 END
),
levels AS (
  SELECT h.ordinal + k.later AS ordinal, h.cell, h.source,
         CASE WHEN k.later <= 4 THEN h.quantity END AS quantity,
         CASE WHEN k.later <= 4 THEN h.series ELSE 0 END AS series,
         CASE WHEN k.later BETWEEN 1 AND 4 THEN h.series ELSE 0 END AS carried_forward,
         CASE WHEN k.later = 5 THEN h.series ELSE 0 END AS stale
  FROM held h
  JOIN (VALUES (0), (1), (2), (3), (4), (5)) AS k(later) ON k.later < h.quarters
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
