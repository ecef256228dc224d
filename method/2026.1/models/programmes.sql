-- Programmes with an entry in force.
-- parameters: none
SELECT COALESCE(programme, 'unknown') AS programme,
       MIN(quarter) AS first_quarter,
       MAX(quarter) AS last_quarter,
       CAST(SUM(CASE WHEN dataset = 'funding' THEN entries ELSE 0 END) AS BIGINT) AS funding_events,
       CAST(COUNT(DISTINCT CASE WHEN dataset = 'funding' AND counterparty_id <> 'unknown'
                                THEN counterparty_id END) AS BIGINT) AS funders,
       CAST(COUNT(DISTINCT CASE WHEN dataset = 'funding' AND organisation_id <> 'unknown'
                                THEN organisation_id END) AS BIGINT) AS funded_organisations,
       SUM(CASE WHEN dataset = 'employment' THEN entries ELSE 0 END) > 0 AS has_employment
FROM balances
WHERE entries > 0
GROUP BY COALESCE(programme, 'unknown')
