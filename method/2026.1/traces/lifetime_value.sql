-- Lifetime values: the outcomes of all districts, over the years they last.
WITH outcomes AS (
  SELECT l.*, s.row_key AS part_key, s.district, s.gross AS part_gross,
         s.value_low AS part_low, s.value_central AS part_central, s.value_high AS part_high
  FROM lifetime_value l
  JOIN keyed_social_value s
    ON s.quarter = l.quarter AND s.bundle = l.bundle AND s.outcome = l.outcome AND s.programme = l.programme
),
lasting AS (
  SELECT l.*, f.figure,
         CASE f.figure WHEN 'present' THEN a.present_low ELSE a.undiscounted_low END AS annuity_low,
         CASE f.figure WHEN 'present' THEN a.present_central ELSE a.undiscounted_central END AS annuity_central,
         CASE f.figure WHEN 'present' THEN a.present_high ELSE a.undiscounted_high END AS annuity_high
  FROM keyed_lifetime_value l
  CROSS JOIN (VALUES ('undiscounted'), ('present')) AS f(figure)
  LEFT JOIN annuities a ON a.outcomes = CASE WHEN l.kind = 'stock' THEN 'jobs' END
)
SELECT quarter, bundle, outcome, programme, 'gross' AS figure, part_key AS term, 1 AS place, district AS what,
       'social_value' AS part, part_key, 'gross' AS part_figure,
       part_gross AS low, part_gross AS central, part_gross AS high, CAST(NULL AS INTEGER) AS digits
FROM outcomes
UNION ALL
SELECT quarter, bundle, outcome, programme, 'value', part_key AS term, 1, district, 'social_value', part_key AS part_key, 'value',
       part_low, part_central, part_high, NULL
FROM outcomes
UNION ALL
SELECT quarter, bundle, outcome, programme, figure, '', 1, 'worth in the quarter', 'lifetime_value', row_key, 'value',
       value_low, value_central, value_high, NULL
FROM lasting
UNION ALL
SELECT quarter, bundle, outcome, programme, figure, '', 2, 'quarters of a year', NULL, NULL, NULL, 4, 4, 4, NULL
FROM lasting
WHERE kind = 'stock'
UNION ALL
SELECT quarter, bundle, outcome, programme, figure, '', 3, 'a pound a year over the years it lasts', 'annuities', 'jobs',
       figure AS part_figure, annuity_low, annuity_central, annuity_high, 2
FROM lasting
WHERE kind = 'stock'
