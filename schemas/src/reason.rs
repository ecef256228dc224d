//! Why a message or an event is refused: one code a rule, one sentence a code.
//! `docs/reason-codes.md` is made from this list.

use std::fmt;

/// Stage that refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// The bytes could not be read as an event.
    Decode,
    /// The event broke a rule.
    Ingest,
}

impl Stage {
    /// Name used in dead letters and in the rejections book.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Ingest => "ingest",
        }
    }
}

macro_rules! reasons {
    ($($variant:ident, $code:literal, $stage:ident, $sentence:literal;)*) => {
        /// Reason a message was rejected.
        #[expect(clippy::doc_markdown, reason = "the sentences are read by people, in tables and dead letters")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $(#[doc = $sentence] $variant,)*
        }

        impl Reason {
            /// Every reason, in the order the documentation lists them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Stable code, as in dead letters, the journal and `data_quality`.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The reason behind a code.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|reason| reason.code() == code)
            }

            /// One sentence for people.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)* }
            }

            /// Stage that gives this reason.
            #[must_use]
            pub const fn stage(self) -> Stage {
                match self { $(Self::$variant => Stage::$stage,)* }
            }
        }
    };
}

reasons! {
    PayloadEmpty, "PAYLOAD_EMPTY", Decode,
        "The message has no value; a raw topic carries events, not tombstones.";
    PayloadTooLarge, "PAYLOAD_TOO_LARGE", Decode,
        "The message is longer than the configured limit for one event.";
    MagicWrong, "MAGIC_WRONG", Decode,
        "The first byte is not the zero byte of the Confluent wire format.";
    SchemaUnknown, "SCHEMA_UNKNOWN", Decode,
        "No schema is known under the id the message names.";
    SchemaIncompatible, "SCHEMA_INCOMPATIBLE", Decode,
        "The schema the message was written with cannot be read as this topic's contract.";
    BodyTruncated, "BODY_TRUNCATED", Decode,
        "The Avro body ends before the record does.";
    BodyMalformed, "BODY_MALFORMED", Decode,
        "The Avro body does not follow its schema: a bad length, enum index or UTF-8 text.";
    TrailingBytes, "TRAILING_BYTES", Decode,
        "Bytes follow the Avro record; one message carries one event.";
    IdentityMissing, "IDENTITY_MISSING", Ingest,
        "source or event_id is empty, so the event has no identity.";
    IdentityTooLong, "IDENTITY_TOO_LONG", Ingest,
        "source or event_id is longer than 512 bytes or holds control characters.";
    RevisionOutOfRange, "REVISION_OUT_OF_RANGE", Ingest,
        "The revision is below 0 or above 1,073,741,823.";
    RecordedAtOutOfRange, "RECORDED_AT_OUT_OF_RANGE", Ingest,
        "recorded_at lies outside the years 2000 to 2100.";
    FieldUnreadable, "FIELD_UNREADABLE", Ingest,
        "The producer could not read a field at its own source and says so.";
    AmountUnreadable, "AMOUNT_UNREADABLE", Ingest,
        "The producer could not read the amount at its own source: it holds a date, a text or a range.";
    DateUnreadable, "DATE_UNREADABLE", Ingest,
        "The producer could not read a date at its own source.";
    StageMissing, "STAGE_MISSING", Ingest,
        "The funding stage is not stated, or is one this version does not know.";
    AmountMissing, "AMOUNT_MISSING", Ingest,
        "A funding event states no amount.";
    AmountNotPositive, "AMOUNT_NOT_POSITIVE", Ingest,
        "The amount is zero or below; mistakes are corrected by a revision, not by a negative amount.";
    AmountTooLarge, "AMOUNT_TOO_LARGE", Ingest,
        "The amount is above the configured limit for one event.";
    CurrencyMissing, "CURRENCY_MISSING", Ingest,
        "A funding event states no currency.";
    CurrencyUnknown, "CURRENCY_UNKNOWN", Ingest,
        "The currency is not an ISO 4217 code.";
    DateMissing, "DATE_MISSING", Ingest,
        "The event has no date: occurred_on for funding, as_of for a stock, the period for a flow.";
    DateOutOfRange, "DATE_OUT_OF_RANGE", Ingest,
        "A date lies before the configured first day.";
    DateInFuture, "DATE_IN_FUTURE", Ingest,
        "A date lies after the day the event itself was recorded on.";
    PeriodReversed, "PERIOD_REVERSED", Ingest,
        "The period ends before it starts.";
    PeriodTooLong, "PERIOD_TOO_LONG", Ingest,
        "The period is longer than 366 days.";
    PartyMissing, "PARTY_MISSING", Ingest,
        "Neither id nor name is given for the receiver or the employer.";
    FunderMissing, "FUNDER_MISSING", Ingest,
        "Neither id nor name is given for the funder of a funding event.";
    OrgIdMalformed, "ORG_ID_MALFORMED", Ingest,
        "An organisation identifier has not the shape of an org-id (list code, dash, identifier) or breaks the pattern of its list.";
    IndividualIdentified, "INDIVIDUAL_IDENTIFIED", Ingest,
        "A person is named or given an identifier; individuals are counted and never identified.";
    PlaceCodeMalformed, "PLACE_CODE_MALFORMED", Ingest,
        "The place code is not a GSS code: a letter and eight digits.";
    PostcodeMalformed, "POSTCODE_MALFORMED", Ingest,
        "The postcode has not the shape of a United Kingdom postcode.";
    ProgrammeMalformed, "PROGRAMME_MALFORMED", Ingest,
        "The programme is longer than 128 bytes or holds no letter or digit.";
    TextTooLong, "TEXT_TOO_LONG", Ingest,
        "A text field is longer than 4,096 bytes.";
    MeasureMissing, "MEASURE_MISSING", Ingest,
        "The employment measure is not stated, or is one this version does not know.";
    QuantityMissing, "QUANTITY_MISSING", Ingest,
        "An employment event states no quantity.";
    QuantityUnreadable, "QUANTITY_UNREADABLE", Ingest,
        "The producer could not read the quantity at its own source.";
    QuantityNegative, "QUANTITY_NEGATIVE", Ingest,
        "The quantity is below zero.";
    QuantityNotWhole, "QUANTITY_NOT_WHOLE", Ingest,
        "People are counted whole; parts of a post belong to FTE.";
    QuantityTooLarge, "QUANTITY_TOO_LARGE", Ingest,
        "The quantity is above the configured limit for one event.";
    UnitMismatch, "UNIT_MISMATCH", Ingest,
        "The unit is not the one the measure is counted in.";
    JobBasisNotExclusive, "JOB_BASIS_NOT_EXCLUSIVE", Ingest,
        "More than one job basis is named; created, safeguarded and supported exclude each other.";
    JobBasisNotApplicable, "JOB_BASIS_NOT_APPLICABLE", Ingest,
        "A job basis is named for a measure that does not count posts.";
    PriorStatusNotApplicable, "PRIOR_STATUS_NOT_APPLICABLE", Ingest,
        "A prior status is named for a measure that does not count people starting.";
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// The page `docs/reason-codes.md`, made from the list above.
#[must_use]
pub fn documentation() -> String {
    use fmt::Write as _;
    let mut page = String::from(
        "# Reason codes\n\nWhy a message is refused. Each refused message is a dead letter with its original \
         bytes, and a row in the journal's `rejections` book.\n\n| code | stage | what it means |\n| --- | --- | --- |\n",
    );
    for reason in Reason::ALL {
        // Writing to a String cannot fail.
        let _written = writeln!(page, "| `{}` | {} | {} |", reason.code(), reason.stage().name(), reason.sentence());
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that no two reasons share a code, so a code names one rule.
    #[test]
    fn codes_are_unique() {
        let mut codes: Vec<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Reason::ALL.len());
    }

    /// Proves that the documentation in the repository is the one made from
    /// the enum. `COMMONWEAL_BLESS=1` rewrites it.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "a developer asks for the rewrite through the environment")]
    fn documentation_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reason-codes.md");
        if std::env::var_os("COMMONWEAL_BLESS").is_some() {
            std::fs::write(path, documentation()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), documentation());
    }
}
