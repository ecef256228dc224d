-- Organisations that give, receive or employ in an entry in force.
-- parameters: none
--
-- The register's name goes first; where it has none, the name that most
-- entries in force state, and of equally frequent ones the first by letters.
WITH parties AS (
  SELECT organisation_id, FALSE AS funds, TRUE AS receives, FALSE AS employs FROM funding_parties
  UNION ALL
  SELECT counterparty_id, TRUE, FALSE, FALSE FROM funding_parties
  UNION ALL
  SELECT organisation_id, FALSE, FALSE, TRUE FROM employment_parties
  UNION ALL
  SELECT counterparty_id, TRUE, FALSE, FALSE FROM employment_parties WHERE counterparty_id <> 'unknown'
),
roles AS (
  SELECT organisation_id,
         MAX(CASE WHEN funds THEN 1 ELSE 0 END) = 1 AS is_funder,
         MAX(CASE WHEN receives THEN 1 ELSE 0 END) = 1 AS is_recipient,
         MAX(CASE WHEN employs THEN 1 ELSE 0 END) = 1 AS is_employer
  FROM parties
  GROUP BY organisation_id
),
ranked AS (
  SELECT id, name, ROW_NUMBER() OVER (PARTITION BY id ORDER BY entries DESC, name) AS place
  FROM stated_names
),
register AS (
  SELECT organisation_id, MAX(name) AS name, MAX(legal_form) AS legal_form, MAX(sic) AS sic, MAX(icnptso) AS icnptso
  FROM reference_organisations
  GROUP BY organisation_id
),
sectors AS (
  SELECT scheme, code, MAX(title) AS title
  FROM reference_sectors
  GROUP BY scheme, code
)
SELECT r.organisation_id,
       CASE WHEN r.organisation_id = 'unknown' THEN 'Unknown organisation'
            ELSE COALESCE(g.name, n.name, r.organisation_id) END AS name,
       CASE WHEN r.organisation_id = 'unknown' THEN 'none'
            WHEN g.name IS NOT NULL THEN 'register'
            WHEN n.name IS NOT NULL THEN 'stated'
            ELSE 'none' END AS name_basis,
       COALESCE(g.legal_form, 'unknown') AS legal_form,
       COALESCE(g.sic, 'unknown') AS sic,
       s.title AS sic_title,
       COALESCE(g.icnptso, 'unknown') AS icnptso,
       i.title AS icnptso_title,
       r.is_funder, r.is_recipient, r.is_employer
FROM roles r
LEFT JOIN register g ON g.organisation_id = r.organisation_id
LEFT JOIN ranked n ON n.id = r.organisation_id AND n.place = 1
LEFT JOIN sectors s ON s.scheme = 'SIC2007' AND s.code = g.sic
LEFT JOIN sectors i ON i.scheme = 'ICNPTSO' AND i.code = g.icnptso
