-- The outcomes of each programme and quarter, over all districts: what they are
-- worth in the quarter, and over their whole life in real pounds, as it comes
-- and discounted to the quarter's year.
-- parameters: none
--
-- Only here is anything discounted. A post is valued for a year at a time and
-- drops off from one to the next; what lasts a year is worth that year. Posts
-- are levels: the same post stands in every quarter it is there, so lifetime
-- values of posts must not be added over quarters (`kind` is stock).
WITH outcomes AS (
  SELECT quarter, bundle, outcome, programme,
         CASE WHEN bundle = 'ECONOMIC' THEN 'stock' ELSE 'flow' END AS kind,
         SUM(CAST(gross AS DECIMAL(24, 4))) AS gross,
         SUM(CAST(value_low AS DECIMAL(24, 2))) AS value_low,
         SUM(CAST(value_central AS DECIMAL(24, 2))) AS value_central,
         SUM(CAST(value_high AS DECIMAL(24, 2))) AS value_high,
         MAX(evidence_grade) AS evidence_grade, MAX(confidence) AS confidence
  FROM social_value
  GROUP BY quarter, bundle, outcome, programme
  HAVING COUNT(*) = COUNT(value_central)
),
yearly AS (
  -- A post's value is that of a quarter of a year.
  SELECT o.quarter, o.bundle, o.outcome, o.programme, o.kind, o.evidence_grade, o.confidence, o.gross,
         o.value_low AS quarter_low, o.value_central AS quarter_central, o.value_high AS quarter_high,
         CAST(o.value_low * CAST(CASE WHEN o.kind = 'stock' THEN 4 ELSE 1 END AS DECIMAL(1, 0)) AS DECIMAL(28, 2)) AS value_low,
         CAST(o.value_central * CAST(CASE WHEN o.kind = 'stock' THEN 4 ELSE 1 END AS DECIMAL(1, 0)) AS DECIMAL(28, 2)) AS value_central,
         CAST(o.value_high * CAST(CASE WHEN o.kind = 'stock' THEN 4 ELSE 1 END AS DECIMAL(1, 0)) AS DECIMAL(28, 2)) AS value_high
  FROM outcomes o
)
SELECT y.quarter, y.bundle, y.outcome, y.programme, y.kind,
       CAST(y.gross AS DECIMAL(18, 4)) AS gross,
       CAST(y.quarter_low AS DECIMAL(18, 2)) AS value_low,
       CAST(y.quarter_central AS DECIMAL(18, 2)) AS value_central,
       CAST(y.quarter_high AS DECIMAL(18, 2)) AS value_high,
       CAST(COALESCE(a.years_low, 1) AS INTEGER) AS years_low,
       CAST(COALESCE(a.years_central, 1) AS INTEGER) AS years_central,
       CAST(COALESCE(a.years_high, 1) AS INTEGER) AS years_high,
       CAST(CASE WHEN a.outcomes IS NULL THEN y.value_low ELSE y.value_low * a.undiscounted_low END
            AS DECIMAL(18, 2)) AS undiscounted_low,
       CAST(CASE WHEN a.outcomes IS NULL THEN y.value_central ELSE y.value_central * a.undiscounted_central END
            AS DECIMAL(18, 2)) AS undiscounted_central,
       CAST(CASE WHEN a.outcomes IS NULL THEN y.value_high ELSE y.value_high * a.undiscounted_high END
            AS DECIMAL(18, 2)) AS undiscounted_high,
       CAST(CASE WHEN a.outcomes IS NULL THEN y.value_low ELSE y.value_low * a.present_low END
            AS DECIMAL(18, 2)) AS present_low,
       CAST(CASE WHEN a.outcomes IS NULL THEN y.value_central ELSE y.value_central * a.present_central END
            AS DECIMAL(18, 2)) AS present_central,
       CAST(CASE WHEN a.outcomes IS NULL THEN y.value_high ELSE y.value_high * a.present_high END
            AS DECIMAL(18, 2)) AS present_high,
       r.price_base_year, y.evidence_grade,
       GREATEST(y.confidence, COALESCE(a.confidence, y.confidence)) AS confidence,
       r.method_version, CAST(NULL AS STRING) AS disclosure, r.data_label
FROM yearly y
CROSS JOIN run r
LEFT JOIN annuities a ON a.outcomes = CASE WHEN y.kind = 'stock' THEN 'jobs' END
