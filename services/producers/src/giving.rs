//! Grants as published in the 360Giving Data Standard (JSON, version 1.4).
//!
//! A grant becomes one COMMITTED event, and one DISBURSED event for each of
//! its disbursement transactions or, where it lists none, for its
//! `amountDisbursed`. Where a record with a date of modification lists
//! transactions, or says that nothing was paid, an `amountDisbursed` that an
//! earlier state of it may have had is withdrawn. All are functions of the
//! grant's record alone, so a file imported twice yields the same bytes:
//!
//! | event | taken from |
//! | --- | --- |
//! | `source` | `urn:360giving` |
//! | `event_id` | `id`; `ID/disbursed`; `ID/disbursed/N`, N being the transaction's `id` or its place in the list from 1 |
//! | `revision` | minutes from 1970 to `dateModified`; 0 where there is none |
//! | `recorded_at` | `dateModified`, else the event's own day, else 2000-01-01 |
//! | `occurred_on` | `transactionDate`, else `awardDate`, as written whatever its zone |
//! | `instrument` | `fundingType` where it plainly names one, else GRANT |
//! | `programme` | the options', else the first title or code under `grantProgramme` |
//! | `place_code`, `postcode` | see `place` |
//! | `onward_grant` | whether `regrantType` is set |
//! | `planned_start`, `planned_end` | first and last full day under `plannedDates` |
//! | `source_document` | `dataSource`, else `FILE#id` |
//!
//! E-mail addresses, telephone numbers, contact names and descriptions are
//! never read; of a grant to a person, neither its title nor anything of the
//! receiver but that there is one. A record without an id still becomes a
//! message, so that it is refused by name. `docs/360giving.md` says all this to
//! those who publish.

mod elements;
mod fields;
mod mapping;
mod place;
mod scan;

use crate::{Codecs, Message, ProducerError};
use commonweal_schemas::records::FundingEvent;
use elements::Elements;
use fields::Fields;
use std::collections::VecDeque;
use std::io::Read;
use std::sync::Arc;

/// The `source` of every event made of 360Giving data: grant ids are unique
/// across publishers, so the same grant in two files is the same event.
pub const SOURCE: &str = "urn:360giving";

/// How to import a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GivingOptions {
    /// Name of the file, for errors and for `source_document`.
    pub file: String,
    /// Programme of every event, whatever the file says.
    pub programme: Option<String>,
}

/// Messages of one 360Giving file. After an error there are no more.
#[derive(Debug)]
pub struct GivingImport {
    elements: Elements,
    options: GivingOptions,
    codecs: Arc<Codecs>,
    waiting: VecDeque<FundingEvent>,
    failed: bool,
}

/// Reads a 360Giving package, plain or gzipped, one grant at a time.
///
/// # Errors
/// [`ProducerError::Read`] where the first bytes cannot be read. The iterator
/// itself yields an error, and then ends, where the file is not a package of
/// grants.
pub fn import_360giving<R: Read + Send + 'static>(
    reader: R,
    options: GivingOptions,
    codecs: Arc<Codecs>,
) -> Result<GivingImport, ProducerError> {
    let elements = Elements::new(reader, &options.file)?;
    Ok(GivingImport { elements, options, codecs, waiting: VecDeque::new(), failed: false })
}

impl GivingImport {
    fn advance(&mut self) -> Result<Option<Message>, ProducerError> {
        while self.waiting.is_empty() {
            let Some(element) = self.elements.next()? else {
                return Ok(None);
            };
            let grant = Fields::parse(element.bytes).map_err(|message| ProducerError::Grant {
                file: self.options.file.clone(),
                position: element.position,
                byte: element.byte,
                message,
            })?;
            self.waiting.extend(mapping::events(&grant, &self.options));
        }
        self.waiting.pop_front().map(|event| self.codecs.funding_message(&event)).transpose()
    }
}

impl Iterator for GivingImport {
    type Item = Result<Message, ProducerError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let item = self.advance().transpose();
        self.failed = matches!(item, Some(Err(_)));
        item
    }
}
