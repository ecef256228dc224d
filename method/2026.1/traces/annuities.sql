-- What a pound a year comes to over the years an outcome lasts.
-- key: outcomes
--
-- What is left in a year counts in those variants in which the outcome lasts so long.
WITH kept AS (
  SELECT d.year, d.factor, k.value_low AS left_low, k.value_central AS left_central, k.value_high AS left_high,
         CASE WHEN CAST(d.year AS DECIMAL(18, 8)) < y.value_low THEN 1 ELSE 0 END AS lasts_low,
         CASE WHEN CAST(d.year AS DECIMAL(18, 8)) < y.value_central THEN 1 ELSE 0 END AS lasts_central,
         CASE WHEN CAST(d.year AS DECIMAL(18, 8)) < y.value_high THEN 1 ELSE 0 END AS lasts_high,
         y.id || '|' || CAST(y.valid_from AS STRING) AS years_key
  FROM parameters y
  JOIN discounts d ON d.kind = 'standard' AND CAST(d.year AS DECIMAL(18, 8)) < y.value_high
  JOIN retentions k ON k.id = 'lifetime.jobs.retention' AND k.year = d.year
  WHERE y.id = 'lifetime.jobs.years' AND y.valid_to IS NULL
)
SELECT 'jobs' AS outcomes, f.figure, 'year ' || CAST(year AS STRING) AS term, 1 AS place, 'x' AS op,
       'left in year ' || CAST(year AS STRING) AS what, 'retentions' AS part,
       'lifetime.jobs.retention|' || CAST(year AS STRING) AS part_key, 'value' AS part_figure,
       left_low AS low, left_central AS central, left_high AS high, CAST(NULL AS INTEGER) AS digits
FROM kept
CROSS JOIN (VALUES ('undiscounted'), ('present')) AS f(figure)
UNION ALL
SELECT 'jobs', f.figure, 'year ' || CAST(year AS STRING), 2, 'x', 'whether it lasts so long', NULL, NULL, NULL,
       lasts_low, lasts_central, lasts_high, NULL
FROM kept
CROSS JOIN (VALUES ('undiscounted'), ('present')) AS f(figure)
UNION ALL
SELECT 'jobs', f.figure, 'year ' || CAST(year AS STRING), 3, 'from', 'years it lasts', 'parameters', years_key, 'value',
       NULL, NULL, NULL, NULL
FROM kept
CROSS JOIN (VALUES ('undiscounted'), ('present')) AS f(figure)
UNION ALL
SELECT 'jobs', 'present', 'year ' || CAST(year AS STRING), 4, 'x', 'discount', 'discounts',
       'standard|' || CAST(year AS STRING), 'factor', factor, factor AS central, factor AS high, 8
FROM kept
