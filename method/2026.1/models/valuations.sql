-- What one of each outcome is worth, per quarter, in pounds of the base year;
-- not published.
-- parameters: gva-per-job.lcr, wellby.value, wellby.unemployed-to-employed
-- parameters: volunteer-hour.real-living-wage
-- parameters: fiscal.jsa-claimant-to-work, fiscal.esa-claimant-to-work
--
-- Factors are widened before they are multiplied, so that no engine runs out of
-- digits.
--
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
