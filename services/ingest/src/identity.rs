//! Rules that every event keeps, cancellations too, and the fields a producer
//! could not read.

use crate::columns::{Columns, Symbols, per_value, verdict};
use crate::error::IngestError;
use crate::findings::{Findings, quoted};
use crate::rules::{IDENTITY_BYTES_MAX, RECORDED_AT_END, RECORDED_AT_MIN, REVISION_MAX};
use crate::text::{self, is_blank_text};
use arrow::array::{Array, StringArray};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::{Int32Type, TimestampMicrosecondType};
use commonweal_schemas::Reason;

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// Fields of both contracts that a producer may name as unreadable.
const FIELDS: [&str; 31] = [
    "amount",
    "as_of",
    "award_id",
    "currency",
    "employer_id",
    "employer_name",
    "funder_id",
    "funder_name",
    "instrument",
    "job_basis",
    "measure",
    "occurred_on",
    "onward_grant",
    "period_end",
    "period_start",
    "place_code",
    "planned_end",
    "planned_start",
    "postcode",
    "prior_status",
    "programme",
    "quantity",
    "recipient_id",
    "recipient_kind",
    "recipient_name",
    "recorded_at",
    "revision",
    "source_document",
    "stage",
    "title",
    "unit",
];

/// Rows whose action is CANCEL, or `None` where there are none.
pub(crate) fn cancellations(action: &Symbols) -> Option<BooleanBuffer> {
    let cancels = per_value(action, |value| value == "CANCEL");
    let cancelled: BooleanBuffer = (0..action.len()).map(|row| verdict(action, &cancels, row, false)).collect();
    (cancelled.count_set_bits() > 0).then_some(cancelled)
}

/// Day an instant lies on, UTC, in days since 1970-01-01.
pub(crate) fn day_of(recorded_at: i64) -> i64 {
    recorded_at.div_euclid(DAY)
}

/// Why a text cannot be half of an identity.
fn identity_fault(text: &str) -> Option<Reason> {
    if is_blank_text(text) {
        Some(Reason::IdentityMissing)
    } else if text.len() > IDENTITY_BYTES_MAX || holds_control(text) {
        Some(Reason::IdentityTooLong)
    } else {
        None
    }
}

fn holds_control(text: &str) -> bool {
    // One pass without branches over what is nearly always plain ASCII.
    let suspect = text.bytes().fold(false, |seen, byte| seen | !(0x20..0x7F).contains(&byte));
    suspect && text.chars().any(char::is_control)
}

/// Source or event id of a row, where it can be read.
pub(crate) fn readable(column: &StringArray, row: usize) -> Option<String> {
    let text = column.value(row);
    identity_fault(text).is_none().then(|| text.to_owned())
}

/// Holds each row to the rules on identity, revision and `recorded_at`.
///
/// # Errors
/// [`IngestError::Column`] where the batch is not of the contract.
pub(crate) fn check(columns: &Columns<'_>, findings: &mut Findings<'_>) -> Result<(), IngestError> {
    for field in ["source", "event_id"] {
        let column = columns.text(field)?;
        // Plain text is an identity, and few blocks hold any other.
        let suspects = text::blocks(column).filter(|rows| !text::is_plain(column, rows.clone(), IDENTITY_BYTES_MAX));
        for row in suspects.flatten() {
            let text = column.value(row);
            if let Some(reason) = identity_fault(text) {
                findings.always(row, reason, field, || {
                    format!("{field} is {} ({} bytes): {}", quoted(text), text.len(), reason.sentence())
                });
            }
        }
    }
    for (row, &revision) in columns.primitive::<Int32Type>("revision")?.values().iter().enumerate() {
        if !(0..=REVISION_MAX).contains(&revision) {
            findings.always(row, Reason::RevisionOutOfRange, "revision", || {
                format!("revision is {revision}, expected 0 to {REVISION_MAX}")
            });
        }
    }
    for (row, &recorded_at) in columns.primitive::<TimestampMicrosecondType>("recorded_at")?.values().iter().enumerate()
    {
        if !(RECORDED_AT_MIN..RECORDED_AT_END).contains(&recorded_at) {
            findings.always(row, Reason::RecordedAtOutOfRange, "recorded_at", || {
                format!("recorded_at is {recorded_at} microseconds since 1970, expected a time in 2000 to 2100")
            });
        }
    }
    Ok(())
}

/// Reason for a field that could not be read, for whoever reads it elsewhere
/// and refuses it under the same codes.
#[must_use]
pub fn unreadable_reason(field: &str) -> Reason {
    unreadable(field).0
}

/// Reason for a field that could not be read, and the field.
fn unreadable(name: &str) -> (Reason, &'static str) {
    let field = FIELDS.iter().find(|field| **field == name).copied();
    let reason = match name {
        "amount" => Reason::AmountUnreadable,
        "quantity" => Reason::QuantityUnreadable,
        "occurred_on" | "as_of" | "period_start" | "period_end" | "planned_start" | "planned_end" => {
            Reason::DateUnreadable
        }
        _ => Reason::FieldUnreadable,
    };
    (reason, field.unwrap_or("unreadable_field"))
}

/// Refuses rows whose producer names an unreadable field.
///
/// # Errors
/// [`IngestError::Column`] where the batch is not of the contract.
pub(crate) fn check_unreadable(columns: &Columns<'_>, findings: &mut Findings<'_>) -> Result<(), IngestError> {
    let names = columns.text("unreadable_field")?;
    if names.null_count() == names.len() {
        return Ok(());
    }
    let texts = columns.text("unreadable_text")?;
    for row in (0..names.len()).filter(|&row| names.is_valid(row)) {
        let name = names.value(row).trim();
        if name.is_empty() {
            continue;
        }
        let (reason, field) = unreadable(name);
        let text = if texts.is_valid(row) { texts.value(row) } else { "" };
        findings
            .content(row, reason, field, || format!("the producer could not read {}: {}", quoted(name), quoted(text)));
    }
    Ok(())
}

/// Whether the producer says of this row that it could not read `field`.
pub(crate) fn is_unreadable(names: &StringArray, row: usize, field: &str) -> bool {
    names.is_valid(row) && names.value(row).trim() == field
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that the days of instants before 1970 are not rounded towards it.
    #[test]
    fn days_of_instants() {
        assert_eq!((day_of(0), day_of(DAY - 1), day_of(DAY), day_of(-1)), (0, 0, 1, -1));
    }

    /// Proves that control characters are found beyond ASCII, and that letters
    /// beyond ASCII are none.
    #[test]
    fn control_characters() {
        assert!(holds_control("a\u{7f}") && holds_control("a\nb") && holds_control("\u{85}"));
        assert!(!holds_control("urn:a b") && !holds_control("urn:é—ü"));
    }
}
