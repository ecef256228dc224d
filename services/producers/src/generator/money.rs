//! Synthetic money: a fund that lends, is repaid and lends again; small grants
//! of 2020; and the grants of others.

use super::money_book::{Book, Deal, Recipient, shares};
use super::organisations::{AUTHORITY, BACKGROUND, CARES, FUND, Funder, Organisation};
use super::plan::Region;
use super::quarters;
use super::{CARES_PROGRAMME, FUND_PROGRAMME};
use crate::dates::day_number;
use crate::random::{Draw, Purpose};
use commonweal_schemas::records::{FundingEvent, FundingStage, Instrument};

/// In pence.
const POUND: i64 = 100;
/// Amounts of loans and grants are multiples of these, in pence.
const LOAN_STEP: i64 = 500 * POUND;
const GRANT_STEP: i64 = 50 * POUND;
/// Repayments of a loan: so many equal parts, a quarter apart, after half a year.
const REPAYMENTS: i64 = 12;
/// Least the fund re-lends at once, in pence.
const RELENDING_MIN: i64 = 40_000 * POUND;
/// Background grants are weighted like this, so few are large.
const GRANT_POUNDS_MAX: i64 = 60_000;

/// An award to an organisation, to which posts may be attributed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Award {
    pub(super) id: String,
    pub(super) organisation: u32,
    pub(super) funder: usize,
    pub(super) day: i32,
    pub(super) pence: i64,
}

/// All the money of a region.
#[derive(Debug)]
pub(super) struct Money {
    pub(super) events: Vec<FundingEvent>,
    /// Awards of the fund and of the small grants.
    pub(super) awards: Vec<Award>,
}

pub(super) fn money(seed: u64, region: &Region, organisations: &[Organisation], funders: &[Funder]) -> Money {
    let mut book = Book { seed, organisations, funders, events: Vec::new() };
    let mut awards = Vec::new();
    if !organisations.is_empty() {
        fund(&mut book, region, &mut awards);
        cares(&mut book, region, &mut awards);
        background(&mut book, region);
    }
    Money { events: book.events, awards }
}

fn draw_of(book: &Book<'_>, kind: u64, index: u64) -> Draw {
    Draw::new(book.seed, Purpose::Money, kind << 32 | index)
}

fn loan(award_id: String, organisation: u32, title: &str) -> Deal {
    Deal {
        award_id,
        instrument: Instrument::Loan,
        programme: Some(FUND_PROGRAMME.to_owned()),
        funder: FUND,
        recipient: Recipient::Organisation(organisation),
        currency: "GBP",
        onward: false,
        title: title.to_owned(),
    }
}

/// The capital comes as one onward grant, is lent in a first round that adds
/// up to it, and lent again as it comes back.
fn fund(book: &mut Book<'_>, region: &Region, awards: &mut Vec<Award>) {
    let capital = i64::from(region.fund_pounds) * POUND;
    let start = day_number(2019, 1, 15);
    let injection = Deal {
        instrument: Instrument::Grant,
        funder: AUTHORITY,
        recipient: Recipient::Funder(FUND),
        onward: true,
        ..loan("fund/capital".to_owned(), 0, "Synthetic capital of the fund")
    };
    book.post(&injection, FundingStage::Committed, 0, start, capital);
    book.post(&injection, FundingStage::Disbursed, 1, start + 14, capital);
    let weights: Vec<i64> =
        (0..region.fund_loans).map(|index| draw_of(book, 1, u64::from(index)).between(25, 200)).collect();
    let mut repayments: Vec<(i32, i64)> = Vec::new();
    for (index, principal) in (0_u32..).zip(shares(&weights, capital, LOAN_STEP)) {
        let mut draw = draw_of(book, 2, u64::from(index));
        let organisation = organisation_index(&mut draw, book);
        let day = days_between(&mut draw, day_number(2019, 2, 1), day_number(2020, 6, 30));
        let deal = loan(format!("fund/loan-{index:04}"), organisation, "Synthetic loan");
        awards.push(award(&deal, organisation, day, principal));
        lend(book, &deal, &mut draw, day, principal);
        repay(book, &deal, &mut draw, day, principal, &mut repayments);
    }
    relend(book, repayments, awards);
}

fn award(deal: &Deal, organisation: u32, day: i32, pence: i64) -> Award {
    Award { id: deal.award_id.clone(), organisation, funder: deal.funder, day, pence }
}

/// Promises a loan and pays it in one or two parts, all within the region's
/// quarters.
fn lend(book: &mut Book<'_>, deal: &Deal, draw: &mut Draw, day: i32, principal: i64) {
    book.post(deal, FundingStage::Committed, 0, day, principal);
    let first = if draw.per_mille(400) { principal / 2 } else { principal };
    book.post(deal, FundingStage::Disbursed, 1, day + 20, first);
    if first < principal {
        let second_day = days_between(draw, day + 60, day + 120).min(quarters::LAST_DAY);
        book.post(deal, FundingStage::Disbursed, 2, second_day, principal - first);
    }
}

/// Repays a loan quarter by quarter; one in fifteen fails after two payments
/// and the rest is written off.
fn repay(
    book: &mut Book<'_>,
    deal: &Deal,
    draw: &mut Draw,
    day: i32,
    principal: i64,
    repayments: &mut Vec<(i32, i64)>,
) {
    let fails = draw.per_mille(67);
    let payment = principal / REPAYMENTS;
    let mut repaid = 0;
    for part in 1_u32..=12 {
        let due = day + 180 + 91 * (i32::try_from(part).unwrap_or(0) - 1);
        if due > quarters::LAST_DAY {
            break;
        }
        if fails && part == 3 {
            book.post(deal, FundingStage::WrittenOff, 1, due, principal - repaid);
            break;
        }
        book.post(deal, FundingStage::Repaid, part, due, payment);
        repayments.push((due, payment));
        repaid += payment;
    }
}

/// Lends again, each quarter, what had come back by the end of the one before.
fn relend(book: &mut Book<'_>, mut repayments: Vec<(i32, i64)>, awards: &mut Vec<Award>) {
    repayments.sort_unstable();
    let mut coming = repayments.into_iter().peekable();
    let mut pool = 0;
    let mut index = 0_u32;
    for pair in quarters::ALL.windows(2) {
        while let Some((_, pence)) = coming.next_if(|(day, _)| *day <= pair[0].last_day) {
            pool += pence;
        }
        while pool >= RELENDING_MIN {
            let mut draw = draw_of(book, 3, u64::from(index));
            let wanted = draw.between(40, 120) * 1000 * POUND;
            let principal = wanted.min(pool) / LOAN_STEP * LOAN_STEP;
            let organisation = organisation_index(&mut draw, book);
            let deal = loan(format!("fund/relent-{index:04}"), organisation, "Synthetic loan of money repaid");
            let day = days_between(&mut draw, pair[1].first_day, pair[1].first_day + 50);
            book.post(&deal, FundingStage::Committed, 0, day, principal);
            book.post(&deal, FundingStage::Disbursed, 1, day + 20, principal);
            awards.push(award(&deal, organisation, day, principal));
            pool -= principal;
            index += 1;
        }
    }
}

/// Small grants from spring 2020 on, each paid within three weeks.
fn cares(book: &mut Book<'_>, region: &Region, awards: &mut Vec<Award>) {
    let weights: Vec<i64> =
        (0..region.cares_grants).map(|index| draw_of(book, 4, u64::from(index)).between(10, 100)).collect();
    for (index, pence) in (0_u32..).zip(shares(&weights, i64::from(region.cares_pounds) * POUND, GRANT_STEP)) {
        let mut draw = draw_of(book, 5, u64::from(index));
        let organisation = organisation_index(&mut draw, book);
        let day = days_between(&mut draw, day_number(2020, 4, 6), day_number(2020, 12, 4));
        let deal = Deal {
            award_id: format!("cares/grant-{index:04}"),
            instrument: Instrument::Grant,
            programme: Some(CARES_PROGRAMME.to_owned()),
            funder: CARES,
            recipient: Recipient::Organisation(organisation),
            currency: "GBP",
            onward: false,
            title: "Synthetic emergency grant".to_owned(),
        };
        book.post(&deal, FundingStage::Committed, 0, day, pence);
        let paid = days_between(&mut draw, day + 3, day + 21);
        book.post(&deal, FundingStage::Disbursed, 1, paid, pence);
        awards.push(award(&deal, organisation, day, pence));
    }
}

/// Grants of other funders over both years; a few to individuals, a few in
/// other currencies, a third without a programme.
fn background(book: &mut Book<'_>, region: &Region) {
    for index in 0..region.background_grants {
        let mut draw = draw_of(book, 6, u64::from(index));
        let funder = BACKGROUND + draw.index(book.funders.len() - BACKGROUND);
        let individual = draw.per_mille(20);
        let recipient = if individual {
            Recipient::Individual
        } else {
            Recipient::Organisation(organisation_index(&mut draw, book))
        };
        let largest = *draw.pick(&[3_000, 10_000, 10_000, 25_000, GRANT_POUNDS_MAX]);
        let largest = if individual { 800 } else { largest };
        let pence = draw.between(300 * POUND, largest * POUND) / GRANT_STEP * GRANT_STEP + GRANT_STEP;
        let programme = draw.per_mille(667).then(|| format!("Synthetic Programme {}", draw.between(1, 9)));
        let deal = Deal {
            award_id: format!("grants/grant-{index:05}"),
            instrument: Instrument::Grant,
            programme,
            funder,
            recipient,
            currency: if draw.per_mille(5) { "USD" } else { "GBP" },
            onward: false,
            title: "Synthetic grant".to_owned(),
        };
        let day = days_between(&mut draw, day_number(2019, 1, 2), day_number(2020, 12, 10));
        book.post(&deal, FundingStage::Committed, 0, day, pence);
        if draw.per_mille(700) {
            book.post(&deal, FundingStage::Disbursed, 1, (day + 30).min(quarters::LAST_DAY), pence);
        }
    }
}

fn organisation_index(draw: &mut Draw, book: &Book<'_>) -> u32 {
    u32::try_from(draw.index(book.organisations.len())).unwrap_or(0)
}

fn days_between(draw: &mut Draw, first: i32, last: i32) -> i32 {
    i32::try_from(draw.between(i64::from(first), i64::from(last))).unwrap_or(first)
}
