-- Social value: what was counted, what of it is net, and what that is worth.
WITH counted AS (
  SELECT 'jobs' AS part, row_key AS part_key, quarter, programme, district, measure, unit, job_basis, prior_status, quantity
  FROM keyed_jobs
  WHERE quantity IS NOT NULL
  UNION ALL
  SELECT 'volunteering', row_key, quarter, programme, district, measure, unit, 'NONE', 'NONE', quantity
  FROM keyed_volunteering
  WHERE quantity IS NOT NULL
),
outcomes AS (
  SELECT s.*, l.measure, l.job_basis, l.prior_status, l.valuation, l.additionality, l.grading,
         a.value_low AS share_low, a.value_central AS share_central, a.value_high AS share_high,
         v.value_low AS one_low, v.value_central AS one_central, v.value_high AS one_high,
         b.id AS bias_id, b.value_central AS bias, g.value_central AS grade
  FROM keyed_social_value s
  JOIN outcome_labels l ON l.outcome = s.outcome
  LEFT JOIN net_shares a ON a.quarter = s.quarter AND a.outcomes = l.additionality
  LEFT JOIN valuations v ON v.quarter = s.quarter AND v.valuation = l.valuation
  LEFT JOIN parameter_values g ON g.quarter = s.quarter AND g.id = l.grading
  LEFT JOIN parameter_values b ON b.quarter = s.quarter
   AND b.id = 'optimism-bias.grade-' || CAST(CAST(g.value_central AS INTEGER) AS STRING)
)
SELECT o.quarter, o.bundle, o.outcome, o.programme, o.district, 'gross' AS figure, c.part_key AS term, 1 AS place,
       'x' AS op, c.measure AS what, c.part, c.part_key, 'quantity' AS part_figure,
       c.quantity AS low, c.quantity AS central, c.quantity AS high, CAST(NULL AS INTEGER) AS digits
FROM outcomes o
JOIN counted c ON c.quarter = o.quarter AND c.programme = o.programme AND c.district = o.district
 AND c.measure = o.measure AND c.unit = o.unit
 AND (o.job_basis = '' OR o.job_basis = c.job_basis)
 AND (o.prior_status = '' OR o.prior_status = c.prior_status)
UNION ALL
SELECT quarter, bundle, outcome, programme, district, f.figure, '', 1, 'x',
       'gross', 'social_value', row_key, 'gross', gross, gross AS central, gross AS high, NULL
FROM outcomes
CROSS JOIN (VALUES ('net'), ('value')) AS f(figure)
UNION ALL
SELECT quarter, bundle, outcome, programme, district, f.figure, '', 2, 'x',
       'net share', 'net_shares', quarter || '|' || additionality, 'value', share_low, share_central, share_high, f.digits
FROM outcomes
CROSS JOIN (VALUES ('net', 4), ('value', 8)) AS f(figure, digits)
UNION ALL
SELECT quarter, bundle, outcome, programme, district, 'value', '', 3, 'x',
       'value of one', 'valuations', quarter || '|' || valuation, 'value', one_low, one_central, one_high, 8
FROM outcomes
UNION ALL
SELECT quarter, bundle, outcome, programme, district, 'value', '', 4, '1-',
       'optimism bias of the evidence grade', 'parameter_values', quarter || '|' || bias_id, 'value_central', bias, bias AS central, bias AS high, 2
FROM outcomes
UNION ALL
SELECT quarter, bundle, outcome, programme, district, 'value', '', 5, 'from',
       'the evidence grade', 'parameter_values', quarter || '|' || grading, 'value_central', NULL, NULL, NULL, NULL
FROM outcomes
