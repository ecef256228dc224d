-- Whether what employers say of their stock agrees with what they say of its
-- movements, per quarter and district; never by employer.
-- parameters: reconciliation.tolerance-persons, reconciliation.tolerance-share
--
--   closing = opening + hires - leavers + residual
--
-- Per employer, from one statement of its headcount to the next, which may be
-- up to four quarters earlier; movements are those of the quarters between.
-- Employers that state no movements are counted and not compared, nor are those
-- whose series are not the same both times, or that have no identifier. An
-- employer is out of tolerance where its residual exceeds the greater of some
-- persons and a share of what it closed with.
--
-- The residual of a district is told as a share of what its employers closed
-- with, to a thousandth, and only where three or more are compared: then it
-- tells of nobody's staff.
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
  SELECT s.employer, s.ordinal, s.opening, s.closing, SUM(m.hires) AS hires, SUM(m.leavers) AS leavers
  FROM spans s
  LEFT JOIN movements m ON m.employer = s.employer AND m.ordinal > s.since AND m.ordinal <= s.ordinal
  WHERE s.ordinal - s.since <= 4 AND s.series = s.series_before
  GROUP BY s.employer, s.ordinal, s.opening, s.closing
),
residuals AS (
  SELECT k.quarter, e.district, e.combined_authority, e.region, c.hires,
         CASE WHEN c.hires IS NOT NULL THEN c.closing END AS closing,
         c.closing - c.opening - c.hires + c.leavers AS residual,
         p.value_central AS persons,
         CAST(CAST(c.closing AS DECIMAL(24, 4)) * t.value_central AS DECIMAL(28, 8)) AS shared
  FROM compared c
  JOIN calendar k ON k.ordinal = c.ordinal
  JOIN employers e ON e.employer = c.employer
  LEFT JOIN parameter_values p ON p.quarter = k.quarter AND p.id = 'reconciliation.tolerance-persons'
  LEFT JOIN parameter_values t ON t.quarter = k.quarter AND t.id = 'reconciliation.tolerance-share'
)
SELECT d.quarter, d.district,
       MAX(d.combined_authority) AS combined_authority,
       MAX(d.region) AS region,
       CAST(COUNT(d.hires) AS BIGINT) AS employers,
       CAST(COUNT(*) - COUNT(d.hires) AS BIGINT) AS employers_without_movements,
       CAST(COUNT(CASE WHEN ABS(d.residual) > d.persons AND ABS(d.residual) > d.shared THEN 1 END) AS BIGINT)
         AS employers_out_of_tolerance,
       CASE WHEN COUNT(d.hires) >= 3 AND SUM(d.closing) > 0
            THEN ROUND(CAST(SUM(d.residual) AS DOUBLE) / CAST(SUM(d.closing) AS DOUBLE), 3) END AS residual_share,
       r.data_label
FROM residuals d
CROSS JOIN run r
GROUP BY d.quarter, d.district, r.data_label
