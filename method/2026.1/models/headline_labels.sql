-- What each headline is of, and how it is called; not published.
-- parameters: none
--
-- Counts are of a measure: levels (stock) of one job basis, sums (flow) of all.
-- Money is of a measure and an instrument; values are of an outcome, `gross` and
-- `net` in a unit of their own, of which a quarter makes up that share of a year.
WITH counts AS (
  SELECT * FROM (VALUES
    (10, 'jobs', 'Jobs', 'stock', 'HEADCOUNT', 'NONE'),
    (11, 'jobs-fte', 'Jobs, full-time equivalents', 'stock', 'FTE', 'NONE'),
    (12, 'jobs-created', 'Jobs created with funding', 'stock', 'HEADCOUNT', 'CREATED'),
    (13, 'jobs-safeguarded', 'Jobs safeguarded with funding', 'stock', 'HEADCOUNT', 'SAFEGUARDED'),
    (14, 'jobs-supported', 'Jobs supported with funding', 'stock', 'HEADCOUNT', 'SUPPORTED'),
    (15, 'apprenticeships-in-learning', 'Apprentices in learning', 'stock', 'APPRENTICESHIPS_IN_LEARNING', 'NONE'),
    (16, 'volunteers', 'Volunteers', 'stock', 'VOLUNTEERS', 'NONE'),
    (20, 'hires', 'People hired', 'flow', 'HIRES', ''),
    (21, 'leavers', 'People who left', 'flow', 'LEAVERS', ''),
    (22, 'apprenticeship-starts', 'Apprenticeships started', 'flow', 'APPRENTICESHIP_STARTS', ''),
    (23, 'apprenticeship-achievements', 'Apprenticeships achieved', 'flow', 'APPRENTICESHIP_ACHIEVEMENTS', ''),
    (24, 'training-hours', 'Hours of training', 'flow', 'TRAINING_HOURS', ''),
    (25, 'volunteer-hours', 'Hours of volunteering', 'flow', 'VOLUNTEER_HOURS', '')
  ) AS t(display_order, headline, label, kind, measure, job_basis)
),
money AS (
  SELECT * FROM (VALUES
    (30, 'committed', 'Committed', 'COMMITTED'),
    (40, 'disbursed', 'Disbursed', 'DISBURSED'),
    (50, 'repaid', 'Repaid', 'REPAID'),
    (60, 'written-off', 'Written off', 'WRITTEN_OFF')
  ) AS t(display_order, headline, label, measure)
),
instruments AS (
  SELECT * FROM (VALUES
    (0, 'grant', 'grants', 'GRANT'),
    (1, 'loan', 'loans', 'LOAN'),
    (2, 'equity', 'equity', 'EQUITY'),
    (3, 'quasi-equity', 'quasi-equity', 'QUASI_EQUITY'),
    (4, 'guarantee', 'guarantees', 'GUARANTEE'),
    (5, 'contract', 'contracts', 'CONTRACT'),
    (6, 'in-kind', 'in kind', 'IN_KIND'),
    (7, 'unspecified', 'instrument not stated', 'UNSPECIFIED')
  ) AS t(step, suffix, label, instrument)
),
outcomes AS (
  SELECT * FROM (VALUES
    (70, 'gva-jobs-created', 'GVA of net jobs created', 'JOBS_CREATED', 'job-years', '0.25'),
    (71, 'gva-jobs-safeguarded', 'GVA of net jobs safeguarded', 'JOBS_SAFEGUARDED', 'job-years', '0.25'),
    (72, 'gva-jobs-supported', 'GVA of net jobs supported', 'JOBS_SUPPORTED', 'job-years', '0.25'),
    (75, 'benefits-saved-unemployed', 'Benefits saved: unemployed people into work', 'BENEFITS_SAVED_UNEMPLOYED', 'people', '1.00'),
    (76, 'benefits-saved-inactive', 'Benefits saved: inactive people into work', 'BENEFITS_SAVED_INACTIVE', 'people', '1.00'),
    (80, 'wellbeing-into-work', 'Wellbeing of people into work', 'PEOPLE_INTO_WORK', 'people', '1.00'),
    (90, 'volunteering-replacement', 'Volunteer hours at replacement cost', 'VOLUNTEER_HOURS', 'hours', '1.00')
  ) AS t(display_order, headline, label, outcome, measured_in, share_of_year)
)
SELECT display_order, headline, label, kind, measure, job_basis, '' AS instrument, '' AS outcome, '' AS measured_in,
       CAST('1.00' AS DECIMAL(3, 2)) AS share_of_year
FROM counts
UNION ALL
SELECT m.display_order + i.step, m.headline || '-' || i.suffix, m.label || ': ' || i.label, 'money', m.measure, '',
       i.instrument, '', '', CAST('1.00' AS DECIMAL(3, 2))
FROM money m
CROSS JOIN instruments i
UNION ALL
SELECT display_order, headline, label, 'value', '', '', '', outcome, measured_in,
       CAST(share_of_year AS DECIMAL(3, 2))
FROM outcomes
