-- What is counted, and whether it may be added over time.
-- parameters: none
SELECT measure, dataset, kind, unit, kind <> 'stock' AS additive_over_time, definition
FROM measure_codes
