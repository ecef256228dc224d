-- Money that counts in totals, without funders and districts; not published.
-- parameters: none
SELECT quarter, programme, measure, instrument, currency, combined_authority, SUM(amount) AS amount
FROM funding
WHERE in_totals
GROUP BY quarter, programme, measure, instrument, currency, combined_authority
