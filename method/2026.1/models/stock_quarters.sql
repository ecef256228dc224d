-- The last snapshot of each quarter, per series, and in how many quarters the
-- series has its next; not published.
-- parameters: none
--
-- A series is organisation x counterparty x measure x unit x programme x
-- district x job basis; entries of one reference date are added.
SELECT s.series, c.ordinal, MAX(s.source) AS source, SUM(s.quantity) AS quantity,
       MAX(s.quarters_to_next) AS quarters_to_next
FROM stock_snapshots s
JOIN calendar c ON c.quarter = s.quarter
WHERE s.last_of_quarter
GROUP BY s.series, c.ordinal
