-- Social value per outcome: gross, net, and pounds of the base year.
-- parameters: gva-per-job.lcr, wellby.value, wellby.unemployed-to-employed
-- parameters: volunteer-hour.real-living-wage
-- parameters: fiscal.jsa-claimant-to-work, fiscal.esa-claimant-to-work
-- parameters: evidence-grade.jobs, evidence-grade.people-into-work, evidence-grade.benefits-saved
-- parameters: evidence-grade.volunteer-hours
--
--   net   = gross x net share
--   value = net x value of one, in base-year pounds x (1 - optimism bias)
--
-- Jobs are counted in persons (HEADCOUNT): GVA per job is per filled job, and
-- counting FTE of the same posts as well would count them twice. Bundles are
-- rows and never summed; created, safeguarded and supported neither. Factors
-- are widened before they are multiplied, so that no engine runs out of digits.
WITH outcomes AS (
  SELECT quarter, programme, district, combined_authority, region,
         'ECONOMIC' AS bundle, 'JOBS_' || job_basis AS outcome, unit, CAST(quantity AS DECIMAL(28, 4)) AS gross,
         'gva-per-job' AS valuation,
         'employment' AS additionality,
         'evidence-grade.jobs' AS grading
  FROM jobs
  WHERE measure = 'HEADCOUNT' AND job_basis IN ('CREATED', 'SAFEGUARDED', 'SUPPORTED') AND quantity IS NOT NULL
  UNION ALL
  SELECT quarter, programme, district, MAX(combined_authority), MAX(region),
         'WELLBEING', 'PEOPLE_INTO_WORK', unit, CAST(SUM(quantity) AS DECIMAL(28, 4)),
         'wellby', 'employment', 'evidence-grade.people-into-work'
  FROM jobs
  WHERE measure = 'HIRES' AND prior_status = 'UNEMPLOYED'
  GROUP BY quarter, programme, district, unit
  UNION ALL
  -- Benefits are transfers: what is saved is fiscal and nothing else.
  SELECT quarter, programme, district, MAX(combined_authority), MAX(region),
         'FISCAL', 'BENEFITS_SAVED_' || prior_status, unit, CAST(SUM(quantity) AS DECIMAL(28, 4)),
         CASE WHEN prior_status = 'UNEMPLOYED' THEN 'jsa-claimant' ELSE 'esa-claimant' END,
         'employment', 'evidence-grade.benefits-saved'
  FROM jobs
  WHERE measure = 'HIRES' AND prior_status IN ('UNEMPLOYED', 'INACTIVE')
  GROUP BY quarter, programme, district, unit, prior_status
  UNION ALL
  SELECT quarter, programme, district, combined_authority, region,
         'VOLUNTEERING', 'VOLUNTEER_HOURS', unit, CAST(quantity AS DECIMAL(28, 4)),
         'volunteer-hour', 'volunteering', 'evidence-grade.volunteer-hours'
  FROM volunteering
  WHERE measure = 'VOLUNTEER_HOURS'
),
valuations AS (
  -- A quarter of a year's GVA per filled job.
  SELECT quarter, 'gva-per-job' AS valuation, confidence,
         CAST(CAST(value_low AS DECIMAL(28, 8)) * CAST('0.25' AS DECIMAL(3, 2)) AS DECIMAL(18, 8)) AS value_low,
         CAST(CAST(value_central AS DECIMAL(28, 8)) * CAST('0.25' AS DECIMAL(3, 2)) AS DECIMAL(18, 8)) AS value_central,
         CAST(CAST(value_high AS DECIMAL(28, 8)) * CAST('0.25' AS DECIMAL(3, 2)) AS DECIMAL(18, 8)) AS value_high
  FROM parameter_values
  WHERE id = 'gva-per-job.lcr'
  UNION ALL
  -- The gain in life satisfaction, for one year, falls in the quarter of the hire.
  SELECT w.quarter, 'wellby', GREATEST(w.confidence, p.confidence),
         CAST(CAST(w.value_low AS DECIMAL(28, 8)) * p.value_low AS DECIMAL(18, 8)),
         CAST(CAST(w.value_central AS DECIMAL(28, 8)) * p.value_central AS DECIMAL(18, 8)),
         CAST(CAST(w.value_high AS DECIMAL(28, 8)) * p.value_high AS DECIMAL(18, 8))
  FROM parameter_values w
  JOIN parameter_values p ON p.quarter = w.quarter AND p.id = 'wellby.unemployed-to-employed'
  WHERE w.id = 'wellby.value'
  UNION ALL
  -- A year's saving falls in the quarter of the hire.
  SELECT quarter, CASE WHEN id = 'fiscal.jsa-claimant-to-work' THEN 'jsa-claimant' ELSE 'esa-claimant' END,
         confidence, value_low, value_central, value_high
  FROM parameter_values
  WHERE id IN ('fiscal.jsa-claimant-to-work', 'fiscal.esa-claimant-to-work')
  UNION ALL
  SELECT quarter, 'volunteer-hour', confidence, value_low, value_central, value_high
  FROM parameter_values
  WHERE id = 'volunteer-hour.real-living-wage'
),
gradings AS (
  SELECT g.quarter, g.id AS grading, CAST(g.value_central AS INTEGER) AS evidence_grade, o.confidence,
         CAST(CAST('1' AS DECIMAL(18, 8)) - o.value_central AS DECIMAL(18, 8)) AS kept
  FROM parameter_values g
  JOIN parameter_values o ON o.quarter = g.quarter
   AND o.id = 'optimism-bias.grade-' || CAST(CAST(g.value_central AS INTEGER) AS STRING)
  WHERE g.id IN ('evidence-grade.jobs', 'evidence-grade.people-into-work', 'evidence-grade.benefits-saved',
                 'evidence-grade.volunteer-hours')
)
SELECT o.quarter, o.bundle, o.outcome, o.programme, o.district, o.combined_authority, o.region, o.unit,
       CAST(o.gross AS DECIMAL(18, 4)) AS gross,
       CAST(o.gross * a.value_low AS DECIMAL(18, 4)) AS net_low,
       CAST(o.gross * a.value_central AS DECIMAL(18, 4)) AS net_central,
       CAST(o.gross * a.value_high AS DECIMAL(18, 4)) AS net_high,
       CAST(CAST(CAST(o.gross * a.value_low AS DECIMAL(28, 8)) * v.value_low AS DECIMAL(28, 8))
            * g.kept AS DECIMAL(18, 2)) AS value_low,
       CAST(CAST(CAST(o.gross * a.value_central AS DECIMAL(28, 8)) * v.value_central AS DECIMAL(28, 8))
            * g.kept AS DECIMAL(18, 2)) AS value_central,
       CAST(CAST(CAST(o.gross * a.value_high AS DECIMAL(28, 8)) * v.value_high AS DECIMAL(28, 8))
            * g.kept AS DECIMAL(18, 2)) AS value_high,
       r.price_base_year, g.evidence_grade,
       GREATEST(a.confidence, v.confidence, g.confidence) AS confidence,
       r.perspective, r.method_version, CAST(NULL AS STRING) AS disclosure, r.data_label
FROM outcomes o
CROSS JOIN run r
LEFT JOIN net_shares a ON a.quarter = o.quarter AND a.outcomes = o.additionality
LEFT JOIN valuations v ON v.quarter = o.quarter AND v.valuation = o.valuation
LEFT JOIN gradings g ON g.quarter = o.quarter AND g.grading = o.grading
