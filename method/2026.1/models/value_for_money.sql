-- What each pound put into a programme has brought so far, by outcome.
-- parameters: none
--
--   ratio = PV(benefits) / PV(what all contributors put in)
--
-- In pounds of the base year, discounted to the programme's first year. Put in
-- are grants (what was paid, or committed where no payment is reported) and the
-- grant equivalent of repayable finance: money that comes back is no input.
-- Outcomes are never added to each other, so each has a ratio of its own, and
-- the ratios must not be added either. Null where nothing was put in, and
-- where the outcome of a quarter is kept back.
WITH payments AS (
  SELECT f.programme, f.measure, c.year, SUM(f.amount_real) AS amount
  FROM funding f
  JOIN calendar c ON c.quarter = f.quarter
  WHERE f.in_totals AND f.instrument = 'GRANT' AND f.amount_real IS NOT NULL
    AND f.measure IN ('COMMITTED', 'DISBURSED') AND f.programme <> 'unknown'
  GROUP BY f.programme, f.measure, c.year
),
bases AS (
  SELECT programme, MAX(measure) AS basis FROM payments WHERE amount > 0 GROUP BY programme
),
values_of AS (
  SELECT s.programme, s.bundle, s.outcome, c.year,
         SUM(CAST(s.value_low AS DECIMAL(24, 2))) AS value_low,
         SUM(CAST(s.value_central AS DECIMAL(24, 2))) AS value_central,
         SUM(CAST(s.value_high AS DECIMAL(24, 2))) AS value_high,
         COUNT(CASE WHEN s.disclosure = 'c' THEN 1 END) AS kept_back, MAX(s.disclosure) AS disclosure,
         MAX(s.evidence_grade) AS evidence_grade, MAX(s.confidence) AS confidence
  FROM lifetime_value s
  JOIN calendar c ON c.quarter = s.quarter
  WHERE s.programme <> 'unknown'
  GROUP BY s.programme, s.bundle, s.outcome, c.year
),
-- Grant equivalents are worth what they are in the year of the first loan.
loans AS (
  SELECT f.programme, MIN(c.year) AS year,
         MAX(CASE WHEN l.quarter = f.quarter THEN f.grant_equivalent_central END) AS grant_equivalent,
         MAX(f.confidence) AS confidence
  FROM repayable_finance f
  JOIN calendar c ON c.quarter = f.quarter
  CROSS JOIN (SELECT MAX(quarter) AS quarter FROM quarters) l
  GROUP BY f.programme
),
years AS (
  SELECT programme, year FROM payments
  UNION ALL
  SELECT programme, year FROM values_of
  UNION ALL
  SELECT programme, year FROM loans
),
starts AS (
  SELECT programme, MIN(year) AS year FROM years GROUP BY programme
),
grants AS (
  SELECT p.programme, b.basis,
         SUM(CAST(CAST(p.amount AS DECIMAL(24, 2)) * d.factor AS DECIMAL(24, 4))) AS amount
  FROM payments p
  JOIN bases b ON b.programme = p.programme AND b.basis = p.measure
  JOIN starts s ON s.programme = p.programme
  JOIN discounts d ON d.kind = 'standard' AND d.year = p.year - s.year
  GROUP BY p.programme, b.basis
),
benefits AS (
  SELECT v.programme, v.bundle, v.outcome,
         SUM(CAST(v.value_low * d.factor AS DECIMAL(24, 4))) AS value_low,
         SUM(CAST(v.value_central * d.factor AS DECIMAL(24, 4))) AS value_central,
         SUM(CAST(v.value_high * d.factor AS DECIMAL(24, 4))) AS value_high,
         SUM(v.kept_back) AS kept_back, MAX(v.disclosure) AS disclosure,
         MAX(v.evidence_grade) AS evidence_grade, GREATEST(MAX(v.confidence), MAX(d.confidence)) AS confidence
  FROM values_of v
  JOIN starts s ON s.programme = v.programme
  JOIN discounts d ON d.kind = CASE WHEN v.bundle = 'WELLBEING' THEN 'health' ELSE 'standard' END
   AND d.year = v.year - s.year
  GROUP BY v.programme, v.bundle, v.outcome
),
lent AS (
  SELECT l.programme, l.confidence,
         CAST(CAST(l.grant_equivalent AS DECIMAL(24, 2)) * d.factor AS DECIMAL(24, 4)) AS grant_equivalent
  FROM loans l
  JOIN starts s ON s.programme = l.programme
  JOIN discounts d ON d.kind = 'standard' AND d.year = l.year - s.year
),
inputs AS (
  SELECT b.*, g.basis, g.amount AS grants, l.grant_equivalent,
         CAST(COALESCE(g.amount, 0) AS DOUBLE) + CAST(COALESCE(l.grant_equivalent, 0) AS DOUBLE) AS put_in,
         GREATEST(b.confidence, COALESCE(l.confidence, b.confidence)) AS lowest
  FROM benefits b
  LEFT JOIN grants g ON g.programme = b.programme
  LEFT JOIN lent l ON l.programme = b.programme
)
SELECT i.programme, i.bundle, i.outcome,
       CASE WHEN i.kept_back = 0 THEN CAST(i.value_low AS DECIMAL(18, 2)) END AS benefits_low,
       CASE WHEN i.kept_back = 0 THEN CAST(i.value_central AS DECIMAL(18, 2)) END AS benefits_central,
       CASE WHEN i.kept_back = 0 THEN CAST(i.value_high AS DECIMAL(18, 2)) END AS benefits_high,
       i.basis AS grants_basis,
       CAST(i.grants AS DECIMAL(18, 2)) AS grants,
       CAST(i.grant_equivalent AS DECIMAL(18, 2)) AS grant_equivalent,
       CASE WHEN i.put_in > 0 AND i.kept_back = 0
            THEN CAST(CAST(i.value_low AS DECIMAL(18, 2)) AS DOUBLE) / i.put_in END AS ratio_low,
       CASE WHEN i.put_in > 0 AND i.kept_back = 0
            THEN CAST(CAST(i.value_central AS DECIMAL(18, 2)) AS DOUBLE) / i.put_in END AS ratio_central,
       CASE WHEN i.put_in > 0 AND i.kept_back = 0
            THEN CAST(CAST(i.value_high AS DECIMAL(18, 2)) AS DOUBLE) / i.put_in END AS ratio_high,
       r.price_base_year, i.evidence_grade, i.lowest AS confidence, r.method_version,
       CASE WHEN i.kept_back > 0 THEN 'c' ELSE i.disclosure END AS disclosure, r.data_label
FROM inputs i
CROSS JOIN run r
