-- Repayable finance: running totals, and what they come to as a grant.
WITH deals AS (
  SELECT f.programme, c.ordinal, f.quarter || ' ' || f.district AS what, f.row_key AS part_key, f.amount,
         CASE f.measure WHEN 'DISBURSED' THEN 'deployed' WHEN 'REPAID' THEN 'repaid' ELSE 'written_off' END AS figure
  FROM keyed_funding f
  JOIN calendar c ON c.quarter = f.quarter
  WHERE f.in_totals AND f.currency = 'GBP' AND f.instrument IN ('LOAN', 'EQUITY', 'QUASI_EQUITY')
    AND f.measure IN ('DISBURSED', 'REPAID', 'WRITTEN_OFF')
),
levels AS (
  SELECT k.*, c.ordinal, c.year, l.factor AS deflator, c.year - s.year AS years
  FROM keyed_repayable_finance k
  JOIN calendar c ON c.quarter = k.quarter
  JOIN (SELECT r.programme, MIN(c.year) AS year
        FROM repayable_finance r JOIN calendar c ON c.quarter = r.quarter
        GROUP BY r.programme) s ON s.programme = k.programme
  LEFT JOIN deflators l ON l.price_year = c.year
),
-- The quarter in which most was out.
peaks AS (
  SELECT l.programme, l.quarter, p.row_key AS peak_key, p.quarter AS peak, p.deployed, p.repaid,
         ROW_NUMBER() OVER (PARTITION BY l.programme, l.quarter ORDER BY p.deployed - p.repaid DESC, p.ordinal) AS place
  FROM levels l
  JOIN levels p ON p.programme = l.programme AND p.ordinal <= l.ordinal
),
moved AS (
  SELECT l.programme, l.quarter, l.row_key, l.ordinal, l.year, l.years, l.deflator, f.factor,
         COALESCE(SUM(CASE d.figure WHEN 'deployed' THEN d.amount WHEN 'repaid' THEN -d.amount END), 0) AS amount
  FROM levels l
  JOIN discounts f ON f.kind = 'standard' AND f.year = l.years
  LEFT JOIN deals d ON d.programme = l.programme AND d.ordinal = l.ordinal
  GROUP BY l.programme, l.quarter, l.row_key, l.ordinal, l.year, l.years, l.deflator, f.factor
),
present AS (
  SELECT m.*, CAST(CAST(CAST(m.amount AS DECIMAL(22, 4)) * m.deflator AS DECIMAL(22, 4)) * m.factor
                   AS DECIMAL(22, 4)) AS present
  FROM moved m
),
due AS (
  SELECT l.programme, l.quarter, l.row_key, l.year, l.outstanding, l.deflator, f.factor, f.year AS due_year,
         p.value_low, p.value_central, p.value_high, l.quarter || '|repayable.default-share' AS default_key,
         l.quarter || '|repayable.years-to-repay' AS years_key, l.grant_equivalent_central,
         CAST(CAST(CAST(CAST('1' AS DECIMAL(18, 8)) - p.value_low AS DECIMAL(18, 8)) * l.deflator AS DECIMAL(18, 8)) * f.factor AS DECIMAL(18, 8)) AS worth_low,
         CAST(CAST(CAST(CAST('1' AS DECIMAL(18, 8)) - p.value_central AS DECIMAL(18, 8)) * l.deflator AS DECIMAL(18, 8)) * f.factor AS DECIMAL(18, 8)) AS worth_central,
         CAST(CAST(CAST(CAST('1' AS DECIMAL(18, 8)) - p.value_high AS DECIMAL(18, 8)) * l.deflator AS DECIMAL(18, 8)) * f.factor AS DECIMAL(18, 8)) AS worth_high
  FROM levels l
  JOIN parameter_values p ON p.quarter = l.quarter AND p.id = 'repayable.default-share'
  JOIN parameter_values y ON y.quarter = l.quarter AND y.id = 'repayable.years-to-repay'
  JOIN discounts f ON f.kind = 'standard' AND f.year = l.years + CAST(y.value_central AS INTEGER)
)
SELECT l.programme, l.quarter, d.figure, d.part_key AS term, 1 AS place, 'x' AS op, d.what,
       'funding' AS part, d.part_key, 'amount' AS part_figure,
       d.amount AS low, d.amount AS central, d.amount AS high, CAST(NULL AS INTEGER) AS digits
FROM levels l
JOIN deals d ON d.programme = l.programme AND d.ordinal <= l.ordinal
UNION ALL
SELECT programme, quarter, 'outstanding', f.part_figure AS term, f.place, 'x', f.what, f.part,
       CASE WHEN f.place = 1 THEN row_key END, CASE WHEN f.place = 1 THEN f.part_figure END,
       CASE WHEN f.place = 2 THEN -1 WHEN f.part_figure = 'deployed' THEN deployed
            WHEN f.part_figure = 'repaid' THEN repaid ELSE written_off END,
       CASE WHEN f.place = 2 THEN -1 WHEN f.part_figure = 'deployed' THEN deployed
            WHEN f.part_figure = 'repaid' THEN repaid ELSE written_off END,
       CASE WHEN f.place = 2 THEN -1 WHEN f.part_figure = 'deployed' THEN deployed
            WHEN f.part_figure = 'repaid' THEN repaid ELSE written_off END, NULL
FROM levels
CROSS JOIN (VALUES
  ('deployed', 1, 'paid out', 'repayable_finance'), ('repaid', 1, 'come back', 'repayable_finance'),
  ('repaid', 2, 'taken off', NULL), ('written_off', 1, 'given up', 'repayable_finance'), ('written_off', 2, 'taken off', NULL)
) AS f(part_figure, place, what, part)
UNION ALL
SELECT programme, quarter, 'injected', f.part_figure AS term, f.place, 'x', f.what || peak, f.part,
       CASE WHEN f.place = 1 THEN peak_key END, CASE WHEN f.place = 1 THEN f.part_figure END,
       CASE WHEN f.place = 2 THEN -1 WHEN f.part_figure = 'deployed' THEN deployed ELSE repaid END,
       CASE WHEN f.place = 2 THEN -1 WHEN f.part_figure = 'deployed' THEN deployed ELSE repaid END,
       CASE WHEN f.place = 2 THEN -1 WHEN f.part_figure = 'deployed' THEN deployed ELSE repaid END, NULL
FROM peaks k
CROSS JOIN (VALUES
  ('deployed', 1, 'most was out in ', 'repayable_finance'), ('repaid', 1, 'come back by ', 'repayable_finance'),
  ('repaid', 2, 'taken off in ', NULL)
) AS f(part_figure, place, what, part)
WHERE k.place = 1
UNION ALL
SELECT programme, quarter, 'recycling_ratio', '', f.place, f.op, f.part_figure AS what, 'repayable_finance', row_key, f.part_figure AS part_figure,
       CASE WHEN f.place = 1 THEN deployed ELSE injected END, CASE WHEN f.place = 1 THEN deployed ELSE injected END,
       CASE WHEN f.place = 1 THEN deployed ELSE injected END, NULL
FROM levels
CROSS JOIN (VALUES ('deployed', 1, 'x'), ('injected', 2, '/')) AS f(part_figure, place, op)
WHERE injected > 0
UNION ALL
-- What was paid out and came back in a quarter, discounted.
SELECT m.programme, m.quarter, 'moved', d.part_key AS term, 1, 'x', d.what, 'funding', d.part_key AS part_key, 'amount',
       d.amount, d.amount AS central, d.amount AS high, NULL
FROM moved m
JOIN deals d ON d.programme = m.programme AND d.ordinal = m.ordinal AND d.figure <> 'written_off'
UNION ALL
SELECT m.programme, m.quarter, 'moved', d.part_key AS term, 2, 'x', 'taken off', NULL, NULL, NULL, -1, -1, -1, NULL
FROM moved m
JOIN deals d ON d.programme = m.programme AND d.ordinal = m.ordinal AND d.figure = 'repaid'
UNION ALL
SELECT programme, quarter, 'present', '', 1, 'x', 'paid out less come back', 'repayable_finance', row_key, 'moved',
       amount, amount AS central, amount AS high, NULL
FROM present
UNION ALL
SELECT programme, quarter, 'present', '', 2, 'x', 'to prices of the base year', 'deflators', CAST(year AS STRING), 'factor',
       deflator, deflator AS central, deflator AS high, 4
FROM present
UNION ALL
SELECT programme, quarter, 'present', '', 3, 'x', 'discount', 'discounts', 'standard|' || CAST(years AS STRING), 'factor',
       factor, factor AS central, factor AS high, 4
FROM present
UNION ALL
SELECT programme, quarter, 'worth', '', f.place, f.op, f.what, f.part,
       CASE f.place WHEN 1 THEN default_key WHEN 2 THEN CAST(year AS STRING) WHEN 3 THEN 'standard|' || CAST(due_year AS STRING)
            ELSE years_key END,
       f.part_figure,
       CASE f.place WHEN 1 THEN value_low WHEN 2 THEN deflator WHEN 3 THEN factor END,
       CASE f.place WHEN 1 THEN value_central WHEN 2 THEN deflator WHEN 3 THEN factor END,
       CASE f.place WHEN 1 THEN value_high WHEN 2 THEN deflator WHEN 3 THEN factor END,
       CASE WHEN f.place IN (2, 3) THEN 8 END
FROM due
CROSS JOIN (VALUES
  (1, '1-', 'share that is not repaid', 'parameter_values', 'value'), (2, 'x', 'to prices of the base year', 'deflators', 'factor'),
  (3, 'x', 'discount', 'discounts', 'factor'), (4, 'from', 'years until it is repaid', 'parameter_values', 'value')
) AS f(place, op, what, part, part_figure)
UNION ALL
SELECT l.programme, l.quarter, 'grant_equivalent', p.quarter AS term, 1, 'x', 'present value of ' || p.quarter, 'repayable_finance',
       p.row_key, 'present', p.present, p.present AS central, p.present AS high, NULL
FROM due l
JOIN present p ON p.programme = l.programme AND p.quarter <= l.quarter
WHERE l.grant_equivalent_central IS NOT NULL
UNION ALL
SELECT programme, quarter, 'grant_equivalent', 'still out', f.place, 'x', f.what, f.part, CASE WHEN f.place < 3 THEN row_key END,
       f.part_figure,
       CASE f.place WHEN 1 THEN outstanding WHEN 2 THEN worth_low ELSE -1 END,
       CASE f.place WHEN 1 THEN outstanding WHEN 2 THEN worth_central ELSE -1 END,
       CASE f.place WHEN 1 THEN outstanding WHEN 2 THEN worth_high ELSE -1 END,
       CASE WHEN f.place = 2 THEN 4 END
FROM due
CROSS JOIN (VALUES
  (1, 'still out', 'repayable_finance', 'outstanding'), (2, 'what a pound of it is worth', 'repayable_finance', 'worth'),
  (3, 'taken off', NULL, NULL)
) AS f(place, what, part, part_figure)
WHERE grant_equivalent_central IS NOT NULL
