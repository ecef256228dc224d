-- Data quality: what was counted, one by one.
WITH of_balances AS (
  SELECT 'funding' AS dataset, 'funding_balances' AS part, CAST(balance AS STRING) AS part_key, source, unit, place_basis,
         organisation_basis, onward_grant, entries, cancelled, corrected
  FROM funding_balances
  UNION ALL
  SELECT 'employment', 'employment_balances', CAST(balance AS STRING), source, unit, place_basis, organisation_basis,
         FALSE, entries, cancelled, corrected
  FROM employment_balances
),
sums AS (
  SELECT dataset, part, part_key, source, 'live-events' AS check_name, '' AS subject, 'entries' AS part_figure, entries AS events
  FROM of_balances
  UNION ALL
  SELECT dataset, part, part_key, source, 'cancelled-events', '', 'cancelled', cancelled FROM of_balances
  UNION ALL
  SELECT dataset, part, part_key, source, 'corrected-events', '', 'corrected', corrected FROM of_balances
  UNION ALL
  SELECT dataset, part, part_key, source, 'unknown-place', place_basis, 'entries', entries
  FROM of_balances
  WHERE place_basis NOT IN ('postcode', 'postcode-district', 'place-code')
  UNION ALL
  SELECT dataset, part, part_key, source, 'organisation-not-in-register', organisation_basis, 'entries', entries
  FROM of_balances
  WHERE organisation_basis NOT IN ('register', 'alias')
  UNION ALL
  SELECT dataset, part, part_key, source, 'currency-not-valued', unit, 'entries', entries
  FROM of_balances
  WHERE dataset = 'funding' AND unit <> 'GBP'
  UNION ALL
  SELECT dataset, part, part_key, source, 'onward-grants-out-of-totals', '', 'entries', entries
  FROM of_balances
  WHERE onward_grant
  UNION ALL
  SELECT 'employment', 'stock_levels', row_key, source, 'stale-series', measure, 'stale', stale
  FROM keyed_stock_levels
  WHERE stale > 0
),
-- A message or an identity counts once, whatever came of it.
singles AS (
  SELECT d.*, 'refused_messages' AS part, r.digest AS part_key, 1 AS counted
  FROM data_quality d
  JOIN refused_messages r ON r.dataset = d.dataset AND COALESCE(r.source, '') = COALESCE(d.source, '')
   AND r.reason = d.subject AND r.stage = d.detail
  WHERE d.check_name = 'rejected-messages'
  UNION ALL
  SELECT d.*, 'events', c.dataset || '|' || c.source || '|' || c.event_id, 1
  FROM data_quality d
  JOIN (SELECT DISTINCT dataset, source, event_id FROM conflicting_contents) c ON c.dataset = d.dataset AND c.source = d.source
  WHERE d.check_name = 'conflicting-identities'
  UNION ALL
  SELECT d.*, 'events', d.dataset || '|' || d.source || '|' || d.subject, d.events AS counted
  FROM data_quality d
  WHERE d.check_name = 'conflicting-content'
)
SELECT d.dataset, d.source, d.check_name, d.subject, d.detail, 'events' AS figure, s.part || s.part_key AS term, 1 AS place,
       'x' AS op, s.part_figure AS what, s.part, s.part_key, s.part_figure, s.events AS central
FROM data_quality d
JOIN sums s ON s.dataset = d.dataset AND COALESCE(s.source, '') = COALESCE(d.source, '') AND s.check_name = d.check_name
 AND s.subject = d.subject
 AND (s.check_name <> 'stale-series' OR s.part_key LIKE d.detail || '|%')
WHERE s.events <> 0
UNION ALL
SELECT dataset, source, check_name, subject, detail, 'events', part_key AS term, 1, 'x', 'counted once', NULL, NULL, NULL, counted
FROM singles
UNION ALL
SELECT dataset, source, check_name, subject, detail, 'events', part_key AS term, 2, 'from', 'what was counted', part, part_key, '', NULL
FROM singles
