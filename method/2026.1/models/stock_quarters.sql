-- The last snapshot of each quarter, per series; not published.
-- parameters: none
--
-- A series is organisation x counterparty x measure x unit x programme x
-- district x job basis; entries of one reference date are added.
WITH last_dates AS (
  SELECT s.series, c.ordinal, MAX(s.as_of) AS as_of
  FROM stock_snapshots s
  JOIN calendar c ON c.quarter = s.quarter
  GROUP BY s.series, c.ordinal
)
SELECT l.series, l.ordinal, MAX(s.source) AS source, SUM(s.quantity) AS quantity
FROM last_dates l
JOIN stock_snapshots s ON s.series = l.series AND s.as_of = l.as_of
GROUP BY l.series, l.ordinal
