-- Targets: what was reached, and a year before.
WITH quarters_of AS (
  SELECT t.*, c.ordinal, COALESCE(f.ordinal, 0) AS from_ordinal
  FROM targets t
  JOIN calendar c ON c.quarter = t.actual_quarter
  LEFT JOIN calendar f ON f.quarter = t.from_quarter
),
observed AS (
  SELECT 'jobs' AS part, row_key AS part_key, 'quantity' AS part_figure, quarter, measure, kind, unit, job_basis,
         CAST(NULL AS STRING) AS instrument, programme, district, combined_authority, quantity
  FROM keyed_jobs
  WHERE quantity IS NOT NULL
  UNION ALL
  SELECT 'volunteering', row_key, 'quantity', quarter, measure, kind, unit, 'NONE', CAST(NULL AS STRING), programme, district,
         combined_authority, quantity
  FROM keyed_volunteering
  WHERE quantity IS NOT NULL
  UNION ALL
  SELECT 'funding', row_key, 'amount', quarter, measure, 'flow', currency, 'NONE', instrument, programme, district,
         combined_authority, amount
  FROM keyed_funding
  WHERE in_totals
),
matched AS (
  SELECT t.target, t.ordinal, t.from_ordinal, o.*, c.ordinal AS observed
  FROM quarters_of t
  JOIN stated_targets s ON s.target = t.target
  JOIN observed o ON o.measure = t.measure AND o.unit = t.unit
   AND (s.job_basis IS NULL OR o.job_basis = s.job_basis)
   AND (s.instrument IS NULL OR o.instrument = s.instrument)
   AND (t.programme = 'all' OR o.programme = t.programme)
   AND (t.place = 'all' OR o.district = t.place OR o.combined_authority = t.place)
  JOIN calendar c ON c.quarter = o.quarter
),
counted AS (
  SELECT m.*, f.figure
  FROM matched m
  CROSS JOIN (VALUES ('actual', 0), ('a-year-before', 4)) AS f(figure, earlier)
  WHERE m.observed = m.ordinal - f.earlier
     OR (m.kind = 'flow' AND m.observed >= m.from_ordinal AND m.observed <= m.ordinal - f.earlier)
),
before AS (
  SELECT target, SUM(quantity) AS quantity FROM counted WHERE figure = 'a-year-before' GROUP BY target
)
SELECT target, figure, part || part_key AS term, 1 AS place, quarter AS what, part, part_key, part_figure, quantity AS central
FROM counted
UNION ALL
SELECT target, 'target_value', '', 1, 'as set', 'stated_targets', target AS part_key, 'value', target_value
FROM targets
UNION ALL
SELECT target, f.figure, 'actual', 1, 'reached', 'targets', target AS part_key, 'actual', actual
FROM targets
CROSS JOIN (VALUES ('gap'), ('trend')) AS f(figure)
WHERE actual IS NOT NULL AND (f.figure = 'gap' OR trend IS NOT NULL)
UNION ALL
SELECT target, 'gap', 'target', f.place, f.what, f.part, CASE WHEN f.place = 1 THEN target END,
       CASE WHEN f.place = 1 THEN 'target_value' END, CASE WHEN f.place = 1 THEN target_value ELSE -1 END
FROM targets
CROSS JOIN (VALUES (1, 'set', 'targets'), (2, 'taken off', NULL)) AS f(place, what, part)
WHERE actual IS NOT NULL
UNION ALL
SELECT t.target, 'trend', 'before', f.place, f.what, f.part, CASE WHEN f.place = 1 THEN t.target END,
       CASE WHEN f.place = 1 THEN 'a-year-before' END, CASE WHEN f.place = 1 THEN b.quantity ELSE -1 END
FROM targets t
JOIN before b ON b.target = t.target
CROSS JOIN (VALUES (1, 'a year before', 'targets'), (2, 'taken off', NULL)) AS f(place, what, part)
WHERE t.trend IS NOT NULL
