-- Headlines: the rows of other tables that each is the sum of.
WITH counted AS (
  SELECT 'jobs' AS part, j.row_key AS part_key, j.kind, j.measure, j.job_basis, j.unit, j.combined_authority,
         j.quarter, c.year, j.quantity
  FROM keyed_jobs j
  JOIN calendar c ON c.quarter = j.quarter
  WHERE j.quantity IS NOT NULL
  UNION ALL
  SELECT 'volunteering', v.row_key, v.kind, v.measure, 'NONE', v.unit, v.combined_authority, v.quarter, c.year, v.quantity
  FROM keyed_volunteering v
  JOIN calendar c ON c.quarter = v.quarter
  WHERE v.quantity IS NOT NULL
),
counts AS (
  SELECT h.area, h.programme, h.headline, h.unit, h.period, c.part, c.part_key, c.quarter, c.quantity,
         l.kind = 'stock' AND h.period = CAST(c.year AS STRING) AS is_mean
  FROM headline h
  JOIN headline_labels l ON l.headline = h.headline
  JOIN counted c ON c.kind = l.kind AND c.measure = l.measure AND c.unit = h.unit
   AND (l.job_basis = '' OR l.job_basis = c.job_basis)
   AND (h.area = 'all' OR h.area = c.combined_authority)
   AND (h.period = 'total' OR h.period = CAST(c.year AS STRING) OR h.period = c.quarter)
),
outcomes AS (
  SELECT h.area, h.programme, h.headline, h.unit, h.period, l.share_of_year, l.measured_in, s.*
  FROM headline h
  JOIN headline_labels l ON l.headline = h.headline AND l.kind = 'value'
  JOIN (SELECT k.row_key, k.outcome, k.quarter, c.year, k.combined_authority, k.gross, k.net_central,
               k.value_low, k.value_central, k.value_high
        FROM keyed_social_value k
        JOIN calendar c ON c.quarter = k.quarter) s
    ON s.outcome = l.outcome
   AND (h.area = 'all' OR h.area = s.combined_authority)
   AND (h.period = 'total' OR h.period = CAST(s.year AS STRING))
),
shares AS (
  SELECT o.*, 'gross' AS figure, 'gross' AS part_figure, gross AS counted FROM outcomes o
  UNION ALL
  SELECT o.*, 'net_central' AS figure, 'net_central' AS part_figure, net_central AS counted FROM outcomes o
)
SELECT area, programme, headline, unit, period, 'value' AS figure, part_key AS term, 1 AS place,
       quarter AS what, part, part_key, 'quantity' AS part_figure,
       quantity AS low, quantity AS central, quantity AS high
FROM counts
UNION ALL
SELECT area, programme, headline, unit, period, 'value', part_key AS term, 2,
       'one of four quarter ends', NULL, NULL, NULL, 0.25, 0.25 AS central, 0.25 AS high
FROM counts
WHERE is_mean
UNION ALL
SELECT h.area, h.programme, h.headline, h.unit, h.period, 'value', f.row_key, 1,
       f.quarter || ' ' || f.funder_id, 'funding', f.row_key AS part_key, 'amount', f.amount, f.amount AS central, f.amount AS high
FROM headline h
JOIN headline_labels l ON l.headline = h.headline AND l.kind = 'money'
JOIN keyed_funding f ON f.measure = l.measure AND f.instrument = l.instrument AND f.currency = h.unit AND f.in_totals
 AND (h.area = 'all' OR h.area = f.combined_authority)
 AND (h.programme = 'all' OR h.programme = f.programme)
JOIN calendar c ON c.quarter = f.quarter AND (h.period = 'total' OR h.period = CAST(c.year AS STRING))
UNION ALL
SELECT area, programme, headline, unit, period, 'value', row_key, 1,
       quarter, 'social_value', row_key AS part_key, 'value', value_low, value_central, value_high
FROM outcomes
WHERE value_central IS NOT NULL
UNION ALL
SELECT area, programme, headline, unit, period, figure, row_key, 1,
       quarter, 'social_value', row_key AS part_key, part_figure, counted, counted AS central, counted AS high
FROM shares
WHERE counted IS NOT NULL
UNION ALL
SELECT area, programme, headline, unit, period, figure, row_key, 2,
       'share of a year, in ' || measured_in, NULL, NULL, NULL, share_of_year, share_of_year AS central, share_of_year AS high
FROM shares
WHERE counted IS NOT NULL
