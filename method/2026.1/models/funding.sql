-- Money by quarter, programme, funder, measure, instrument, district and
-- currency.
-- parameters: none
--
-- Measures and instruments are rows of their own and never added. Onward
-- grants are shown and kept out of totals, since the end award is recorded
-- too. Only pounds have a real amount: other currencies are not converted.
WITH cells AS (
  SELECT quarter,
         COALESCE(programme, 'unknown') AS programme,
         counterparty_id AS funder_id,
         measure,
         COALESCE(instrument, 'UNSPECIFIED') AS instrument,
         district,
         unit AS currency,
         onward_grant,
         MAX(combined_authority) AS combined_authority,
         MAX(region) AS region,
         CAST(SUM(entries) AS BIGINT) AS events,
         CAST(SUM(quantity) AS DECIMAL(18, 4)) AS amount
  FROM funding_cells
  WHERE entries > 0
  GROUP BY quarter, COALESCE(programme, 'unknown'), counterparty_id, measure,
           COALESCE(instrument, 'UNSPECIFIED'), district, unit, onward_grant
)
SELECT f.quarter, f.programme, f.funder_id, f.measure, f.instrument, f.district, f.currency, f.onward_grant,
       f.combined_authority, f.region,
       NOT f.onward_grant AS in_totals,
       f.events, f.amount,
       CASE WHEN f.currency = 'GBP' THEN CAST(CAST(f.amount AS DECIMAL(28, 4)) * d.factor AS DECIMAL(18, 2)) END AS amount_real,
       r.price_base_year, r.data_label
FROM cells f
JOIN calendar c ON c.quarter = f.quarter
LEFT JOIN deflators d ON d.price_year = c.year
CROSS JOIN run r
