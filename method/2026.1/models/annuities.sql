-- What one real pound a year comes to over the years an outcome lasts; not
-- published.
-- parameters: lifetime.jobs.years, lifetime.jobs.retention
--
--   annuity = sum over k of retention^k / product of (1 + rate) up to year k,
--             k = 0 .. years - 1
--
-- `retentions` holds retention^k. What lasts one year is not discounted: its
-- only year is the first. How long posts last is assumed anew for all quarters,
-- so it is the assumption that holds now.
WITH posts AS (
  SELECT d.year,
         CASE WHEN CAST(d.year AS DECIMAL(18, 8)) < y.value_low THEN k.value_low END AS kept_low,
         CASE WHEN CAST(d.year AS DECIMAL(18, 8)) < y.value_central THEN k.value_central END AS kept_central,
         CASE WHEN CAST(d.year AS DECIMAL(18, 8)) < y.value_high THEN k.value_high END AS kept_high,
         d.factor,
         GREATEST(y.confidence, p.confidence, d.confidence) AS confidence
  FROM parameters y
  JOIN discounts d ON d.kind = 'standard' AND CAST(d.year AS DECIMAL(18, 8)) < y.value_high
  JOIN retentions k ON k.id = 'lifetime.jobs.retention' AND k.year = d.year
  JOIN parameters p ON p.id = 'lifetime.jobs.retention' AND p.valid_to IS NULL
  WHERE y.id = 'lifetime.jobs.years' AND y.valid_to IS NULL
)
SELECT 'jobs' AS outcomes, MAX(confidence) AS confidence,
       CAST(COUNT(kept_low) AS INTEGER) AS years_low,
       CAST(COUNT(kept_central) AS INTEGER) AS years_central,
       CAST(COUNT(kept_high) AS INTEGER) AS years_high,
       CAST(SUM(kept_low) AS DECIMAL(18, 8)) AS undiscounted_low,
       CAST(SUM(kept_central) AS DECIMAL(18, 8)) AS undiscounted_central,
       CAST(SUM(kept_high) AS DECIMAL(18, 8)) AS undiscounted_high,
       CAST(SUM(CAST(kept_low * factor AS DECIMAL(18, 8))) AS DECIMAL(18, 8)) AS present_low,
       CAST(SUM(CAST(kept_central * factor AS DECIMAL(18, 8))) AS DECIMAL(18, 8)) AS present_central,
       CAST(SUM(CAST(kept_high * factor AS DECIMAL(18, 8))) AS DECIMAL(18, 8)) AS present_high
FROM posts
