//! Grants in force as a 360Giving file: for each COMMITTED entry one grant, with
//! the award's payments as its transactions.
//!
//! The journal is read in one pass that spills to disk where it is long, and
//! grants are written as they come: memory is bounded by the query engine's
//! and by what one award holds. Only grants to organisations are written, which
//! are public; `docs/360giving.md` says what else a file cannot hold.

mod file;
mod grant;
mod rows;

use crate::publish::absolute;
use crate::{LedgerState, Manifest, Options, PublishError};
use commonweal_journal::Book;
use commonweal_query::Session;
use commonweal_schemas::arrow_schema;
use file::PackageFile;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use grant::Grant;
use rows::{Row, read};
use std::path::{Path, PathBuf};

/// Which grants to write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GivingFilter {
    /// First quarter of award, as `2020-Q1`.
    pub from: Option<String>,
    /// Last quarter of award.
    pub until: Option<String>,
    /// Canonical code of the programme.
    pub programme: Option<String>,
}

/// What was written, and what was not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GivingExported {
    pub grants: u64,
    /// Payments of these grants.
    pub payments: u64,
    /// Payments whose award is not in force: a file has no place for them.
    pub unattached: u64,
    /// Awards and payments in currencies that the standard's list lacks.
    pub foreign: u64,
}

/// Currencies of ISO 4217 that the standard's list, version 1.4.3, lacks.
const UNLISTED: [&str; 6] = ["SLE", "UYW", "VED", "XAD", "XCG", "ZWG"];

/// Whatever of a live entry a grant is made of. A reversal repeats the entry's
/// columns and negates its sums, so what is left is in force.
const SHOWN: &str = "source, event_id, COALESCE(award_id, event_id) AS award, measure, revision, recorded_at, unit, \
                     instrument, organisation_key, organisation_name, counterparty_key, counterparty_name, programme, \
                     onward_grant, occurred_on, period_start, period_end, postcode, place_code, title, \
                     source_document, quarter";
const GROUPS: usize = 22;

/// Writes the grants in force to a file that is whole or not there. Where
/// nothing passes the filter there is none either, since the standard wants at
/// least one grant.
///
/// # Errors
/// The journal cannot be read, or the file not be written.
#[must_use]
pub fn export_360giving<'a>(
    options: &'a Options,
    filter: &'a GivingFilter,
    path: &'a Path,
) -> BoxFuture<'a, Result<GivingExported, PublishError>> {
    Box::pin(async move {
        let state = LedgerState::now(options).await?;
        let session = Session::new()?;
        let book = state.files.iter().filter(|file| file.book == Book::Funding);
        let files: Vec<PathBuf> = book.map(|file| absolute(&file.path)).collect::<Result<_, _>>()?;
        session.add_files("funding", &arrow_schema::posting_stored(), &files).await?;
        let mut batches = session.stream("grants in force", &sql()).await?;
        let mut package = PackageFile::create(path)?;
        package.begin(options, Manifest::instant(state.posted_at_micros).as_deref())?;
        let mut export = Export { filter, package, award: Vec::new(), told: GivingExported::default() };
        while let Some(batch) = batches.next().await {
            for row in read(&batch?)? {
                export.add(row)?;
            }
        }
        export.finish()
    })
}

fn sql() -> String {
    let groups: Vec<String> = (1..=GROUPS).map(|position| position.to_string()).collect();
    format!(
        "SELECT {SHOWN}, SUM(quantity) AS quantity FROM funding \
         WHERE measure IN ('COMMITTED', 'DISBURSED') AND recipient_kind = 'ORGANISATION' \
         GROUP BY {} HAVING SUM(entry) > 0 ORDER BY source, award, measure, event_id",
        groups.join(", ")
    )
}

/// An export under way.
struct Export<'a> {
    filter: &'a GivingFilter,
    package: PackageFile,
    /// Rows of one award, commitments first.
    award: Vec<Row>,
    told: GivingExported,
}

impl Export<'_> {
    fn add(&mut self, row: Row) -> Result<(), PublishError> {
        if self.award.first().is_some_and(|first| (&first.source, &first.award) != (&row.source, &row.award)) {
            self.write_award()?;
        }
        if UNLISTED.contains(&row.currency.as_str()) {
            self.told.foreign += 1;
        } else {
            self.award.push(row);
        }
        Ok(())
    }

    /// The payments go with the award's first commitment.
    fn write_award(&mut self) -> Result<(), PublishError> {
        let rows = std::mem::take(&mut self.award);
        let (commitments, mut payments): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(|row| row.committed);
        if commitments.is_empty() {
            self.told.unattached += payments.len() as u64;
        }
        for commitment in &commitments {
            let payments = std::mem::take(&mut payments);
            if self.filter.passes(commitment) {
                self.package.write(&Grant::of(commitment, &payments)?)?;
                self.told.grants += 1;
                self.told.payments += payments.len() as u64;
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<GivingExported, PublishError> {
        self.write_award()?;
        if self.told.grants > 0 {
            self.package.settle()?;
        } else {
            self.package.discard()?;
        }
        Ok(self.told)
    }
}

impl GivingFilter {
    fn passes(&self, row: &Row) -> bool {
        self.from.as_ref().is_none_or(|from| row.quarter >= *from)
            && self.until.as_ref().is_none_or(|until| row.quarter <= *until)
            && self.programme.as_ref().is_none_or(|programme| row.programme.as_ref() == Some(programme))
    }
}
