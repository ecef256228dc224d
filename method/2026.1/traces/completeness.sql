-- Completeness: events of the quarter, and series that were expected.
WITH statements AS (
  SELECT 'funding' AS dataset, 'funding_balances' AS part, CAST(balance AS STRING) AS part_key, source, quarter, entries
  FROM funding_balances
  UNION ALL
  SELECT 'employment', 'employment_balances', CAST(balance AS STRING), source, quarter, entries
  FROM employment_balances
),
expected AS (
  SELECT c.dataset, c.source, c.quarter, l.row_key, l.series, l.carried_forward
  FROM completeness c
  JOIN keyed_stock_levels l ON l.source = c.source AND l.quarter = c.quarter
  WHERE c.dataset = 'employment'
)
SELECT c.dataset, c.source, c.quarter, 'statements' AS figure, s.part_key AS term, 1 AS place, 'events' AS what,
       s.part, s.part_key, 'entries' AS part_figure, s.entries AS central
FROM completeness c
JOIN statements s ON s.dataset = c.dataset AND s.source = c.source AND s.quarter = c.quarter
WHERE s.entries <> 0
UNION ALL
SELECT dataset, source, quarter, f.figure, row_key, 1, 'series with a level', 'stock_levels', row_key AS part_key, 'series', series
FROM expected
CROSS JOIN (VALUES ('series_expected'), ('series_stated')) AS f(figure)
UNION ALL
SELECT dataset, source, quarter, 'series_stated', row_key || ' carried', f.place, f.what, f.part,
       CASE WHEN f.place = 1 THEN row_key END, CASE WHEN f.place = 1 THEN 'carried_forward' END,
       CASE WHEN f.place = 1 THEN carried_forward ELSE -1 END
FROM expected
CROSS JOIN (VALUES (1, 'of them carried forward', 'stock_levels'), (2, 'taken off', NULL)) AS f(place, what, part)
