//! Validation and normalisation of raw events.
//!
//! [`validate_funding`] and [`validate_employment`] are pure functions over
//! Arrow batches. Each row either passes every rule and comes out in canonical
//! form, or is refused with one reason: the first broken rule in the order of
//! [`commonweal_schemas::Reason`]. A verdict depends on the event and the
//! [`Rules`] alone, never on a clock and never on its neighbours.
//!
//! | field | canonical form | refused |
//! | --- | --- | --- |
//! | `source`, `event_id` | as sent | blank; over 512 bytes; control characters |
//! | `programme` | upper case, runs of other characters one `-`; `unknown` where none | no letter or digit; over 128 bytes |
//! | org-ids | list code in upper case, identifier in its register's form: [`org_id`] | any other shape |
//! | names, `award_id`, `source_document` | trimmed, inner white space one space | over the text limit |
//! | `title` | likewise, and e-mail addresses and telephone numbers struck out | over the text limit |
//! | `currency` | trimmed, upper case | not an active ISO 4217 code |
//! | `postcode` | upper case, one space before the inward code: [`place`] | any other shape |
//! | `place_code` | trimmed, upper case | not a letter and eight digits |
//!
//! Blank text is missing text. What a cancellation says beyond its identity,
//! revision, `recorded_at` and lineage is dropped unread. Of a grant to a
//! person only what counts it is kept: the title goes, and of the postcode the
//! inward code.

mod breaches;
mod columns;
mod contact;
mod currency;
mod digest;
mod employment;
mod error;
mod findings;
mod funding;
mod identity;
mod intern;
mod kept;
pub mod org_id;
mod output;
mod party;
pub mod place;
mod programme;
mod rules;
mod text;

pub use breaches::breaches;
pub use contact::strike as strike_contact_details;
pub use currency::is_active as is_active_currency;
pub use employment::validate_employment;
pub use error::IngestError;
pub use funding::validate_funding;
pub use identity::unreadable_reason;
pub use output::Validated;
pub use programme::canonical as canonical_programme;
pub use rules::Rules;
