-- Of which counts each outcome is, how one is valued, and which evidence and
-- additionality apply; not published.
-- parameters: none
--
-- Jobs are counted in persons (HEADCOUNT): GVA per job is per filled job, and
-- counting FTE of the same posts as well would count them twice. Benefits are
-- transfers: what is saved is fiscal and nothing else. Where a basis or a prior
-- status is empty, every one counts.
SELECT * FROM (VALUES
  ('ECONOMIC', 'JOBS_CREATED', 'HEADCOUNT', 'CREATED', '', 'gva-per-job', 'employment', 'evidence-grade.jobs'),
  ('ECONOMIC', 'JOBS_SAFEGUARDED', 'HEADCOUNT', 'SAFEGUARDED', '', 'gva-per-job', 'employment', 'evidence-grade.jobs'),
  ('ECONOMIC', 'JOBS_SUPPORTED', 'HEADCOUNT', 'SUPPORTED', '', 'gva-per-job', 'employment', 'evidence-grade.jobs'),
  ('FISCAL', 'BENEFITS_SAVED_UNEMPLOYED', 'HIRES', '', 'UNEMPLOYED', 'jsa-claimant', 'employment', 'evidence-grade.benefits-saved'),
  ('FISCAL', 'BENEFITS_SAVED_INACTIVE', 'HIRES', '', 'INACTIVE', 'esa-claimant', 'employment', 'evidence-grade.benefits-saved'),
  ('WELLBEING', 'PEOPLE_INTO_WORK', 'HIRES', '', 'UNEMPLOYED', 'wellby', 'employment', 'evidence-grade.people-into-work'),
  ('VOLUNTEERING', 'VOLUNTEER_HOURS', 'VOLUNTEER_HOURS', '', '', 'volunteer-hour', 'volunteering', 'evidence-grade.volunteer-hours')
) AS t(bundle, outcome, measure, job_basis, prior_status, valuation, additionality, grading)
