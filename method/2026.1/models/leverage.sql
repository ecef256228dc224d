-- What other money a programme brought with it.
-- parameters: none
--
--   leverage = match cash / the programme's own cash
--
-- The method says whose money is the programme's (lead) and whose goes with it
-- (match); others' role is not stated. Grants and repayable finance stand in
-- columns of their own; what is given in kind is no cash; contracts and
-- guarantees are neither. The ratio is over all cash, and null where there is
-- no lead cash to compare with.
WITH roles AS (
  SELECT f.programme, f.measure,
         CASE WHEN f.instrument = 'IN_KIND' THEN 'in kind' ELSE COALESCE(o.role, 'unstated') END AS role,
         CASE WHEN f.instrument IN ('GRANT', 'IN_KIND') THEN 'grant' ELSE 'repayable' END AS finance,
         f.amount
  FROM funding f
  LEFT JOIN funder_roles o ON o.programme = f.programme AND o.funder_id = f.funder_id
  WHERE f.in_totals AND f.currency = 'GBP' AND f.measure IN ('COMMITTED', 'DISBURSED')
    AND f.instrument IN ('GRANT', 'IN_KIND', 'LOAN', 'EQUITY', 'QUASI_EQUITY')
),
sums AS (
  SELECT programme, measure,
         SUM(CASE WHEN role = 'lead' AND finance = 'grant' THEN amount END) AS lead_grants,
         SUM(CASE WHEN role = 'lead' AND finance = 'repayable' THEN amount END) AS lead_repayable,
         SUM(CASE WHEN role = 'match' AND finance = 'grant' THEN amount END) AS match_grants,
         SUM(CASE WHEN role = 'match' AND finance = 'repayable' THEN amount END) AS match_repayable,
         SUM(CASE WHEN role = 'unstated' AND finance = 'grant' THEN amount END) AS unstated_grants,
         SUM(CASE WHEN role = 'unstated' AND finance = 'repayable' THEN amount END) AS unstated_repayable,
         SUM(CASE WHEN role = 'in kind' THEN amount END) AS in_kind,
         SUM(CASE WHEN role = 'lead' THEN amount END) AS lead,
         SUM(CASE WHEN role = 'match' THEN amount END) AS matched
  FROM roles
  GROUP BY programme, measure
)
SELECT s.programme, s.measure,
       CAST(s.lead_grants AS DECIMAL(18, 4)) AS lead_grants,
       CAST(s.lead_repayable AS DECIMAL(18, 4)) AS lead_repayable,
       CAST(s.match_grants AS DECIMAL(18, 4)) AS match_grants,
       CAST(s.match_repayable AS DECIMAL(18, 4)) AS match_repayable,
       CAST(s.unstated_grants AS DECIMAL(18, 4)) AS unstated_grants,
       CAST(s.unstated_repayable AS DECIMAL(18, 4)) AS unstated_repayable,
       CAST(s.in_kind AS DECIMAL(18, 4)) AS in_kind,
       CASE WHEN s.lead > 0 THEN CAST(COALESCE(s.matched, 0) AS DOUBLE) / CAST(s.lead AS DOUBLE) END AS leverage,
       r.data_label
FROM sums s
CROSS JOIN run r
