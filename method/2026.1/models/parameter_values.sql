-- Each parameter as it holds in each quarter, money in pounds of the base
-- year; not published.
-- parameters: none
--
-- A parameter with a price year is brought to the base year by the ratio of
-- the two years' deflators; one without is a number and stays as it is.
SELECT c.quarter, p.id, p.confidence,
       CASE WHEN p.price_year IS NULL THEN p.value_low
            ELSE CAST(CAST(p.value_low AS DECIMAL(28, 8)) * d.factor AS DECIMAL(18, 8)) END AS value_low,
       CASE WHEN p.price_year IS NULL THEN p.value_central
            ELSE CAST(CAST(p.value_central AS DECIMAL(28, 8)) * d.factor AS DECIMAL(18, 8)) END AS value_central,
       CASE WHEN p.price_year IS NULL THEN p.value_high
            ELSE CAST(CAST(p.value_high AS DECIMAL(28, 8)) * d.factor AS DECIMAL(18, 8)) END AS value_high
FROM calendar c
JOIN parameters p ON p.valid_from <= c.last_day AND (p.valid_to IS NULL OR p.valid_to >= c.last_day)
LEFT JOIN deflators d ON d.price_year = p.price_year
