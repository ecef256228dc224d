-- Of which cells of work_cells each published figure about work is the sum,
-- and with which weight; not published, and read by disclosure control alone.
-- parameters: none
--
-- A row is named by its table and its key columns, in the order of the key,
-- with a bar between. The publisher checks that the weighted cells add up to
-- what the table says, and refuses a table of which a figure has no parts; so
-- whoever adds a figure about work adds its branch here.
WITH labels AS (
  -- Counted where basis and prior status are these; every one where none is given.
  -- Levels have rows for the last quarter as well.
  SELECT headline, measure, job_basis, '' AS prior_status,
         CAST(CASE WHEN kind = 'stock' THEN '0.25' ELSE '1.00' END AS DECIMAL(18, 2)) AS share_of_year,
         kind = 'stock' AS has_levels
  FROM headline_labels
  WHERE kind IN ('stock', 'flow')
  UNION ALL
  SELECT l.headline, o.measure, o.job_basis, o.prior_status, CAST(l.share_of_year AS DECIMAL(18, 2)), FALSE
  FROM headline_labels l
  JOIN outcome_labels o ON o.outcome = l.outcome
  WHERE l.kind = 'value'
),
areas AS (
  SELECT 'all' AS area
  UNION ALL
  SELECT area_code FROM run
),
headline_cells AS (
  SELECT a.area, l.headline, l.share_of_year, l.has_levels, w.unit, w.cell, w.quarter, w.year
  FROM work_cells w
  JOIN labels l ON l.measure = w.measure
   AND (l.job_basis = '' OR l.job_basis = w.job_basis)
   AND (l.prior_status = '' OR l.prior_status = w.prior_status)
  JOIN areas a ON a.area = 'all' OR a.area = w.combined_authority
),
headline_parts AS (
  SELECT h.area || '|' || h.programme || '|' || h.headline || '|' || h.unit || '|' || h.period AS row_key,
         c.cell, c.share_of_year AS weight
  FROM headline h
  JOIN headline_cells c ON c.area = h.area AND c.headline = h.headline
   AND (h.period = 'total' OR h.period = CAST(c.year AS STRING))
  UNION ALL
  -- Of every quarter: an earlier release had another last one.
  SELECT area || '|all|' || headline || '|' || unit || '|' || quarter, cell, CAST('1.00' AS DECIMAL(18, 2))
  FROM headline_cells
  WHERE has_levels
)
SELECT 'jobs' AS table_name,
       quarter || '|' || measure || '|' || programme || '|' || district || '|' || job_basis || '|' || prior_status AS row_key,
       cell, CAST('1.00' AS DECIMAL(18, 2)) AS weight
FROM work_cells
WHERE shown_in = 'jobs'
UNION ALL
SELECT 'volunteering', quarter || '|' || measure || '|' || programme || '|' || district, cell,
       CAST('1.00' AS DECIMAL(18, 2))
FROM work_cells
WHERE shown_in = 'volunteering'
UNION ALL
SELECT 'social_value', w.quarter || '|' || o.bundle || '|' || o.outcome || '|' || w.programme || '|' || w.district,
       w.cell, CAST('1.00' AS DECIMAL(18, 2))
FROM work_cells w
JOIN outcome_labels o ON o.measure = w.measure
 AND (o.job_basis = '' OR w.job_basis = o.job_basis)
 AND (o.prior_status = '' OR w.prior_status = o.prior_status)
UNION ALL
SELECT 'lifetime_value', w.quarter || '|' || o.bundle || '|' || o.outcome || '|' || w.programme, w.cell,
       CAST('1.00' AS DECIMAL(18, 2))
FROM work_cells w
JOIN outcome_labels o ON o.measure = w.measure
 AND (o.job_basis = '' OR w.job_basis = o.job_basis)
 AND (o.prior_status = '' OR w.prior_status = o.prior_status)
UNION ALL
SELECT 'headline', row_key, cell, weight
FROM headline_parts
