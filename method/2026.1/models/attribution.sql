-- Social value by funder: what each contributed to, and what is its share.
-- parameters: none
--
-- Every funder of a programme contributed to all of its value; that must not
-- be added over funders. Its share may: shares of a value add up to it exactly,
-- the largest funder has what rounding left. Value of a programme nobody is
-- known to have paid for stands with the funder `unknown`.
WITH shared AS (
  SELECT o.quarter, o.bundle, o.outcome, o.programme, o.value_low, o.value_central, o.value_high,
         o.evidence_grade, o.confidence, o.disclosure,
         COALESCE(s.funder_id, 'unknown') AS funder_id, COALESCE(s.basis, 'none') AS basis,
         COALESCE(s.share, CAST('1' AS DECIMAL(18, 12))) AS share
  FROM lifetime_value o
  LEFT JOIN funder_shares s ON s.programme = o.programme AND o.programme <> 'unknown'
),
parts AS (
  SELECT s.*,
         CAST(CAST(s.value_low AS DECIMAL(24, 2)) * s.share AS DECIMAL(18, 2)) AS part_low,
         CAST(CAST(s.value_central AS DECIMAL(24, 2)) * s.share AS DECIMAL(18, 2)) AS part_central,
         CAST(CAST(s.value_high AS DECIMAL(24, 2)) * s.share AS DECIMAL(18, 2)) AS part_high,
         ROW_NUMBER() OVER (PARTITION BY s.quarter, s.bundle, s.outcome, s.programme
                            ORDER BY s.share DESC, s.funder_id) AS place
  FROM shared s
),
summed AS (
  SELECT p.*,
         SUM(p.part_low) OVER w AS parts_low,
         SUM(p.part_central) OVER w AS parts_central,
         SUM(p.part_high) OVER w AS parts_high
  FROM parts p
  WINDOW w AS (PARTITION BY p.quarter, p.bundle, p.outcome, p.programme)
)
SELECT s.quarter, s.bundle, s.outcome, s.programme, s.funder_id, s.basis, s.share,
       CAST(s.value_low AS DECIMAL(18, 2)) AS contribution_to_low,
       CAST(s.value_central AS DECIMAL(18, 2)) AS contribution_to_central,
       CAST(s.value_high AS DECIMAL(18, 2)) AS contribution_to_high,
       CAST(CASE WHEN s.place = 1 THEN s.value_low - (s.parts_low - s.part_low) ELSE s.part_low END
            AS DECIMAL(18, 2)) AS attributed_low,
       CAST(CASE WHEN s.place = 1 THEN s.value_central - (s.parts_central - s.part_central) ELSE s.part_central END
            AS DECIMAL(18, 2)) AS attributed_central,
       CAST(CASE WHEN s.place = 1 THEN s.value_high - (s.parts_high - s.part_high) ELSE s.part_high END
            AS DECIMAL(18, 2)) AS attributed_high,
       r.price_base_year, s.evidence_grade, s.confidence, r.method_version, s.disclosure, r.data_label
FROM summed s
CROSS JOIN run r
