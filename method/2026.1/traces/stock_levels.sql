-- Levels: the last snapshot of each series, carried forward over four quarters.
-- key: quarter, measure, unit, programme, district, job_basis, source
WITH held AS (
  SELECT series, ordinal, source, CASE WHEN quarters_to_next <= 5 THEN quarters_to_next ELSE 6 END AS quarters
  FROM stock_quarters
),
levels AS (
  SELECT h.series, h.source, h.ordinal AS stated, h.ordinal + k.later AS ordinal, k.later
  FROM held h
  JOIN (VALUES (0), (1), (2), (3), (4), (5)) AS k(later) ON k.later < h.quarters
),
shown AS (
  SELECT c.quarter, s.measure, s.unit, COALESCE(s.programme, 'unknown') AS programme, s.district,
         COALESCE(s.job_basis, 'NONE') AS job_basis, l.source, l.series, l.stated, l.later
  FROM levels l
  JOIN stock_series t ON t.series = l.series
  JOIN stock_cells s ON s.cell = t.cell
  JOIN calendar c ON c.ordinal = l.ordinal
),
stated AS (
  SELECT b.series, c.ordinal, CAST(b.balance AS STRING) AS balance, b.quantity, b.organisation_id,
         CAST(b.as_of AS STRING) AS as_of
  FROM employment_balances b
  JOIN calendar c ON c.quarter = b.quarter
  JOIN (SELECT DISTINCT series, source, quarter, as_of FROM stock_snapshots WHERE last_of_quarter) s
    ON s.series = b.series AND s.source = b.source AND s.quarter = b.quarter AND s.as_of = b.as_of
),
parts AS (
  SELECT s.*, b.balance, b.quantity,
         b.organisation_id || ' on ' || b.as_of
           || CASE WHEN s.later > 0 THEN ', ' || CAST(s.later AS STRING) || ' quarters earlier' ELSE '' END AS what
  FROM shown s
  JOIN stated b ON b.series = s.series AND b.ordinal = s.stated
),
counts AS (
  SELECT s.*, f.figure
  FROM shown s
  JOIN (VALUES ('series', 0, 4), ('carried_forward', 1, 4), ('stale', 5, 5)) AS f(figure, least, most)
    ON s.later >= f.least AND s.later <= f.most
)
SELECT quarter, measure, unit, programme, district, job_basis, source, 'quantity' AS figure, balance AS term, 1 AS place,
       'x' AS op, what, 'employment_balances' AS part, balance AS part_key, 'quantity' AS part_figure, quantity AS central
FROM parts
WHERE later <= 4
UNION ALL
SELECT quarter, measure, unit, programme, district, job_basis, source, figure, CAST(series AS STRING), 1, 'x',
       'a series', NULL, NULL, NULL, 1
FROM counts
UNION ALL
SELECT c.quarter, c.measure, c.unit, c.programme, c.district, c.job_basis, c.source, c.figure, CAST(c.series AS STRING), 2,
       'from', p.what, 'employment_balances', p.balance, 'entries', NULL
FROM counts c
JOIN parts p ON p.quarter = c.quarter AND p.series = c.series AND p.source = c.source AND p.later = c.later
