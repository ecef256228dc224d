//! A grant's record into funding events.

use super::fields::Fields;
use super::place::{Place, place};
use super::{GivingOptions, SOURCE};
use crate::dates::{self, Instant, MICROS_PER_DAY, MICROS_PER_MINUTE};
use crate::numbers::exact_decimal;
use commonweal_schemas::records::{Action, FundingEvent, FundingStage, Instrument, RecipientKind};
use rust_decimal::Decimal;

/// Recorded at where a record says nothing of when: 2000-01-01, in
/// microseconds since 1970.
const UNDATED_MICROS: i64 = dates::day_number(2000, 1, 1) as i64 * MICROS_PER_DAY;
/// Characters kept of what could not be read.
const UNREADABLE_CHARS_MAX: usize = 200;

/// What one stage of a grant states, as text.
struct Stage {
    kind: FundingStage,
    /// Follows the grant's id in the event's.
    suffix: String,
    amount: Option<String>,
    date: Option<String>,
    currency: Option<String>,
    modified: Option<String>,
    /// Whether it takes back what an earlier state of the record stated.
    withdrawn: bool,
}

/// Events of one grant: what was promised, then what was paid.
pub(super) fn events(grant: &Fields<'_>, options: &GivingOptions) -> Vec<FundingEvent> {
    let id = grant.text("id").unwrap_or_default();
    let shared = shared(grant, &id, options);
    stages(grant).into_iter().map(|stage| event(&shared, &id, stage)).collect()
}

/// What all events of a grant have in common.
fn shared(grant: &Fields<'_>, id: &str, options: &GivingOptions) -> FundingEvent {
    let funder = grant.first("fundingOrganization");
    let individual = is_to_individual(grant);
    // Nothing of a person is read, nor of an organisation named beside one.
    let recipient = if individual { Fields::default() } else { grant.first("recipientOrganization") };
    let Place { place_code, postcode } = place(grant, &recipient);
    let (planned_start, planned_end) = plan(grant);
    FundingEvent {
        source: SOURCE.to_owned(),
        instrument: instrument(grant),
        programme: options.programme.clone().or_else(|| programme(grant)),
        funder_id: funder.text("id"),
        funder_name: funder.text("name"),
        recipient_kind: if individual { RecipientKind::Individual } else { RecipientKind::Organisation },
        recipient_id: recipient.text("id"),
        recipient_name: recipient.text("name"),
        onward_grant: grant.is_set("regrantType"),
        postcode,
        place_code,
        // The words about a grant to a person may be words about the person.
        title: grant.text("title").filter(|_| !individual),
        source_document: grant.text("dataSource").or_else(|| Some(format!("{}#{id}", options.file))),
        planned_start,
        planned_end,
        ..FundingEvent::default()
    }
}

/// Whether a person received it. Where a record names both a person and an
/// organisation, which the standard does not allow, the person is protected.
fn is_to_individual(grant: &Fields<'_>) -> bool {
    let person = grant.first("recipientIndividual");
    person.text("id").or_else(|| person.text("name")).is_some()
        || (!grant.is_set("recipientOrganization")
            && (grant.is_set("recipientIndividual") || grant.is_set("toIndividualsDetails")))
}

/// The first programme that has a title, else a code.
fn programme(grant: &Fields<'_>) -> Option<String> {
    grant.objects("grantProgramme").iter().find_map(|one| one.text("title").or_else(|| one.text("code")))
}

/// First day and last of all that is planned. A year or a month alone is no
/// day, and no reason to refuse a grant: it is left out.
fn plan(grant: &Fields<'_>) -> (Option<i32>, Option<i32>) {
    let plans = grant.objects("plannedDates");
    let days = |name| plans.iter().filter_map(move |plan| dates::read_day(&plan.text(name)?));
    (days("startDate").min(), days("endDate").max())
}

/// Grants are published here; another form counts where it is named outright.
fn instrument(grant: &Fields<'_>) -> Instrument {
    let named = grant.first("fundingType").text("title").unwrap_or_default();
    let letters: String = named.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect();
    match letters.as_str() {
        "loan" => Instrument::Loan,
        "equity" => Instrument::Equity,
        "quasiequity" => Instrument::QuasiEquity,
        "guarantee" => Instrument::Guarantee,
        "contract" => Instrument::Contract,
        "inkind" => Instrument::InKind,
        _ => Instrument::Grant,
    }
}

fn stages(grant: &Fields<'_>) -> Vec<Stage> {
    let awarded = grant.text("awardDate");
    let currency = grant.text("currency");
    let modified = grant.text("dateModified");
    let mut stages = vec![Stage {
        kind: FundingStage::Committed,
        suffix: String::new(),
        amount: grant.text("amountAwarded"),
        date: awarded.clone(),
        currency: currency.clone(),
        modified: modified.clone(),
        withdrawn: false,
    }];
    let transactions = grant.objects("disbursementTransaction");
    for (position, transaction) in (1_usize..).zip(&transactions) {
        let name = transaction.text("id").unwrap_or_else(|| position.to_string());
        stages.push(Stage {
            kind: FundingStage::Disbursed,
            suffix: format!("/disbursed/{name}"),
            amount: transaction.text("value"),
            date: transaction.text("transactionDate").or_else(|| awarded.clone()),
            currency: transaction.text("currency").or_else(|| currency.clone()),
            modified: later(transaction.text("dateModified"), modified.clone()),
            withdrawn: false,
        });
    }
    // What cannot be read is said all the same.
    if let Some(disbursed) = grant.text("amountDisbursed").or_else(|| transactions.first().map(|_| String::new())) {
        // Payments that are listed, or that come to nothing, leave no sum to stand. Without a date of
        // modification nothing tells whether there was one, so nothing is taken back.
        let withdrawn = !transactions.is_empty() || exact_decimal(&disbursed) == Some(Decimal::ZERO);
        if !withdrawn || modified.as_deref().and_then(dates::read_instant).is_some() {
            stages.push(Stage {
                kind: FundingStage::Disbursed,
                suffix: "/disbursed".to_owned(),
                amount: Some(disbursed),
                date: awarded,
                currency,
                modified,
                withdrawn,
            });
        }
    }
    stages
}

/// The later of two modifications; one that cannot be read goes first, so that
/// it is seen.
fn later(one: Option<String>, other: Option<String>) -> Option<String> {
    let order = |text: &String| dates::read_instant(text).map_or(i64::MAX, |instant| instant.micros);
    [one, other].into_iter().flatten().max_by_key(order)
}

fn event(shared: &FundingEvent, id: &str, stage: Stage) -> FundingEvent {
    let disbursed = stage.kind == FundingStage::Disbursed;
    let mut event = FundingEvent {
        // Without the grant's id there is no identity, whatever would follow it.
        event_id: if id.is_empty() { String::new() } else { format!("{id}{}", stage.suffix) },
        award_id: (disbursed && !id.is_empty()).then(|| id.to_owned()),
        stage: stage.kind,
        currency: stage.currency,
        ..shared.clone()
    };
    let mut unreadable: Option<(&str, String)> = None;
    event.amount = read(stage.amount, exact_decimal, "amount", &mut unreadable);
    event.occurred_on = read(stage.date, dates::read_day, "occurred_on", &mut unreadable);
    let modified = read(stage.modified, dates::read_instant, "recorded_at", &mut unreadable);
    event.recorded_at = recorded_at(modified, event.occurred_on);
    // Beyond what a revision can hold, the largest says so: it is refused for being out of range.
    event.revision =
        modified.map_or(0, |instant| i32::try_from(instant.micros.div_euclid(MICROS_PER_MINUTE)).unwrap_or(i32::MAX));
    if stage.withdrawn {
        return withdrawal(event);
    }
    if let Some((field, text)) = unreadable {
        event.unreadable_field = Some(field.to_owned());
        event.unreadable_text = Some(text.chars().take(UNREADABLE_CHARS_MAX).collect());
    }
    event
}

/// Takes back what an earlier revision stated; of the grant it says nothing.
fn withdrawal(event: FundingEvent) -> FundingEvent {
    let FundingEvent { source, event_id, revision, recorded_at, source_document, .. } = event;
    let action = Action::Cancel;
    FundingEvent { source, event_id, revision, recorded_at, source_document, action, ..FundingEvent::default() }
}

/// Reads `text`, or notes that `field` could not be read; the first is kept.
fn read<T>(
    text: Option<String>,
    reader: impl FnOnce(&str) -> Option<T>,
    field: &'static str,
    unreadable: &mut Option<(&str, String)>,
) -> Option<T> {
    let text = text?;
    let value = reader(&text);
    if value.is_none() && unreadable.is_none() {
        *unreadable = Some((field, text));
    }
    value
}

/// In microseconds since 1970. A modification written as the award's own day
/// may lie on the day before in UTC; it counts from the day's first moment, or
/// the award would seem to lie in the future.
fn recorded_at(modified: Option<Instant>, occurred_on: Option<i32>) -> i64 {
    match (modified, occurred_on) {
        (Some(instant), _) => instant.micros.max(i64::from(instant.written_day) * MICROS_PER_DAY),
        (None, Some(day)) => i64::from(day) * MICROS_PER_DAY,
        (None, None) => UNDATED_MICROS,
    }
}
