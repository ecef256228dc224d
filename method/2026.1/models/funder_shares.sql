-- Each funder's share of what a programme was paid, in real pounds.
-- parameters: none
--
-- What was paid out counts; where a programme reports no payments, what was
-- committed does, and `basis` says so. Only pounds that count in totals are
-- taken. The largest funder has what is left of one, so that shares of a
-- programme add up to one exactly.
WITH sums AS (
  SELECT programme, funder_id, measure, SUM(amount_real) AS amount
  FROM funding
  WHERE in_totals AND amount_real IS NOT NULL AND measure IN ('COMMITTED', 'DISBURSED')
  GROUP BY programme, funder_id, measure
),
bases AS (
  SELECT programme, MAX(measure) AS basis FROM sums WHERE amount > 0 GROUP BY programme
),
shares AS (
  SELECT s.programme, s.funder_id, b.basis,
         CAST(CAST(s.amount AS DOUBLE) / CAST(SUM(s.amount) OVER (PARTITION BY s.programme) AS DOUBLE)
              AS DECIMAL(18, 12)) AS share,
         ROW_NUMBER() OVER (PARTITION BY s.programme ORDER BY s.amount DESC, s.funder_id) AS place
  FROM sums s
  JOIN bases b ON b.programme = s.programme AND b.basis = s.measure
  WHERE s.amount > 0
)
SELECT s.programme, s.funder_id, s.basis,
       CASE WHEN s.place = 1
            THEN CAST(CAST('1' AS DECIMAL(18, 12))
                      - (CAST(SUM(s.share) OVER (PARTITION BY s.programme) AS DECIMAL(28, 12)) - s.share)
                      AS DECIMAL(18, 12))
            ELSE s.share END AS share,
       r.price_base_year, r.data_label
FROM shares s
CROSS JOIN run r
