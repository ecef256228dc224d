-- Places of the reference, and the two values that stand where there is none.
-- parameters: none
SELECT code, name, level, parent_code
FROM reference_places
WHERE level IN ('district', 'combined-authority', 'region')
UNION ALL
SELECT v.code, v.name, v.level, CAST(NULL AS STRING) AS parent_code
FROM (VALUES ('unknown', 'Unknown place', 'unknown'),
             ('none', 'In no combined authority', 'none')) AS v(code, name, level)
