-- What of an outcome is additional, per quarter; not published.
-- parameters: additionality.deadweight, additionality.displacement, additionality.leakage
-- parameters: additionality.substitution, additionality.multiplier, additionality.general-net
-- parameters: additionality.volunteer-hours
--
--   central = (1 - deadweight)(1 - displacement)(1 - leakage)(1 - substitution) x multiplier
--
-- The counterfactual is deducted once. Low and high are the conservative and
-- the optimistic general factor.
SELECT g.quarter, 'employment' AS outcomes,
       GREATEST(g.confidence, w.confidence, d.confidence, l.confidence, s.confidence, m.confidence) AS confidence,
       g.value_low,
       CAST(CAST(CAST(CAST(
         (CAST('1' AS DECIMAL(18, 8)) - w.value_central) * (CAST('1' AS DECIMAL(18, 8)) - d.value_central)
         AS DECIMAL(18, 8)) * (CAST('1' AS DECIMAL(18, 8)) - l.value_central)
         AS DECIMAL(18, 8)) * (CAST('1' AS DECIMAL(18, 8)) - s.value_central)
         AS DECIMAL(18, 8)) * m.value_central AS DECIMAL(18, 8)) AS value_central,
       g.value_high
FROM parameter_values g
JOIN parameter_values w ON w.quarter = g.quarter AND w.id = 'additionality.deadweight'
JOIN parameter_values d ON d.quarter = g.quarter AND d.id = 'additionality.displacement'
JOIN parameter_values l ON l.quarter = g.quarter AND l.id = 'additionality.leakage'
JOIN parameter_values s ON s.quarter = g.quarter AND s.id = 'additionality.substitution'
JOIN parameter_values m ON m.quarter = g.quarter AND m.id = 'additionality.multiplier'
WHERE g.id = 'additionality.general-net'
UNION ALL
SELECT quarter, 'volunteering', confidence, value_low, value_central, value_high
FROM parameter_values
WHERE id = 'additionality.volunteer-hours'
