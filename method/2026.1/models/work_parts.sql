-- Of which cells of work_cells each published figure about work is the sum,
-- and with which weight; not published, and read by disclosure control alone.
-- parameters: none
--
-- A row is named by its table and its key columns, in the order of the key,
-- with a bar between. The publisher checks that the weighted cells add up to
-- what the table says, and refuses a table of which a figure has no parts; so
-- whoever adds a figure about work adds its branch here.
WITH headline_labels AS (
  -- Counted where basis and prior status are these; every one where none is given.
  -- Levels have rows for the last quarter as well.
  SELECT * FROM (VALUES
    ('jobs', 'HEADCOUNT', 'NONE', '', '0.25', TRUE),
    ('jobs-fte', 'FTE', 'NONE', '', '0.25', TRUE),
    ('jobs-created', 'HEADCOUNT', 'CREATED', '', '0.25', TRUE),
    ('jobs-safeguarded', 'HEADCOUNT', 'SAFEGUARDED', '', '0.25', TRUE),
    ('jobs-supported', 'HEADCOUNT', 'SUPPORTED', '', '0.25', TRUE),
    ('apprenticeships-in-learning', 'APPRENTICESHIPS_IN_LEARNING', 'NONE', '', '0.25', TRUE),
    ('volunteers', 'VOLUNTEERS', 'NONE', '', '0.25', TRUE),
    ('hires', 'HIRES', '', '', '1.00', FALSE),
    ('leavers', 'LEAVERS', '', '', '1.00', FALSE),
    ('apprenticeship-starts', 'APPRENTICESHIP_STARTS', '', '', '1.00', FALSE),
    ('apprenticeship-achievements', 'APPRENTICESHIP_ACHIEVEMENTS', '', '', '1.00', FALSE),
    ('training-hours', 'TRAINING_HOURS', '', '', '1.00', FALSE),
    ('volunteer-hours', 'VOLUNTEER_HOURS', '', '', '1.00', FALSE),
    ('gva-jobs-created', 'HEADCOUNT', 'CREATED', '', '0.25', FALSE),
    ('gva-jobs-safeguarded', 'HEADCOUNT', 'SAFEGUARDED', '', '0.25', FALSE),
    ('gva-jobs-supported', 'HEADCOUNT', 'SUPPORTED', '', '0.25', FALSE),
    ('benefits-saved-unemployed', 'HIRES', '', 'UNEMPLOYED', '1.00', FALSE),
    ('benefits-saved-inactive', 'HIRES', '', 'INACTIVE', '1.00', FALSE),
    ('wellbeing-into-work', 'HIRES', '', 'UNEMPLOYED', '1.00', FALSE),
    ('volunteering-replacement', 'VOLUNTEER_HOURS', '', '', '1.00', FALSE)
  ) AS t(headline, measure, job_basis, prior_status, share_of_year, has_levels)
),
areas AS (
  SELECT 'all' AS area
  UNION ALL
  SELECT area_code FROM run
),
headline_cells AS (
  SELECT a.area, l.headline, l.share_of_year, l.has_levels, w.unit, w.cell, w.quarter, w.year
  FROM work_cells w
  JOIN headline_labels l ON l.measure = w.measure
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
  SELECT area || '|all|' || headline || '|' || unit || '|' || quarter, cell, '1.00'
  FROM headline_cells
  WHERE has_levels
),
outcome_labels AS (
  SELECT * FROM (VALUES
    ('ECONOMIC', 'JOBS_CREATED', 'HEADCOUNT', 'CREATED', ''),
    ('ECONOMIC', 'JOBS_SAFEGUARDED', 'HEADCOUNT', 'SAFEGUARDED', ''),
    ('ECONOMIC', 'JOBS_SUPPORTED', 'HEADCOUNT', 'SUPPORTED', ''),
    ('FISCAL', 'BENEFITS_SAVED_UNEMPLOYED', 'HIRES', '', 'UNEMPLOYED'),
    ('FISCAL', 'BENEFITS_SAVED_INACTIVE', 'HIRES', '', 'INACTIVE'),
    ('WELLBEING', 'PEOPLE_INTO_WORK', 'HIRES', '', 'UNEMPLOYED'),
    ('VOLUNTEERING', 'VOLUNTEER_HOURS', 'VOLUNTEER_HOURS', '', '')
  ) AS t(bundle, outcome, measure, job_basis, prior_status)
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
SELECT 'headline', row_key, cell, CAST(weight AS DECIMAL(18, 2))
FROM headline_parts
