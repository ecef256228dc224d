-- What the figures rest on, and what they leave out: counts per dataset,
-- source and check. Nothing here depends on the order or number of arrivals.
-- parameters: none
--
-- Contents about work are numbered and not named by their digest: who can guess
-- the rest of an event would find a count of people by trying.
WITH contents AS (
  SELECT dataset, source, event_id,
         'revision ' || CAST(revision AS STRING) || ', content '
           || CASE WHEN dataset = 'employment'
                   THEN CAST(ROW_NUMBER() OVER (PARTITION BY dataset, source, event_id, revision
                                                ORDER BY kept DESC, content) AS STRING)
                   ELSE content END
           || CASE WHEN kept THEN ', in force' ELSE ', outweighed' END AS detail
  FROM conflicting_contents
),
entries_in_force AS (
  SELECT 'funding' AS dataset, source, place_basis, organisation_basis, entries, cancelled, corrected
  FROM funding_cells
  UNION ALL
  SELECT 'employment', source, place_basis, organisation_basis, entries, cancelled, corrected
  FROM employment_cells
),
checks AS (
  SELECT dataset, source, 'live-events' AS check_name, '' AS subject, '' AS detail, SUM(entries) AS events
  FROM entries_in_force GROUP BY dataset, source HAVING SUM(entries) <> 0
  UNION ALL
  SELECT dataset, source, 'cancelled-events', '', '', SUM(cancelled)
  FROM entries_in_force GROUP BY dataset, source HAVING SUM(cancelled) <> 0
  UNION ALL
  SELECT dataset, source, 'corrected-events', '', '', SUM(corrected)
  FROM entries_in_force GROUP BY dataset, source HAVING SUM(corrected) <> 0
  UNION ALL
  SELECT dataset, source, 'conflicting-identities', '', '', COUNT(DISTINCT event_id)
  FROM contents GROUP BY dataset, source
  UNION ALL
  SELECT dataset, source, 'conflicting-content', event_id, detail, COUNT(*)
  FROM contents GROUP BY dataset, source, event_id, detail
  UNION ALL
  SELECT dataset, source, 'rejected-messages', reason, stage, COUNT(DISTINCT payload_digest)
  FROM rejected_messages GROUP BY dataset, source, reason, stage
  UNION ALL
  SELECT dataset, source, 'unknown-place', place_basis, '', SUM(entries)
  FROM entries_in_force
  WHERE entries > 0 AND place_basis NOT IN ('postcode', 'postcode-district', 'place-code')
  GROUP BY dataset, source, place_basis
  UNION ALL
  SELECT dataset, source, 'organisation-not-in-register', organisation_basis, '', SUM(entries)
  FROM entries_in_force
  WHERE entries > 0 AND organisation_basis NOT IN ('register', 'alias')
  GROUP BY dataset, source, organisation_basis
  UNION ALL
  SELECT 'funding', source, 'currency-not-valued', unit, '', SUM(entries)
  FROM funding_cells
  WHERE entries > 0 AND unit <> 'GBP'
  GROUP BY source, unit
  UNION ALL
  SELECT 'funding', source, 'onward-grants-out-of-totals', '', '', SUM(entries)
  FROM funding_cells
  WHERE entries > 0 AND onward_grant
  GROUP BY source
  UNION ALL
  SELECT 'employment', source, 'stale-series', measure, quarter, SUM(stale)
  FROM stock_levels
  WHERE stale > 0
  GROUP BY source, measure, quarter
)
SELECT c.dataset, c.source, c.check_name, c.subject, c.detail, CAST(c.events AS BIGINT) AS events, r.data_label
FROM checks c
CROSS JOIN run r
