-- A few figures per year: for every place, and for the area of the method.
-- parameters: none
--
-- Stocks: a year is the mean of its four quarter ends and is left out where
-- one is missing; beside it stands the last quarter end. Money and flows: the
-- sum over the year, and over all years as 'total'. Money is never added over
-- measures, instruments or currencies; bundles are never added.
WITH levels AS (
  SELECT 'all' AS area, quarter, measure, job_basis, unit, quantity FROM jobs WHERE kind = 'stock'
  UNION ALL
  SELECT 'all', quarter, measure, 'NONE', unit, quantity FROM volunteering WHERE kind = 'stock'
  UNION ALL
  SELECT r.area_code, j.quarter, j.measure, j.job_basis, j.unit, j.quantity
  FROM jobs j CROSS JOIN run r WHERE j.kind = 'stock' AND j.combined_authority = r.area_code
  UNION ALL
  SELECT r.area_code, v.quarter, v.measure, 'NONE', v.unit, v.quantity
  FROM volunteering v CROSS JOIN run r WHERE v.kind = 'stock' AND v.combined_authority = r.area_code
),
quarter_ends AS (
  SELECT l.area, c.year, c.quarter, c.ordinal, s.display_order, s.headline, s.label, l.unit, SUM(l.quantity) AS quantity
  FROM levels l
  JOIN headline_labels s ON s.kind = 'stock' AND s.measure = l.measure AND s.job_basis = l.job_basis
  JOIN calendar c ON c.quarter = l.quarter
  WHERE l.quantity IS NOT NULL
  GROUP BY l.area, c.year, c.quarter, c.ordinal, s.display_order, s.headline, s.label, l.unit
),
stock_figures AS (
  SELECT area, display_order, headline, label, unit, CAST(year AS STRING) AS period, year AS year,
         SUM(quantity) * CAST('0.25' AS DECIMAL(3, 2)) AS figure,
         'mean of four quarter ends' AS basis, 4 AS quarters
  FROM quarter_ends
  GROUP BY area, display_order, headline, label, unit, year
  HAVING COUNT(*) = 4
  UNION ALL
  SELECT q.area, q.display_order, q.headline, q.label, q.unit, q.quarter, q.year,
         q.quantity * CAST('1.00' AS DECIMAL(3, 2)), 'level at the end of the quarter', 1
  FROM quarter_ends q
  JOIN (SELECT MAX(ordinal) AS ordinal FROM calendar) l ON l.ordinal = q.ordinal
),
movements AS (
  SELECT 'all' AS area, quarter, measure, unit, quantity FROM jobs WHERE kind = 'flow'
  UNION ALL
  SELECT 'all', quarter, measure, unit, quantity FROM volunteering WHERE kind = 'flow'
  UNION ALL
  SELECT r.area_code, j.quarter, j.measure, j.unit, j.quantity
  FROM jobs j CROSS JOIN run r WHERE j.kind = 'flow' AND j.combined_authority = r.area_code
  UNION ALL
  SELECT r.area_code, v.quarter, v.measure, v.unit, v.quantity
  FROM volunteering v CROSS JOIN run r WHERE v.kind = 'flow' AND v.combined_authority = r.area_code
),
flows AS (
  SELECT m.area, c.year, c.quarter, f.display_order, f.headline, f.label, m.unit, m.quantity
  FROM movements m
  JOIN headline_labels f ON f.kind = 'flow' AND f.measure = m.measure
  JOIN calendar c ON c.quarter = m.quarter
),
flow_figures AS (
  SELECT area, display_order, headline, label, unit, CAST(year AS STRING) AS period, year AS year,
         SUM(quantity) AS figure, 'sum over the year' AS basis, COUNT(DISTINCT quarter) AS quarters
  FROM flows GROUP BY area, display_order, headline, label, unit, year
  UNION ALL
  SELECT area, display_order, headline, label, unit, 'total', CAST(NULL AS INTEGER),
         SUM(quantity), 'sum over all quarters', COUNT(DISTINCT quarter)
  FROM flows GROUP BY area, display_order, headline, label, unit
),
payments AS (
  SELECT 'all' AS area, quarter, programme, measure, instrument, currency, amount FROM money_by_quarter
  UNION ALL
  SELECT r.area_code, f.quarter, f.programme, f.measure, f.instrument, f.currency, f.amount
  FROM money_by_quarter f CROSS JOIN run r WHERE f.combined_authority = r.area_code
),
money AS (
  SELECT p.area, p.programme, c.year, c.quarter, m.measure, p.currency, p.amount, m.display_order, m.headline, m.label
  FROM payments p
  JOIN headline_labels m ON m.kind = 'money' AND m.measure = p.measure AND m.instrument = p.instrument
  JOIN calendar c ON c.quarter = p.quarter
),
largest_programmes AS (
  SELECT programme
  FROM (SELECT programme, ROW_NUMBER() OVER (ORDER BY SUM(amount) DESC, programme) AS place
        FROM money
        WHERE area = 'all' AND measure = 'COMMITTED' AND currency = 'GBP' AND programme <> 'unknown'
        GROUP BY programme) AS ranked
  WHERE place <= 12
),
money_figures AS (
  SELECT area, 'all' AS programme, display_order, headline, label, currency AS unit,
         CAST(year AS STRING) AS period, year AS year,
         SUM(amount) AS figure, 'sum over the year, prices of the day' AS basis, COUNT(DISTINCT quarter) AS quarters
  FROM money GROUP BY area, display_order, headline, label, currency, year
  UNION ALL
  SELECT area, 'all', display_order, headline, label, currency, 'total', CAST(NULL AS INTEGER),
         SUM(amount), 'sum over all quarters, prices of the day', COUNT(DISTINCT quarter)
  FROM money GROUP BY area, display_order, headline, label, currency
  UNION ALL
  SELECT m.area, m.programme, m.display_order, m.headline, m.label, m.currency, 'total', CAST(NULL AS INTEGER),
         SUM(m.amount), 'sum over all quarters, prices of the day', COUNT(DISTINCT m.quarter)
  FROM money m JOIN largest_programmes l ON l.programme = m.programme
  GROUP BY m.area, m.programme, m.display_order, m.headline, m.label, m.currency
),
values_scoped AS (
  SELECT 'all' AS area, quarter, bundle, outcome, gross, net_central, value_low, value_central, value_high,
         evidence_grade, confidence
  FROM social_value
  UNION ALL
  SELECT r.area_code, s.quarter, s.bundle, s.outcome, s.gross, s.net_central, s.value_low, s.value_central,
         s.value_high, s.evidence_grade, s.confidence
  FROM social_value s CROSS JOIN run r WHERE s.combined_authority = r.area_code
),
valued AS (
  SELECT s.*, c.year, l.display_order, l.headline, l.label, l.measured_in, l.share_of_year
  FROM values_scoped s
  JOIN headline_labels l ON l.kind = 'value' AND l.outcome = s.outcome
  JOIN calendar c ON c.quarter = s.quarter
),
value_figures AS (
  SELECT area, display_order, headline, label, bundle, measured_in, CAST(year AS STRING) AS period, year AS year,
         SUM(CAST(gross AS DECIMAL(28, 4)) * share_of_year) AS gross, SUM(CAST(net_central AS DECIMAL(28, 4)) * share_of_year) AS net_central,
         SUM(value_low) AS value_low, SUM(value_central) AS value_central, SUM(value_high) AS value_high,
         MAX(evidence_grade) AS evidence_grade, MAX(confidence) AS confidence,
         'sum over the year' AS basis, COUNT(DISTINCT quarter) AS quarters
  FROM valued GROUP BY area, display_order, headline, label, bundle, measured_in, year
  UNION ALL
  SELECT area, display_order, headline, label, bundle, measured_in, 'total', CAST(NULL AS INTEGER),
         SUM(CAST(gross AS DECIMAL(28, 4)) * share_of_year), SUM(CAST(net_central AS DECIMAL(28, 4)) * share_of_year),
         SUM(value_low), SUM(value_central), SUM(value_high),
         MAX(evidence_grade), MAX(confidence), 'sum over all quarters', COUNT(DISTINCT quarter)
  FROM valued GROUP BY area, display_order, headline, label, bundle, measured_in
),
figures AS (
  SELECT area, 'all' AS programme, display_order, headline, label, CAST(NULL AS STRING) AS bundle, unit, period, year,
         CAST(figure AS DECIMAL(18, 4)) AS value_low,
         CAST(figure AS DECIMAL(18, 4)) AS value_central,
         CAST(figure AS DECIMAL(18, 4)) AS value_high,
         CAST(NULL AS DECIMAL(18, 4)) AS gross, CAST(NULL AS DECIMAL(18, 4)) AS net_central,
         CAST(NULL AS STRING) AS measured_in, CAST(NULL AS INTEGER) AS evidence_grade,
         CAST(NULL AS STRING) AS confidence, basis, quarters
  FROM stock_figures
  UNION ALL
  SELECT area, 'all', display_order, headline, label, NULL, unit, period, year,
         CAST(figure AS DECIMAL(18, 4)), CAST(figure AS DECIMAL(18, 4)), CAST(figure AS DECIMAL(18, 4)),
         NULL, NULL, NULL, NULL, NULL, basis, quarters
  FROM flow_figures
  UNION ALL
  SELECT area, programme, display_order, headline, label, NULL, unit, period, year,
         CAST(figure AS DECIMAL(18, 4)), CAST(figure AS DECIMAL(18, 4)), CAST(figure AS DECIMAL(18, 4)),
         NULL, NULL, NULL, NULL, NULL, basis, quarters
  FROM money_figures
  UNION ALL
  SELECT v.area, 'all', v.display_order, v.headline, v.label, v.bundle, 'GBP', v.period, v.year,
         CAST(v.value_low AS DECIMAL(18, 4)), CAST(v.value_central AS DECIMAL(18, 4)),
         CAST(v.value_high AS DECIMAL(18, 4)),
         CAST(v.gross AS DECIMAL(18, 4)), CAST(v.net_central AS DECIMAL(18, 4)),
         v.measured_in, v.evidence_grade, v.confidence,
         v.basis || ', prices of ' || CAST(r.price_base_year AS STRING), v.quarters
  FROM value_figures v CROSS JOIN run r
)
SELECT f.area, f.programme, f.headline, f.unit, f.period,
       CAST(f.display_order AS INTEGER) AS display_order,
       CAST(f.year AS INTEGER) AS year,
       f.label, f.bundle,
       f.value_low, f.value_central, f.value_high,
       f.gross, f.net_central, f.measured_in,
       f.evidence_grade, f.confidence, f.basis,
       CAST(f.quarters AS INTEGER) AS quarters,
       r.method_version, CAST(NULL AS STRING) AS disclosure, r.data_label
FROM figures f
CROSS JOIN run r
