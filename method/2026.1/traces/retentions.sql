-- What is left of an outcome after some years: the share kept a year, as often.
-- key: id, year
SELECT r.id, r.year, 'value' AS figure, k.year + 1 AS place, 'kept from year ' || CAST(k.year AS STRING) AS what,
       'parameters' AS part, p.id || '|' || CAST(p.valid_from AS STRING) AS part_key, 'value' AS part_figure,
       p.value_low AS low, p.value_central AS central, p.value_high AS high,
       CASE WHEN k.year = r.year - 1 THEN 8 END AS digits
FROM retentions r
JOIN retentions k ON k.id = r.id AND k.year < r.year
JOIN parameters p ON p.id = r.id AND p.valid_to IS NULL
UNION ALL
SELECT id, year, 'value', 1, 'all of it in the first year', NULL, NULL, NULL, 1, 1, 1, NULL
FROM retentions
WHERE year = 0
