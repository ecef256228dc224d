-- Volunteering: levels by source, and balances of the hours given.
WITH levels AS (
  SELECT v.quarter, v.measure, v.programme, v.district, l.source, l.job_basis, l.row_key AS part_key,
         f.figure, f.part_figure,
         CASE f.figure WHEN 'quantity' THEN l.quantity WHEN 'statements' THEN l.series
              WHEN 'carried_forward' THEN l.carried_forward ELSE l.stale END AS value
  FROM volunteering v
  JOIN keyed_stock_levels l ON l.quarter = v.quarter AND l.measure = v.measure AND l.programme = v.programme
   AND l.district = v.district
  CROSS JOIN (VALUES
    ('quantity', 'quantity'), ('statements', 'series'), ('carried_forward', 'carried_forward'), ('stale', 'stale')
  ) AS f(figure, part_figure)
  WHERE v.kind = 'stock'
),
flows AS (
  SELECT v.quarter, v.measure, v.programme, v.district, CAST(b.balance AS STRING) AS balance, b.organisation_id,
         f.figure, f.part_figure, CASE f.figure WHEN 'quantity' THEN b.quantity ELSE b.entries END AS value
  FROM volunteering v
  JOIN employment_balances b ON b.quarter = v.quarter AND b.measure = v.measure
   AND COALESCE(b.programme, 'unknown') = v.programme AND b.district = v.district
  CROSS JOIN (VALUES ('quantity', 'quantity'), ('statements', 'entries')) AS f(figure, part_figure)
  WHERE v.kind = 'flow'
)
SELECT quarter, measure, programme, district, figure, part_key AS term, source AS what,
       'stock_levels' AS part, part_key, part_figure, value AS central
FROM levels
WHERE value IS NOT NULL
UNION ALL
SELECT quarter, measure, programme, district, figure, balance, organisation_id, 'employment_balances', balance AS part_key, part_figure, value
FROM flows
