-- Social value per outcome: gross, net, and pounds of the base year.
-- parameters: evidence-grade.jobs, evidence-grade.people-into-work, evidence-grade.benefits-saved
-- parameters: evidence-grade.volunteer-hours
--
--   net   = gross x net share
--   value = net x value of one, in base-year pounds x (1 - optimism bias)
--
-- What outcomes are of, outcome_labels says. Bundles are rows and never summed;
-- created, safeguarded and supported neither.
WITH counted AS (
  SELECT quarter, programme, district, combined_authority, region, measure, unit, job_basis, prior_status, quantity
  FROM jobs
  WHERE quantity IS NOT NULL
  UNION ALL
  SELECT quarter, programme, district, combined_authority, region, measure, unit, 'NONE', 'NONE', quantity
  FROM volunteering
  WHERE quantity IS NOT NULL
),
outcomes AS (
  SELECT c.quarter, c.programme, c.district, MAX(c.combined_authority) AS combined_authority,
         MAX(c.region) AS region, l.bundle, l.outcome, c.unit, CAST(SUM(c.quantity) AS DECIMAL(28, 4)) AS gross,
         l.valuation, l.additionality, l.grading
  FROM counted c
  JOIN outcome_labels l ON l.measure = c.measure
   AND (l.job_basis = '' OR l.job_basis = c.job_basis)
   AND (l.prior_status = '' OR l.prior_status = c.prior_status)
  GROUP BY c.quarter, c.programme, c.district, c.unit, l.bundle, l.outcome, l.valuation, l.additionality, l.grading
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
