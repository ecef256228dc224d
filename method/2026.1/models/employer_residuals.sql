-- Whether what each employer says of its stock agrees with what it says of its
-- movements, per quarter; not published.
-- parameters: reconciliation.tolerance-persons, reconciliation.tolerance-share
--
--   closing = opening + hires - leavers + residual
--
-- From one statement of its headcount to the next, which may be up to four
-- quarters earlier; movements are those of the quarters between, `since` them.
-- Employers whose series are not the same both times, or that have no
-- identifier, are not compared; those that state no movements have no residual.
-- One is out of tolerance where its residual exceeds the greater of some persons
-- and a share of what it closed with.
WITH stated AS (
  SELECT s.employer, q.ordinal, SUM(q.quantity) AS quantity, COUNT(*) AS series
  FROM stock_quarters q
  JOIN stock_series s ON s.series = q.series
  JOIN stock_cells c ON c.cell = s.cell AND c.measure = 'HEADCOUNT' AND COALESCE(c.job_basis, 'NONE') = 'NONE'
  JOIN employers e ON e.employer = s.employer AND e.organisation_id <> 'unknown'
  GROUP BY s.employer, q.ordinal
),
spans AS (
  SELECT s.employer, s.ordinal, s.quantity AS closing, s.series,
         LAG(s.ordinal) OVER (PARTITION BY s.employer ORDER BY s.ordinal) AS since,
         LAG(s.quantity) OVER (PARTITION BY s.employer ORDER BY s.ordinal) AS opening,
         LAG(s.series) OVER (PARTITION BY s.employer ORDER BY s.ordinal) AS series_before
  FROM stated s
),
movements AS (
  SELECT m.employer, c.ordinal,
         SUM(CASE WHEN m.measure = 'HIRES' THEN m.quantity ELSE CAST('0' AS DECIMAL(28, 4)) END) AS hires,
         SUM(CASE WHEN m.measure = 'LEAVERS' THEN m.quantity ELSE CAST('0' AS DECIMAL(28, 4)) END) AS leavers
  FROM employer_moves m
  JOIN calendar c ON c.quarter = m.quarter
  GROUP BY m.employer, c.ordinal
),
compared AS (
  SELECT s.employer, s.ordinal, s.since, s.opening, s.closing, SUM(m.hires) AS hires, SUM(m.leavers) AS leavers
  FROM spans s
  LEFT JOIN movements m ON m.employer = s.employer AND m.ordinal > s.since AND m.ordinal <= s.ordinal
  WHERE s.ordinal - s.since <= 4 AND s.series = s.series_before
  GROUP BY s.employer, s.ordinal, s.since, s.opening, s.closing
)
SELECT k.quarter, c.employer, c.ordinal, c.since, e.district, e.combined_authority, e.region,
       c.opening, c.closing, c.hires, c.leavers,
       c.closing - c.opening - c.hires + c.leavers AS residual,
       p.value_central AS persons,
       CAST(CAST(c.closing AS DECIMAL(24, 4)) * t.value_central AS DECIMAL(28, 8)) AS shared
FROM compared c
JOIN calendar k ON k.ordinal = c.ordinal
JOIN employers e ON e.employer = c.employer
LEFT JOIN parameter_values p ON p.quarter = k.quarter AND p.id = 'reconciliation.tolerance-persons'
LEFT JOIN parameter_values t ON t.quarter = k.quarter AND t.id = 'reconciliation.tolerance-share'
