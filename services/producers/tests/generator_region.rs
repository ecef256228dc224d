//! The synthetic region: its figures, and what goes wrong in it on purpose.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{codecs, employment, funding};
use commonweal_producers::generator::{CARES_PROGRAMME, FUND_PROGRAMME, Region, Shape};
use commonweal_producers::{Codecs, Generator, Message, Plan, expectations, register, register_csv};
use commonweal_schemas::records::{Action, EmploymentEvent, EmploymentMeasure, FundingEvent, FundingStage, Instrument};
use commonweal_schemas::{Dataset, Measure, Reason};
use proptest::prelude::*;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, HashMap, HashSet};

const SEED: u64 = 2020;
const QUARTER_ENDS: [i32; 8] = [17_986, 18_077, 18_169, 18_261, 18_352, 18_443, 18_535, 18_627];

/// A region of a few hundred events.
fn small(organisations: u32, refused_per_reason: u32, per_mille: u64) -> Plan {
    let region = Region {
        organisations,
        headcount: organisations * 9,
        fund_pounds: 400_000,
        fund_loans: 6,
        cares_pounds: 20_000,
        cares_grants: 8,
        background_grants: 20,
        duplicates_per_mille: per_mille,
        corrected_per_mille: per_mille,
        withdrawn_per_mille: per_mille,
        conflicting_per_mille: per_mille,
        late_per_mille: per_mille,
        refused_per_reason,
    };
    Plan { shape: Shape::Region(region), message_bytes_max: 20_000 }
}

fn messages(seed: u64, plan: &Plan) -> Vec<Message> {
    Generator::new(seed, plan, codecs()).map(Result::unwrap).collect()
}

/// Code in the id of a message that is to be refused. One without an id is
/// meant to be without.
fn refused_code(message: &Message) -> Option<String> {
    let key = String::from_utf8(message.key.clone()).unwrap();
    let id = key.split('\u{1f}').nth(1).unwrap();
    match id.strip_prefix("refused/") {
        Some(rest) => Some(rest.split('/').next().unwrap().to_owned()),
        None => id.is_empty().then(|| Reason::IdentityMissing.code().to_owned()),
    }
}

/// What is in force at the end, read from the bytes: for each identity the
/// highest revision and, of equals, the last recorded.
#[derive(Default)]
struct InForce {
    funding: HashMap<String, FundingEvent>,
    employment: HashMap<String, EmploymentEvent>,
}

impl InForce {
    fn read(messages: &[Message], codecs: &Codecs) -> Self {
        let mut all = Self::default();
        for message in messages.iter().filter(|message| refused_code(message).is_none()) {
            match message.dataset {
                Dataset::Funding => {
                    let event = funding(codecs, message);
                    let held = all.funding.entry(event.event_id.clone()).or_insert_with(|| event.clone());
                    if (event.revision, event.recorded_at) > (held.revision, held.recorded_at) {
                        *held = event;
                    }
                }
                Dataset::Employment => {
                    let event = employment(codecs, message);
                    let held = all.employment.entry(event.event_id.clone()).or_insert_with(|| event.clone());
                    if (event.revision, event.recorded_at) > (held.revision, held.recorded_at) {
                        *held = event;
                    }
                }
            }
        }
        all.funding.retain(|_, event| event.action == Action::Record);
        all.employment.retain(|_, event| event.action == Action::Record);
        all
    }

    fn money(&self, wanted: impl Fn(&FundingEvent) -> bool) -> Decimal {
        self.funding.values().filter(|event| wanted(event)).filter_map(|event| event.amount).sum()
    }

    /// Sum of a measure by employer and quarter end; posts named by a job basis
    /// are among the others already.
    fn by_employer(&self, measure: EmploymentMeasure) -> HashMap<(String, i32), i64> {
        let mut sums = HashMap::new();
        for event in self.employment.values().filter(|event| event.measure == measure && event.job_basis.is_empty()) {
            let day = event.as_of.or(event.period_end).unwrap();
            let quantity: i64 = event.quantity.unwrap().try_into().unwrap();
            *sums.entry((event.employer_id.clone().unwrap(), day)).or_default() += quantity;
        }
        sums
    }
}

/// Proves that a seed and plan always yield the same bytes, another seed
/// others, and that a generator can start anywhere.
#[test]
fn the_same_seed_yields_the_same_bytes() {
    let plan = small(40, 2, 50);
    let first = messages(SEED, &plan);
    assert!(first == messages(SEED, &plan));
    assert!(first != messages(SEED + 1, &plan));
    let generator = Generator::new(SEED, &plan, codecs());
    assert_eq!(generator.messages(), first.len() as u64);
    let tail: Vec<Message> = generator.starting_at(100).map(Result::unwrap).collect();
    assert!(tail == first[100..]);
    assert!(first.iter().all(|message| message.headers == [("synthetic".to_owned(), b"true".to_vec())]));
}

/// Proves the region's figures: 50,000 jobs exactly at the end, £6.5m injected
/// and first lent exactly, £1.95m of small grants in 2020, and never more lent
/// than had come in.
#[test]
fn the_region_has_its_published_size() {
    let codecs = codecs();
    let all = InForce::read(&messages(SEED, &Plan::region()), &codecs);
    let heads = all.by_employer(EmploymentMeasure::Headcount);
    let at = |day: i32| -> i64 { heads.iter().filter(|((_, as_of), _)| *as_of == day).map(|(_, people)| people).sum() };
    let totals: Vec<i64> = QUARTER_ENDS.into_iter().map(at).collect();
    println!("headcount by quarter: {totals:?}");
    assert_eq!(totals[7], 50_000);
    assert!(totals[5] < totals[4] * 95 / 100 && totals[6] > totals[5]);
    assert_eq!(heads.keys().map(|(employer, _)| employer).collect::<HashSet<_>>().len(), 1_400);

    let stage_of = |event: &FundingEvent, stage, id: &str| {
        event.stage == stage && event.award_id.as_ref().unwrap_or(&event.event_id).starts_with(id)
    };
    let pounds = Decimal::from(6_500_000);
    for stage in [FundingStage::Committed, FundingStage::Disbursed] {
        assert_eq!(all.money(|event| event.onward_grant && event.stage == stage), pounds);
        assert_eq!(all.money(|event| stage_of(event, stage, "fund/loan-")), pounds);
        let cares = all.money(|event| event.programme.as_deref() == Some(CARES_PROGRAMME) && event.stage == stage);
        assert_eq!(cares, Decimal::from(1_950_000));
    }
    assert!(all.funding.values().all(|event| event.programme.as_deref() != Some(CARES_PROGRAMME)
        || (18_353..=18_627).contains(&event.occurred_on.unwrap())));
    never_more_lent_than_came_in(&all);
    assert!(all.money(|event| stage_of(event, FundingStage::Disbursed, "fund/relent-")) > Decimal::from(200_000));
    assert!(all.money(|event| event.stage == FundingStage::WrittenOff) > Decimal::ZERO);
}

/// By day: capital and repayments in, loans out.
fn never_more_lent_than_came_in(all: &InForce) {
    let mut by_day: BTreeMap<i32, Decimal> = BTreeMap::new();
    for event in all.funding.values().filter(|event| event.programme.as_deref() == Some(FUND_PROGRAMME)) {
        let amount = event.amount.unwrap();
        let change = match (event.stage, event.instrument) {
            (FundingStage::Disbursed, Instrument::Grant) | (FundingStage::Repaid, _) => amount,
            (FundingStage::Disbursed, _) => -amount,
            _ => Decimal::ZERO,
        };
        *by_day.entry(event.occurred_on.unwrap()).or_default() += change;
    }
    let mut in_hand = Decimal::ZERO;
    for (day, change) in by_day {
        in_hand += change;
        assert!(in_hand >= Decimal::ZERO, "overdrawn by {in_hand} on day {day}");
    }
}

/// Proves that the returns are consistent as published: each employer's stock
/// is the one before, plus hires, less leavers, within one person.
#[test]
fn returned_stocks_follow_from_returned_flows() {
    let all = InForce::read(&messages(SEED, &Plan::region()), &codecs());
    let heads = all.by_employer(EmploymentMeasure::Headcount);
    let (hires, leavers) = (all.by_employer(EmploymentMeasure::Hires), all.by_employer(EmploymentMeasure::Leavers));
    let mut unbalanced = 0;
    for ((employer, day), people) in &heads {
        let quarter = QUARTER_ENDS.iter().position(|end| end == day).unwrap();
        if quarter == 0 {
            continue;
        }
        let at = |sums: &HashMap<(String, i32), i64>, day| sums.get(&(employer.clone(), day)).copied().unwrap_or(0);
        let before = at(&heads, QUARTER_ENDS[quarter - 1]);
        let residual = people - before - at(&hires, *day) + at(&leavers, *day);
        assert!(residual.abs() <= 1, "{employer} on day {day}: residual {residual}");
        unbalanced += residual.abs();
    }
    assert!(unbalanced > 0, "a residual is part of real returns");
}

/// Proves that everything that is to go wrong does, at its rate: repeated,
/// corrected in any order, withdrawn, contradicted, late, refused.
#[test]
fn what_goes_wrong_goes_wrong_at_its_rate() {
    let plan = Plan::region();
    let all = messages(SEED, &plan);
    let expected = expectations(SEED, &plan);
    let share = |count: u64| count * 10_000 / expected.messages;
    println!("{} messages, {} identities", expected.messages, expected.identities);
    assert_eq!(expected.messages, all.len() as u64);
    assert!((70..130).contains(&share(expected.duplicates)), "{}", expected.duplicates);
    assert!((30..70).contains(&share(expected.cancelled)), "{}", expected.cancelled);
    assert!((5..40).contains(&share(expected.conflicting)), "{}", expected.conflicting);
    let mut revisions: HashMap<&[u8], Vec<i32>> = HashMap::new();
    let codecs = codecs();
    let (mut newest, mut late) = (i64::MIN, 0_u64);
    for message in all.iter().filter(|message| refused_code(message).is_none()) {
        let (revision, recorded_at) = match message.dataset {
            Dataset::Funding => {
                let event = funding(&codecs, message);
                (event.revision, event.recorded_at)
            }
            Dataset::Employment => {
                let event = employment(&codecs, message);
                (event.revision, event.recorded_at)
            }
        };
        revisions.entry(&message.key).or_default().push(revision);
        late += u64::from(newest - recorded_at > 50 * 86_400_000_000);
        newest = newest.max(recorded_at);
    }
    let out_of_order = revisions.values().filter(|seen| !seen.is_sorted()).count() as u64;
    let twice_corrected = revisions.values().filter(|seen| seen.contains(&2)).count();
    println!("{out_of_order} identities out of order, {late} messages late");
    assert!((20..150).contains(&share(out_of_order)) && twice_corrected > 10);
    assert!((100..500).contains(&share(late)), "{late}");
}

/// Proves that there are messages for each reason, as many as planned, and one
/// above the limit.
#[test]
fn every_reason_is_shown() {
    let plan = Plan::region();
    let all = messages(SEED, &plan);
    let expected = expectations(SEED, &plan);
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for code in all.iter().filter_map(refused_code) {
        *counts.entry(code).or_default() += 1;
    }
    for reason in Reason::ALL {
        let wanted = if *reason == Reason::PayloadTooLarge { 1 } else { 5 };
        assert_eq!(counts.get(reason.code()), Some(&wanted), "{reason}");
        assert_eq!(expected.refused.get(reason), Some(&wanted), "{reason}");
        let distinct = if *reason == Reason::PayloadEmpty { 1 } else { wanted };
        assert_eq!(expected.refused_distinct.get(reason), Some(&distinct), "{reason}");
    }
    let large = all.iter().filter(|message| message.value.len() > plan.message_bytes_max).count();
    assert_eq!(large, 1);
}

/// Proves that the expectations, which read events, agree with the bytes, per
/// measure; and that live, cancelled and identities fit together.
#[test]
fn expectations_agree_with_the_bytes() {
    let plan = small(60, 2, 120);
    let all = InForce::read(&messages(SEED, &plan), &codecs());
    let expected = expectations(SEED, &plan);
    assert_eq!(expected.identities, expected.live + expected.cancelled);
    assert_eq!(expected.live, (all.funding.len() + all.employment.len()) as u64);
    let mut expected_sums: BTreeMap<Measure, (Decimal, u64)> = BTreeMap::new();
    for (key, (quantity, count)) in &expected.quantities {
        let sum = expected_sums.entry(key.measure).or_default();
        *sum = (sum.0 + quantity, sum.1 + count);
    }
    let mut sums: BTreeMap<Measure, (Decimal, u64)> = BTreeMap::new();
    let name = |debug: String| Measure::ALL.into_iter().find(|measure| format!("{measure:?}") == debug).unwrap();
    let money = all.funding.values().map(|event| (name(format!("{:?}", event.stage)), event.amount));
    let work = all.employment.values().map(|event| (name(format!("{:?}", event.measure)), event.quantity));
    for (measure, quantity) in money.chain(work) {
        let sum = sums.entry(measure).or_default();
        *sum = (sum.0 + quantity.unwrap(), sum.1 + 1);
    }
    assert_eq!(sums, expected_sums);
    assert_eq!(expected.messages_by_dataset.values().sum::<u64>(), expected.messages);
    assert!(expected.quantities.keys().any(|key| key.programme == "SYNTHETIC-SOCIAL-INVESTMENT-FUND"));
}

/// Proves that the register names every organisation once, under identifiers
/// that no real register uses, and that each employer and receiver is in it.
#[test]
fn the_register_knows_everybody() {
    let plan = Plan::region();
    let rows = register(SEED, &plan);
    let mut known = HashSet::new();
    for row in &rows {
        assert!(row.name.starts_with("Synthetic "), "{}", row.name);
        for id in [&row.organisation_id].into_iter().chain(&row.aliases) {
            let digits = id.strip_prefix("GB-CHC-9").map(|rest| (rest, 6));
            let (rest, length) = digits.or_else(|| id.strip_prefix("GB-COH-9").map(|rest| (rest, 7))).unwrap();
            assert!(rest.len() == length && rest.bytes().all(|byte| byte.is_ascii_digit()), "{id}");
            assert!(known.insert(id.clone()), "{id} is there twice");
        }
    }
    assert!(rows.iter().filter(|row| !row.aliases.is_empty()).count() > 200);
    let all = InForce::read(&messages(SEED, &plan), &codecs());
    let receivers = all.funding.values().filter_map(|event| event.recipient_id.as_ref());
    let givers = all.funding.values().filter_map(|event| event.funder_id.as_ref());
    let employers = all.employment.values().filter_map(|event| event.employer_id.as_ref());
    assert!(receivers.chain(givers).chain(employers).all(|id| known.contains(id)));
    let mut csv = Vec::new();
    register_csv(&rows, &mut csv).unwrap();
    let text = String::from_utf8(csv).unwrap();
    assert!(text.starts_with("organisation_id,name,aliases,legal_form,sic,icnptso,postcode,valid_from,valid_to\n"));
    assert_eq!(text.lines().count(), rows.len() + 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Proves that regions of any size and fault rate are generated whole, and
    /// that nothing that goes wrong on the way changes what is in force.
    #[test]
    fn faults_never_change_what_is_in_force(seed: u64, organisations in 1_u32..25, per_mille in 0_u64..400) {
        let faulty = small(organisations, 1, per_mille);
        let clean = small(organisations, 0, 0);
        let (faulty_figures, clean_figures) = (expectations(seed, &faulty), expectations(seed, &clean));
        prop_assert_eq!(&faulty_figures.quantities, &clean_figures.quantities);
        prop_assert_eq!(faulty_figures.live, clean_figures.live);
        prop_assert_eq!(clean_figures.messages, clean_figures.identities);
        prop_assert_eq!(messages(seed, &faulty).len() as u64, faulty_figures.messages);
    }
}
