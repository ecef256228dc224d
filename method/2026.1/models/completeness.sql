-- Whether a quarter of a source is complete: yes, no, or from which day.
-- parameters: none
--
-- Two things are held against each other. Who is expected: series that stated
-- a level in one of the four quarters before, or in this one. And how late a
-- source is: the days after the quarter's end within which nineteen in twenty
-- of its statements were recorded. Today is the last day on which anything was
-- recorded, so the answer is a property of what was recorded, not of when it
-- is asked.
--
--   complete = yes   everybody expected has stated, and the source's time is over
--              no    its time is over, and somebody expected is missing
--              later its time is not over: `complete_from` is when it will be
WITH today AS (
  SELECT MAX(recorded_on) AS recorded_on FROM recorded_days
),
lags AS (
  SELECT dataset, source, days_late, SUM(entries) AS entries
  FROM recorded_days
  GROUP BY dataset, source, days_late
),
running AS (
  SELECT dataset, source, days_late,
         SUM(entries) OVER (PARTITION BY dataset, source ORDER BY days_late) AS so_far,
         SUM(entries) OVER (PARTITION BY dataset, source) AS entries
  FROM lags
),
allowed AS (
  SELECT dataset, source, MIN(days_late) AS days
  FROM running
  WHERE so_far * 20 >= entries * 19
  GROUP BY dataset, source
),
statements AS (
  SELECT d.dataset, d.source, c.quarter, c.ordinal, c.last_day,
         SUM(d.entries) AS statements, MAX(d.recorded_on) AS last_recorded
  FROM recorded_days d
  JOIN calendar c ON c.quarter = d.quarter
  GROUP BY d.dataset, d.source, c.quarter, c.ordinal, c.last_day
),
-- Series stay expected over four quarters after a statement, or until the next.
expected AS (
  SELECT source, quarter, SUM(series) AS series, SUM(series) - SUM(carried_forward) AS stated
  FROM stock_levels
  GROUP BY source, quarter
),
rows_of_all AS (
  SELECT s.dataset, s.source, s.quarter, s.last_day, s.statements, s.last_recorded,
         CASE WHEN s.dataset = 'employment' THEN e.series END AS expected,
         CASE WHEN s.dataset = 'employment' THEN e.stated END AS stated,
         a.days
  FROM statements s
  JOIN allowed a ON a.dataset = s.dataset AND a.source = s.source
  LEFT JOIN expected e ON e.source = s.source AND e.quarter = s.quarter
),
dated AS (
  SELECT o.*, t.recorded_on AS today,
         CAST(o.last_day + CAST(CAST(o.days AS STRING) || ' days' AS INTERVAL) AS DATE) AS complete_from
  FROM rows_of_all o
  CROSS JOIN today t
)
SELECT d.dataset, d.source, d.quarter,
       CAST(d.statements AS BIGINT) AS statements,
       CAST(d.expected AS BIGINT) AS series_expected,
       CAST(d.stated AS BIGINT) AS series_stated,
       d.last_recorded,
       CAST(d.days AS INTEGER) AS days_late_allowed,
       d.complete_from,
       d.today AS as_of,
       CASE WHEN d.today < d.complete_from THEN 'later'
            WHEN COALESCE(d.stated, 0) < COALESCE(d.expected, 0) THEN 'no'
            ELSE 'yes' END AS complete,
       r.data_label
FROM dated d
CROSS JOIN run r
