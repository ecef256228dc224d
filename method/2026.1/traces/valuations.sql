-- Values of one: parameters in pounds of the base year.
-- key: quarter, valuation
WITH factors AS (
  SELECT * FROM (VALUES
    ('gva-per-job', 'gva-per-job.lcr', 1, 'GVA of a filled job in a year'),
    ('wellby', 'wellby.value', 1, 'one point of life satisfaction for a year'),
    ('wellby', 'wellby.unemployed-to-employed', 2, 'points that work brings'),
    ('jsa-claimant', 'fiscal.jsa-claimant-to-work', 1, 'saved in a year'),
    ('esa-claimant', 'fiscal.esa-claimant-to-work', 1, 'saved in a year'),
    ('volunteer-hour', 'volunteer-hour.real-living-wage', 1, 'wage of an hour')
  ) AS t(valuation, id, place, what)
)
SELECT p.quarter, f.valuation, 'value' AS figure, f.place, f.what, 'parameter_values' AS part,
       p.quarter || '|' || p.id AS part_key, 'value' AS part_figure,
       p.value_low AS low, p.value_central AS central, p.value_high AS high,
       CASE WHEN f.place = 2 THEN 8 END AS digits
FROM parameter_values p
JOIN factors f ON f.id = p.id
UNION ALL
SELECT quarter, 'gva-per-job', 'value', 2, 'a quarter of a year', NULL, NULL, NULL, 0.25, 0.25 AS central, 0.25 AS high, 8
FROM parameter_values
WHERE id = 'gva-per-job.lcr'
