-- Leverage: money by whose it is and how it is given.
WITH roles AS (
  SELECT f.programme, f.measure, f.row_key AS part_key, f.quarter || ' ' || f.funder_id AS what, f.amount,
         CASE WHEN f.instrument = 'IN_KIND' THEN 'in_kind'
              ELSE COALESCE(o.role, 'unstated') || CASE WHEN f.instrument = 'GRANT' THEN '_grants' ELSE '_repayable' END
         END AS figure
  FROM keyed_funding f
  LEFT JOIN funder_roles o ON o.programme = f.programme AND o.funder_id = f.funder_id
  WHERE f.in_totals AND f.currency = 'GBP' AND f.measure IN ('COMMITTED', 'DISBURSED')
    AND f.instrument IN ('GRANT', 'IN_KIND', 'LOAN', 'EQUITY', 'QUASI_EQUITY')
),
cash AS (
  SELECT k.programme, k.measure, k.row_key, f.figure, f.part_figure,
         CASE f.part_figure WHEN 'lead_grants' THEN k.lead_grants WHEN 'lead_repayable' THEN k.lead_repayable
              WHEN 'match_grants' THEN k.match_grants ELSE k.match_repayable END AS amount
  FROM keyed_leverage k
  CROSS JOIN (VALUES
    ('lead', 'lead_grants'), ('lead', 'lead_repayable'), ('match', 'match_grants'), ('match', 'match_repayable')
  ) AS f(figure, part_figure)
),
sums AS (
  SELECT programme, measure, row_key, figure, SUM(COALESCE(amount, 0)) AS amount
  FROM cash
  GROUP BY programme, measure, row_key, figure
)
SELECT programme, measure, figure, part_key AS term, 1 AS place, 'x' AS op, what,
       'funding' AS part, part_key, 'amount' AS part_figure, amount AS central
FROM roles
UNION ALL
SELECT programme, measure, figure, part_figure AS term, 1, 'x', part_figure AS what, 'leverage', row_key, part_figure AS part_figure, amount
FROM cash
WHERE amount IS NOT NULL
UNION ALL
SELECT s.programme, s.measure, 'leverage', '', 1, 'x', 'match cash', 'leverage', s.row_key, 'match', s.amount
FROM sums s
JOIN keyed_leverage k ON k.row_key = s.row_key AND k.leverage IS NOT NULL
WHERE s.figure = 'match'
UNION ALL
SELECT s.programme, s.measure, 'leverage', '', 2, '/', 'lead cash', 'leverage', s.row_key, 'lead', s.amount
FROM sums s
JOIN keyed_leverage k ON k.row_key = s.row_key AND k.leverage IS NOT NULL
WHERE s.figure = 'lead'
