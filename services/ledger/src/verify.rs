//! Verification: walks the whole journal and checks that it keeps what the
//! ledger promises (L1, L2, L3), trusting nothing that the writer kept in memory.
//!
//! - L1: per origin partition the receipts' sets are disjoint and cover every
//!   offset up to the position; they agree with entries and rejections.
//! - L2: each event counts as its greatest statement says, once; so do the
//!   sums by measure and unit.
//! - L3: every file is what its name says it was; commits rise with their time
//!   of posting; each reversal equals the one entry it takes back; what was
//!   posted anew under another reference version differs from what the same
//!   commit took back in nothing but what the reference decides.
//!
//! Every row of a book is held in 56 bytes while its dataset is looked at.

mod contents;
mod events;
mod invariant;
mod origins;
mod report;
mod reversals;
mod rows;

pub use invariant::Invariant;
pub use report::{DatasetTotals, Fault, PartitionTotals, QuantityTotals, Report};

use crate::LedgerError;
use crate::columns::text;
use crate::parquet_files::{Rows, each_batch, read_rows};
use arrow::datatypes::Int64Type;
use commonweal_journal::{Book, Journal, JournalFile, References};
use commonweal_schemas::{Dataset, arrow_schema};
use contents::Stamps;
use events::{EventFault, Source};
use origins::Origins;
use report::Faults;

/// Checks the journal as of the snapshot's version.
///
/// A file that is not what was committed is named and its rows are left out,
/// so its events and offsets show as faults too.
///
/// # Errors
/// The table or an unchanged file cannot be read; a broken promise is no
/// error but a [`Fault`] in the report.
pub async fn verify(journal: &Journal) -> Result<Report, LedgerError> {
    let mut check = Check::default();
    let mut datasets = Vec::with_capacity(Dataset::ALL.len());
    for dataset in Dataset::ALL {
        datasets.push(check.postings(dataset, &journal.book(Book::from(dataset))?, journal.references())?);
    }
    for book in [Book::Rejections, Book::Receipts] {
        check.others(book, &journal.book(book)?)?;
    }
    check.stamps.settle(journal, &mut check.faults);
    let partitions = check.origins.settle(journal, &mut check.faults).await?;
    let (faults, faults_left_out) = check.faults.into_parts();
    Ok(Report {
        commit: journal.version(),
        adopting: journal.references().under_way().map(|adoption| adoption.to.clone()),
        files: check.files,
        bytes: check.bytes,
        partitions,
        datasets,
        faults,
        faults_left_out,
    })
}

#[derive(Default)]
struct Check {
    faults: Faults,
    stamps: Stamps,
    origins: Origins,
    files: u64,
    bytes: u64,
}

impl Check {
    /// Checks the book of a dataset.
    fn postings(
        &mut self,
        dataset: Dataset,
        files: &[JournalFile],
        references: &References,
    ) -> Result<DatasetTotals, LedgerError> {
        let mut book = rows::Book::default();
        for (number, file) in (0_u32..).zip(files) {
            self.files += 1;
            self.bytes += book.add(number, file, &mut self.stamps, &mut self.origins, &mut self.faults)?;
        }
        let source = |file: &JournalFile| Source { commit: file.commit, adopts: references.adopts(file.commit) };
        let walk = events::walk(dataset, &mut book, &files.iter().map(source).collect::<Vec<_>>());
        drop(book);
        let unequal = reversals::reversed(files, walk.pairs)?;
        let restated = reversals::restated(files, walk.restated)?;
        for fault in walk.faults.into_iter().chain(unequal).chain(restated) {
            let place = place(files, &fault)?;
            self.faults.add(fault.invariant, || (place, fault.finding));
        }
        Ok(walk.totals)
    }

    /// Checks the files of a book that holds no postings.
    fn others(&mut self, book: Book, files: &[JournalFile]) -> Result<(), LedgerError> {
        const REJECTIONS: [&str; 6] =
            ["origin_topic", "origin_partition", "origin_offset", "ledger_commit", "posted_at", "booked_on"];
        for file in files {
            self.files += 1;
            let Some(content) = contents::intact(file, &mut self.faults)? else { continue };
            self.bytes += content.len() as u64;
            let names = (book == Book::Rejections).then_some(REJECTIONS.as_slice());
            each_batch(content, &file.path, &book.schema(), names, Rows::All, |_, batch| {
                self.stamps.check(file, batch, &mut self.faults)?;
                match book {
                    Book::Rejections => self.origins.add_rejections(batch),
                    _ => self.origins.add_receipts(file, batch, &mut self.faults),
                }
            })?;
        }
        Ok(())
    }
}

/// The event a fault is about, as people name it, with where its row lies.
fn place(files: &[JournalFile], fault: &EventFault) -> Result<String, LedgerError> {
    let Some(file) = files.get(fault.at.file as usize) else { return Ok(String::new()) };
    let batch = read_rows(&file.path, &[fault.at.row], &arrow_schema::posting_stored())?;
    let offset = crate::columns::primitive::<Int64Type>(&batch, "origin_offset")?;
    if offset.is_empty() {
        return Ok(contents::name(file));
    }
    Ok(format!(
        "{} row {} (source {:?}, event_id {:?}, origin offset {})",
        contents::name(file),
        fault.at.row,
        text(&batch, "source")?.value(0),
        text(&batch, "event_id")?.value(0),
        offset.value(0),
    ))
}
