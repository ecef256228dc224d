-- Levels of stocks at each quarter end, per district and source; not published.
-- parameters: none
--
-- A series is organisation x counterparty x measure x unit x programme x
-- district x job basis. A quarter takes the series' last snapshot on or before
-- its end; a snapshot is carried forward over at most four quarters. In the
-- fifth the series is dropped and counted as stale, once.
WITH snapshots AS (
  SELECT b.organisation_id, b.counterparty_id, b.measure, b.unit,
         COALESCE(b.programme, 'unknown') AS programme, b.district,
         COALESCE(b.job_basis, 'NONE') AS job_basis,
         c.ordinal, b.as_of,
         MAX(b.source) AS source,
         MAX(b.combined_authority) AS combined_authority,
         MAX(b.region) AS region,
         SUM(b.quantity) AS quantity
  FROM balances b
  JOIN measure_codes m ON m.measure = b.measure AND m.kind = 'stock'
  JOIN calendar c ON c.quarter = b.quarter
  WHERE b.entries > 0 AND b.as_of IS NOT NULL
  GROUP BY b.organisation_id, b.counterparty_id, b.measure, b.unit,
           COALESCE(b.programme, 'unknown'), b.district, COALESCE(b.job_basis, 'NONE'),
           c.ordinal, b.as_of
),
ranked AS (
  SELECT s.*,
         ROW_NUMBER() OVER (
           PARTITION BY organisation_id, counterparty_id, measure, unit, programme, district, job_basis, ordinal
           ORDER BY as_of DESC) AS recency
  FROM snapshots s
),
last_of_quarter AS (
  SELECT r.*,
         LEAD(ordinal) OVER (
           PARTITION BY organisation_id, counterparty_id, measure, unit, programme, district, job_basis
           ORDER BY ordinal) AS next_ordinal
  FROM ranked r
  WHERE recency = 1
),
carried AS (
  SELECT s.*, k.quarters
  FROM last_of_quarter s
  CROSS JOIN (VALUES (0), (1), (2), (3), (4), (5)) AS k(quarters)
  WHERE s.next_ordinal IS NULL OR s.ordinal + k.quarters < s.next_ordinal
)
SELECT c.quarter, s.measure, s.unit, s.programme, s.district, s.job_basis, s.source,
       MAX(s.combined_authority) AS combined_authority,
       MAX(s.region) AS region,
       CAST(SUM(CASE WHEN s.quarters <= 4 THEN s.quantity END) AS DECIMAL(18, 4)) AS quantity,
       CAST(SUM(CASE WHEN s.quarters <= 4 THEN 1 ELSE 0 END) AS BIGINT) AS series,
       CAST(SUM(CASE WHEN s.quarters BETWEEN 1 AND 4 THEN 1 ELSE 0 END) AS BIGINT) AS carried_forward,
       CAST(SUM(CASE WHEN s.quarters = 5 THEN 1 ELSE 0 END) AS BIGINT) AS stale
FROM carried s
JOIN calendar c ON c.ordinal = s.ordinal + s.quarters
GROUP BY c.quarter, s.measure, s.unit, s.programme, s.district, s.job_basis, s.source
