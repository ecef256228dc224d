-- Quarters from the first to the last one with an entry in force.
-- parameters: none
SELECT quarter, year, quarter_of_year, ordinal, first_day, last_day
FROM calendar
