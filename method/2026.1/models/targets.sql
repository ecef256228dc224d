-- What was to be reached, and what has been, per target.
-- parameters: none
--
-- A level is taken at the end of the target's quarter, what is added up from
-- `from_quarter` to it; where the quarter is still to come, at the end of the
-- last one there is. The trend is the change over the four quarters before.
WITH last_quarter AS (
  SELECT MAX(quarter) AS quarter, MAX(ordinal) AS ordinal FROM calendar
),
wanted AS (
  SELECT t.*, q.quarter AS last, COALESCE(c.quarter, q.quarter) AS actual_quarter,
         COALESCE(c.ordinal, q.ordinal) AS ordinal, COALESCE(f.ordinal, 0) AS from_ordinal
  FROM stated_targets t
  CROSS JOIN last_quarter q
  LEFT JOIN calendar c ON c.quarter = t.quarter
  LEFT JOIN calendar f ON f.quarter = t.from_quarter
  WHERE q.quarter IS NOT NULL
),
observed AS (
  SELECT quarter, measure, kind, unit, job_basis, CAST(NULL AS STRING) AS instrument, programme, district,
         combined_authority, quantity, disclosure
  FROM jobs
  UNION ALL
  SELECT quarter, measure, kind, unit, 'NONE', CAST(NULL AS STRING), programme, district, combined_authority, quantity,
         disclosure
  FROM volunteering
  UNION ALL
  SELECT quarter, measure, 'flow', currency, CAST(NULL AS STRING), instrument, programme, district,
         combined_authority, amount, CAST(NULL AS STRING)
  FROM funding
  WHERE in_totals
),
matched AS (
  SELECT w.target, w.ordinal, w.from_ordinal, o.kind, c.ordinal AS observed, o.quantity, o.disclosure
  FROM wanted w
  JOIN observed o ON o.measure = w.measure AND o.unit = w.unit
   AND (w.job_basis IS NULL OR o.job_basis = w.job_basis)
   AND (w.instrument IS NULL OR o.instrument = w.instrument)
   AND (w.programme = 'all' OR o.programme = w.programme)
   AND (w.place = 'all' OR o.district = w.place OR o.combined_authority = w.place)
  JOIN calendar c ON c.quarter = o.quarter
  WHERE o.quantity IS NOT NULL OR o.disclosure = 'c'
),
counted AS (
  SELECT target, quantity, disclosure,
         observed = ordinal OR (kind = 'flow' AND observed >= from_ordinal AND observed <= ordinal) AS now,
         observed = ordinal - 4 OR (kind = 'flow' AND observed >= from_ordinal AND observed <= ordinal - 4) AS before
  FROM matched
),
sums AS (
  SELECT target,
         SUM(CASE WHEN now THEN quantity END) AS actual,
         SUM(CASE WHEN before THEN quantity END) AS year_before,
         MAX(CASE WHEN now THEN disclosure END) AS disclosure,
         COUNT(CASE WHEN now AND disclosure = 'c' THEN 1 END) AS kept_back,
         COUNT(CASE WHEN before AND disclosure = 'c' THEN 1 END) AS kept_back_before
  FROM counted
  GROUP BY target
),
-- A sum of which a part is kept back is not told.
actuals AS (
  SELECT target,
         CASE WHEN kept_back = 0 THEN actual END AS actual,
         CASE WHEN kept_back_before = 0 THEN year_before END AS year_before,
         CASE WHEN kept_back > 0 THEN 'c' ELSE disclosure END AS disclosure
  FROM sums
)
SELECT w.target, w.text, w.measure, COALESCE(w.job_basis, 'NONE') AS job_basis, w.instrument,
       w.programme, w.place, w.from_quarter, w.quarter, w.unit,
       CAST(w.value AS DECIMAL(18, 4)) AS target_value,
       w.actual_quarter,
       CAST(a.actual AS DECIMAL(18, 4)) AS actual,
       CAST(a.actual - w.value AS DECIMAL(18, 4)) AS gap,
       CAST(a.actual - a.year_before AS DECIMAL(18, 4)) AS trend,
       CASE WHEN a.actual >= w.value THEN 'met'
            WHEN w.quarter > w.last THEN 'open'
            WHEN a.actual IS NULL THEN 'unknown'
            ELSE 'missed' END AS status,
       w.source, w.url, w.stated_on, a.disclosure, r.data_label
FROM wanted w
CROSS JOIN run r
LEFT JOIN actuals a ON a.target = w.target
