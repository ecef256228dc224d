-- What was published about the region, beside the figure computed here.
-- parameters: none
--
-- A claim is never mixed into a figure. Where it says which headline measures
-- the same, that headline of the method's own area stands beside it; nothing
-- does where no entry tells of it.
SELECT c.claim, c.text, CAST(c.value AS DECIMAL(18, 2)) AS value, c.unit, c.source, c.url, c.claimed_on,
       c.headline, c.programme, h.period, h.basis,
       h.value_low AS computed_low, h.value_central AS computed_central, h.value_high AS computed_high,
       r.area_code AS area, h.disclosure, r.method_version, r.data_label
FROM stated_claims c
CROSS JOIN run r
LEFT JOIN (
  SELECT f.headline, f.area, f.programme, f.unit, f.period, f.basis, f.value_low, f.value_central, f.value_high,
         f.disclosure, CASE WHEN f.period = q.quarter THEN 'latest' ELSE f.period END AS asked
  FROM headline f
  CROSS JOIN (SELECT MAX(quarter) AS quarter FROM quarters) q
) h ON h.headline = c.headline AND h.area = r.area_code AND h.programme = c.programme AND h.unit = c.unit
   AND h.asked = c.period
