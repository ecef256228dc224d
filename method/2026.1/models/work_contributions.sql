-- What each organisation adds to each cell of work_cells; not published, and
-- read by disclosure control alone.
-- parameters: none
--
-- Levels are carried forward as in stock_levels. The publisher checks that
-- contributions add up to their cell.
WITH held AS (
  SELECT s.cell, s.contributor, q.ordinal,
         CASE WHEN q.quarters_to_next <= 5 THEN q.quarters_to_next ELSE 5 END AS quarters,
         SUM(q.quantity) AS quantity
  FROM stock_quarters q
  JOIN stock_series s ON s.series = q.series
  GROUP BY s.cell, s.contributor, q.ordinal,
           CASE WHEN q.quarters_to_next <= 5 THEN q.quarters_to_next ELSE 5 END
),
levels AS (
  SELECT h.ordinal + k.later AS ordinal, h.cell, h.contributor, h.quantity
  FROM held h
  JOIN (VALUES (0), (1), (2), (3), (4)) AS k(later) ON k.later < h.quarters
),
stocks AS (
  SELECT w.cell, s.cell AS stock_cell, w.ordinal
  FROM stock_cells s
  JOIN work_cells w
    ON w.kind = 'stock' AND w.measure = s.measure AND w.programme = COALESCE(s.programme, 'unknown')
   AND w.district = s.district AND w.job_basis = COALESCE(s.job_basis, 'NONE')
),
flows AS (
  SELECT w.cell, f.cell AS flow_cell
  FROM flow_cells f
  JOIN work_cells w
    ON w.kind = 'flow' AND w.quarter = f.quarter AND w.measure = f.measure
   AND w.programme = COALESCE(f.programme, 'unknown') AND w.district = f.district
   AND (w.shown_in = 'volunteering' OR w.job_basis = COALESCE(f.job_basis, 'NONE'))
   AND (w.shown_in = 'volunteering' OR w.prior_status = COALESCE(f.prior_status, 'NONE'))
)
SELECT s.cell, CAST(l.contributor AS BIGINT) AS contributor, CAST(SUM(l.quantity) AS DECIMAL(18, 4)) AS quantity
FROM levels l
JOIN stocks s ON s.stock_cell = l.cell AND s.ordinal = l.ordinal
GROUP BY s.cell, l.contributor
UNION ALL
SELECT f.cell, CAST(c.contributor AS BIGINT), CAST(SUM(c.quantity) AS DECIMAL(18, 4))
FROM flow_contributions c
JOIN flows f ON f.flow_cell = c.cell
GROUP BY f.cell, c.contributor
