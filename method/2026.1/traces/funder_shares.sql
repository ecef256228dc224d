-- Funder shares: what each paid by what all paid; the largest has what is left.
WITH paid AS (
  SELECT s.programme, s.funder_id, s.share, f.row_key AS part_key, f.quarter, f.amount_real
  FROM funder_shares s
  JOIN keyed_funding f ON f.programme = s.programme AND f.funder_id = s.funder_id AND f.measure = s.basis
  WHERE f.in_totals AND f.amount_real IS NOT NULL
),
sums AS (
  SELECT programme, funder_id, share, SUM(amount_real) AS amount
  FROM paid
  GROUP BY programme, funder_id, share
),
placed AS (
  SELECT s.*, SUM(s.amount) OVER (PARTITION BY s.programme) AS total,
         ROW_NUMBER() OVER (PARTITION BY s.programme ORDER BY s.amount DESC, s.funder_id) AS place
  FROM sums s
)
SELECT programme, funder_id, 'paid' AS figure, part_key AS term, 1 AS place, 'x' AS op, quarter AS what,
       'funding' AS part, part_key, 'amount_real' AS part_figure, amount_real AS central, CAST(NULL AS INTEGER) AS digits
FROM paid
UNION ALL
SELECT a.programme, a.funder_id, 'paid-by-all', o.funder_id AS term, 1, 'x', 'paid by ' || o.funder_id, 'funder_shares',
       o.programme || '|' || o.funder_id, 'paid', o.amount, NULL
FROM placed a
JOIN placed o ON o.programme = a.programme
UNION ALL
SELECT programme, funder_id, 'share', '', 1, 'x', 'paid', 'funder_shares', programme || '|' || funder_id, 'paid', amount, NULL
FROM placed
WHERE place > 1
UNION ALL
SELECT programme, funder_id, 'share', '', 2, '/', 'paid by all', 'funder_shares', programme || '|' || funder_id,
       'paid-by-all', total, 12
FROM placed
WHERE place > 1
UNION ALL
SELECT programme, funder_id, 'share', '', 1, 'x', 'all, less what others have', NULL, NULL, NULL, 1, NULL
FROM placed
WHERE place = 1
UNION ALL
SELECT programme, funder_id, 'share', '', 2, 'from', 'paid', 'funder_shares', programme || '|' || funder_id, 'paid', NULL, NULL
FROM placed
WHERE place = 1
UNION ALL
SELECT l.programme, l.funder_id, 'share', o.funder_id AS term, f.place, 'x', f.what, CASE WHEN f.place = 1 THEN 'funder_shares' END,
       CASE WHEN f.place = 1 THEN o.programme || '|' || o.funder_id END, CASE WHEN f.place = 1 THEN 'share' END,
       CASE WHEN f.place = 1 THEN o.share ELSE -1 END, NULL
FROM placed l
JOIN placed o ON o.programme = l.programme AND o.place > 1
CROSS JOIN (VALUES (1, 'share of another'), (2, 'taken off')) AS f(place, what)
WHERE l.place = 1
