-- Repayable finance per programme, from its first quarter up to each.
-- parameters: repayable.default-share, repayable.years-to-repay
--
--   outstanding      = deployed - repaid - written off
--   injected         = most that was ever out at once: what is lent again from
--                      repayments is deployed anew and not injected anew
--   recycling ratio  = deployed / injected
--   grant equivalent = PV(deployed) - PV(repaid) - PV(outstanding x (1 - default share))
--
-- Grant equivalents are in pounds of the base year, discounted to the
-- programme's first year; what is outstanding comes back, but for the default
-- share, in the years it takes. Amounts of the day are in pounds. Null where a
-- year has no deflator.
WITH deals AS (
  SELECT programme, quarter,
         SUM(CASE WHEN measure = 'DISBURSED' THEN amount ELSE 0 END) AS deployed,
         SUM(CASE WHEN measure = 'REPAID' THEN amount ELSE 0 END) AS repaid,
         SUM(CASE WHEN measure = 'WRITTEN_OFF' THEN amount ELSE 0 END) AS written_off
  FROM funding
  WHERE in_totals AND currency = 'GBP' AND instrument IN ('LOAN', 'EQUITY', 'QUASI_EQUITY')
    AND measure IN ('DISBURSED', 'REPAID', 'WRITTEN_OFF')
  GROUP BY programme, quarter
),
starts AS (
  SELECT d.programme, MIN(c.ordinal) AS ordinal, MIN(c.year) AS year
  FROM deals d
  JOIN calendar c ON c.quarter = d.quarter
  GROUP BY d.programme
),
quarters_of AS (
  SELECT s.programme, c.quarter, c.ordinal, c.year - s.year AS years, l.factor AS deflator,
         CAST(COALESCE(d.deployed, 0) AS DECIMAL(18, 4)) AS deployed,
         CAST(COALESCE(d.repaid, 0) AS DECIMAL(18, 4)) AS repaid,
         CAST(COALESCE(d.written_off, 0) AS DECIMAL(18, 4)) AS written_off
  FROM starts s
  JOIN calendar c ON c.ordinal >= s.ordinal
  LEFT JOIN deals d ON d.programme = s.programme AND d.quarter = c.quarter
  LEFT JOIN deflators l ON l.price_year = c.year
),
present AS (
  SELECT q.*,
         CAST(CAST(CAST((q.deployed - q.repaid) AS DECIMAL(22, 4)) * q.deflator AS DECIMAL(22, 4)) * f.factor
              AS DECIMAL(22, 4)) AS present_net
  FROM quarters_of q
  JOIN discounts f ON f.kind = 'standard' AND f.year = q.years
),
running AS (
  SELECT p.*,
         SUM(p.deployed) OVER (PARTITION BY p.programme ORDER BY p.ordinal) AS deployed_so_far,
         SUM(p.repaid) OVER (PARTITION BY p.programme ORDER BY p.ordinal) AS repaid_so_far,
         SUM(p.written_off) OVER (PARTITION BY p.programme ORDER BY p.ordinal) AS written_off_so_far,
         SUM(p.present_net) OVER (PARTITION BY p.programme ORDER BY p.ordinal) AS present_so_far,
         COUNT(p.present_net) OVER (PARTITION BY p.programme ORDER BY p.ordinal) AS valued,
         COUNT(*) OVER (PARTITION BY p.programme ORDER BY p.ordinal) AS quarters
  FROM present p
),
levels AS (
  SELECT r.programme, r.quarter, r.ordinal, r.years, r.deflator,
         CAST(r.deployed_so_far AS DECIMAL(18, 4)) AS deployed,
         CAST(r.repaid_so_far AS DECIMAL(18, 4)) AS repaid,
         CAST(r.written_off_so_far AS DECIMAL(18, 4)) AS written_off,
         CAST(r.deployed_so_far - r.repaid_so_far - r.written_off_so_far AS DECIMAL(18, 4)) AS outstanding,
         CAST(MAX(r.deployed_so_far - r.repaid_so_far) OVER (PARTITION BY r.programme ORDER BY r.ordinal)
              AS DECIMAL(18, 4)) AS injected,
         CASE WHEN r.valued = r.quarters THEN CAST(r.present_so_far AS DECIMAL(22, 4)) END AS present
  FROM running r
),
due AS (
  -- What one pound of the day that is owed is worth.
  SELECT l.*,
         CAST(CAST(CAST(CAST('1' AS DECIMAL(18, 8)) - p.value_low AS DECIMAL(18, 8)) * l.deflator AS DECIMAL(18, 8)) * f.factor AS DECIMAL(18, 8)) AS worth_low,
         CAST(CAST(CAST(CAST('1' AS DECIMAL(18, 8)) - p.value_central AS DECIMAL(18, 8)) * l.deflator AS DECIMAL(18, 8)) * f.factor AS DECIMAL(18, 8)) AS worth_central,
         CAST(CAST(CAST(CAST('1' AS DECIMAL(18, 8)) - p.value_high AS DECIMAL(18, 8)) * l.deflator AS DECIMAL(18, 8)) * f.factor AS DECIMAL(18, 8)) AS worth_high,
         GREATEST(p.confidence, y.confidence, f.confidence) AS confidence
  FROM levels l
  LEFT JOIN parameter_values p ON p.quarter = l.quarter AND p.id = 'repayable.default-share'
  LEFT JOIN parameter_values y ON y.quarter = l.quarter AND y.id = 'repayable.years-to-repay'
  LEFT JOIN discounts f ON f.kind = 'standard' AND f.year = l.years + CAST(y.value_central AS INTEGER)
)
SELECT d.programme, d.quarter, d.deployed, d.repaid, d.written_off, d.outstanding, d.injected,
       CASE WHEN d.injected > 0 THEN CAST(d.deployed AS DOUBLE) / CAST(d.injected AS DOUBLE) END AS recycling_ratio,
       CAST(d.present - CAST(CAST(d.outstanding AS DECIMAL(22, 4)) * d.worth_low AS DECIMAL(22, 4)) AS DECIMAL(18, 2)) AS grant_equivalent_low,
       CAST(d.present - CAST(CAST(d.outstanding AS DECIMAL(22, 4)) * d.worth_central AS DECIMAL(22, 4)) AS DECIMAL(18, 2)) AS grant_equivalent_central,
       CAST(d.present - CAST(CAST(d.outstanding AS DECIMAL(22, 4)) * d.worth_high AS DECIMAL(22, 4)) AS DECIMAL(18, 2)) AS grant_equivalent_high,
       r.price_base_year, d.confidence, r.method_version, r.data_label
FROM due d
CROSS JOIN run r
