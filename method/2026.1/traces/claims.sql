-- Claims: what was published, and the headline beside it.
SELECT claim, 'value' AS figure, 'as published' AS what, 'stated_claims' AS part, claim AS part_key, 'value' AS part_figure,
       value AS low, value AS central, value AS high
FROM claims
UNION ALL
SELECT claim, 'computed', 'headline of the same', 'headline',
       area || '|' || programme || '|' || headline || '|' || unit || '|' || period, 'value',
       computed_low, computed_central, computed_high
FROM claims
WHERE computed_central IS NOT NULL
