-- Whether what employers say of their stock agrees with what they say of its
-- movements, per quarter and district; never by employer.
-- parameters: none
--
-- Employers that state no movements are counted and not compared. The residual
-- of a district is told as a share of what its employers closed with, to a
-- thousandth, and only where three or more are compared: then it tells of
-- nobody's staff.
SELECT d.quarter, d.district,
       MAX(d.combined_authority) AS combined_authority,
       MAX(d.region) AS region,
       CAST(COUNT(d.hires) AS BIGINT) AS employers,
       CAST(COUNT(*) - COUNT(d.hires) AS BIGINT) AS employers_without_movements,
       CAST(COUNT(CASE WHEN ABS(d.residual) > d.persons AND ABS(d.residual) > d.shared THEN 1 END) AS BIGINT)
         AS employers_out_of_tolerance,
       CASE WHEN COUNT(d.hires) >= 3 AND SUM(CASE WHEN d.hires IS NOT NULL THEN d.closing END) > 0
            THEN ROUND(CAST(SUM(d.residual) AS DOUBLE) / CAST(SUM(CASE WHEN d.hires IS NOT NULL THEN d.closing END) AS DOUBLE), 3) END AS residual_share,
       r.data_label
FROM employer_residuals d
CROSS JOIN run r
GROUP BY d.quarter, d.district, r.data_label
