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
         combined_authority, quantity
  FROM jobs
  UNION ALL
  SELECT quarter, measure, kind, unit, 'NONE', CAST(NULL AS STRING), programme, district, combined_authority, quantity
  FROM volunteering
  UNION ALL
  SELECT quarter, measure, 'flow', currency, CAST(NULL AS STRING), instrument, programme, district,
         combined_authority, amount
  FROM funding
  WHERE in_totals
),
matched AS (
  SELECT w.target, w.ordinal, w.from_ordinal, o.kind, c.ordinal AS observed, o.quantity
  FROM wanted w
  JOIN observed o ON o.measure = w.measure AND o.unit = w.unit
   AND (w.job_basis IS NULL OR o.job_basis = w.job_basis)
   AND (w.instrument IS NULL OR o.instrument = w.instrument)
   AND (w.programme = 'all' OR o.programme = w.programme)
   AND (w.place = 'all' OR o.district = w.place OR o.combined_authority = w.place)
  JOIN calendar c ON c.quarter = o.quarter
  WHERE o.quantity IS NOT NULL
),
actuals AS (
  SELECT target,
         SUM(CASE WHEN observed = ordinal OR (kind = 'flow' AND observed >= from_ordinal AND observed <= ordinal)
                  THEN quantity END) AS actual,
         SUM(CASE WHEN observed = ordinal - 4
                    OR (kind = 'flow' AND observed >= from_ordinal AND observed <= ordinal - 4)
                  THEN quantity END) AS year_before
  FROM matched
  GROUP BY target
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
       w.source, w.url, w.stated_on, r.data_label
FROM wanted w
CROSS JOIN run r
LEFT JOIN actuals a ON a.target = w.target
