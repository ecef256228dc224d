-- Parameters as they hold in a quarter, money brought to the base year.
-- key: quarter, id
WITH held AS (
  SELECT c.quarter, p.*, d.factor
  FROM calendar c
  JOIN parameters p ON p.valid_from <= c.last_day AND (p.valid_to IS NULL OR p.valid_to >= c.last_day)
  LEFT JOIN deflators d ON d.price_year = p.price_year
)
SELECT quarter, id, 'value' AS figure, 1 AS place, id AS what,
       'parameters' AS part, id || '|' || CAST(valid_from AS STRING) AS part_key, 'value' AS part_figure,
       value_low AS low, value_central AS central, value_high AS high, CAST(NULL AS INTEGER) AS digits
FROM held
UNION ALL
SELECT quarter, id, 'value', 2, 'to prices of the base year', 'deflators', CAST(price_year AS STRING), 'factor',
       factor, factor AS central, factor AS high, 8
FROM held
WHERE price_year IS NOT NULL
