-- Programmes: events of money, and who gave it.
WITH uses AS (
  SELECT COALESCE(programme, 'unknown') AS programme, CAST(balance AS STRING) AS balance, counterparty_id, quarter, entries
  FROM funding_balances
  WHERE entries <> 0
),
funders AS (
  SELECT programme, counterparty_id
  FROM uses
  WHERE counterparty_id <> 'unknown'
  GROUP BY programme, counterparty_id
  HAVING SUM(entries) > 0
)
SELECT programme, 'funding_events' AS figure, balance AS term, 1 AS place, 'x' AS op, quarter AS what,
       'funding_balances' AS part, balance AS part_key, 'entries' AS part_figure, entries AS central
FROM uses
UNION ALL
SELECT programme, 'funders', counterparty_id, 1, 'x', counterparty_id AS what, NULL, NULL, NULL, 1
FROM funders
UNION ALL
SELECT f.programme, 'funders', f.counterparty_id, 2, 'from', u.quarter, 'funding_balances', u.balance, 'entries', NULL
FROM funders f
JOIN uses u ON u.programme = f.programme AND u.counterparty_id = f.counterparty_id
