-- Attribution: a programme's value, and the funder's share of it.
WITH placed AS (
  SELECT a.*,
         ROW_NUMBER() OVER (PARTITION BY a.quarter, a.bundle, a.outcome, a.programme
                            ORDER BY a.share DESC, a.funder_id) AS place,
         a.quarter || '|' || a.bundle || '|' || a.outcome || '|' || a.programme AS value_key
  FROM attribution a
),
-- The largest funder has what the others leave.
parts AS (
  SELECT p.quarter, p.bundle, p.outcome, p.programme, p.funder_id, p.value_key, o.funder_id AS of_funder, o.share, -1 AS sign,
         p.contribution_to_low, p.contribution_to_central, p.contribution_to_high
  FROM placed p
  JOIN placed o ON o.value_key = p.value_key AND o.place > 1
  WHERE p.place = 1
  UNION ALL
  SELECT quarter, bundle, outcome, programme, funder_id, value_key, funder_id AS of_funder, share, 1,
         contribution_to_low, contribution_to_central, contribution_to_high
  FROM placed
  WHERE place > 1
)
SELECT quarter, bundle, outcome, programme, funder_id, 'contribution_to' AS figure, '' AS term, 1 AS place,
       'value of the programme' AS what, 'lifetime_value' AS part, value_key AS part_key, 'value' AS part_figure,
       contribution_to_low AS low, contribution_to_central AS central, contribution_to_high AS high,
       CAST(NULL AS INTEGER) AS digits
FROM placed
UNION ALL
SELECT quarter, bundle, outcome, programme, funder_id, 'attributed', '', 1,
       'value of the programme, less what others have', 'lifetime_value', value_key, 'value',
       contribution_to_low, contribution_to_central, contribution_to_high, NULL
FROM placed
WHERE place = 1
UNION ALL
SELECT quarter, bundle, outcome, programme, funder_id, 'share', '', 1, 'share of the programme', 'funder_shares',
       programme || '|' || funder_id, 'share', share, share AS central, share AS high, NULL
FROM placed
WHERE basis <> 'none'
UNION ALL
SELECT quarter, bundle, outcome, programme, funder_id, 'share', '', 1, 'nobody is known to have paid', NULL, NULL, NULL,
       1, 1, 1, NULL
FROM placed
WHERE basis = 'none'
UNION ALL
SELECT quarter, bundle, outcome, programme, funder_id, 'attributed', of_funder, 1, 'value of the programme',
       'lifetime_value', value_key, 'value', contribution_to_low, contribution_to_central, contribution_to_high, NULL
FROM parts
UNION ALL
SELECT quarter, bundle, outcome, programme, funder_id, 'attributed', of_funder, 2, 'share of ' || of_funder,
       'funder_shares', programme || '|' || of_funder, 'share', share, share AS central, share AS high, 2
FROM parts
UNION ALL
SELECT quarter, bundle, outcome, programme, funder_id, 'attributed', of_funder, 3, 'taken off', NULL, NULL, NULL,
       sign, sign AS central, sign AS high, NULL
FROM parts
WHERE sign < 0
