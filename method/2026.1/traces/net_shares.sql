-- Net shares: what is left after each deduction.
-- key: quarter, outcomes
WITH deductions AS (
  SELECT p.quarter, p.id, p.value_central, d.place, d.op, d.what, d.digits
  FROM parameter_values p
  JOIN (VALUES
    ('additionality.deadweight', 1, '1-', 'deadweight', NULL),
    ('additionality.displacement', 2, '1-', 'displacement', 8),
    ('additionality.leakage', 3, '1-', 'leakage', 8),
    ('additionality.substitution', 4, '1-', 'substitution', 8),
    ('additionality.multiplier', 5, 'x', 'multiplier', 8)
  ) AS d(id, place, op, what, digits) ON d.id = p.id
),
stated AS (
  SELECT p.quarter, CASE WHEN p.id = 'additionality.general-net' THEN 'employment' ELSE 'volunteering' END AS outcomes,
         f.figure, p.id,
         CASE f.figure WHEN 'value_low' THEN p.value_low WHEN 'value_high' THEN p.value_high
              ELSE p.value_central END AS value
  FROM parameter_values p
  CROSS JOIN (VALUES ('value_low'), ('value_central'), ('value_high')) AS f(figure)
  WHERE (p.id = 'additionality.general-net' AND f.figure <> 'value_central') OR p.id = 'additionality.volunteer-hours'
)
SELECT quarter, 'employment' AS outcomes, 'value_central' AS figure, place, op, what,
       'parameter_values' AS part, quarter || '|' || id AS part_key, 'value_central' AS part_figure,
       value_central AS central, digits
FROM deductions
UNION ALL
SELECT quarter, outcomes, figure, 1, 'x', 'net share as a whole', 'parameter_values', quarter || '|' || id, figure AS part_figure,
       value, NULL
FROM stated
