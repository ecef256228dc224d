//! Tracing: what a figure is made of, down to the messages (L8).
//!
//! The method book says in `traces/*.sql` of which parts each figure is made and
//! how; [`unfold`] follows the parts from row to row, computes every figure on
//! the way once more from its parts ([`arithmetic`]), and stops at balances, at
//! what was refused, and at the method's own numbers. Balances are followed to
//! the journal's entries ([`evidence`]), which name the messages they came by.
//!
//! Figures are traced as they are before disclosure control, since protected
//! ones do not add up: what comes of it is for the body's own officers.

mod arithmetic;
mod asked;
mod check;
mod evidence;
mod lines;
mod numbers;
mod unfold;

pub use arithmetic::{Factor, Figure, Operation, Part, RowId, Term, VARIANTS, Values};
pub use asked::{Amount, Cell, Told};
pub use check::{Gap, Traced};
pub use evidence::{Balance, Entry, Refused};
pub use numbers::Number;
pub use unfold::Unfolded;

use crate::balances::{Balances, Cells};
use crate::blocking::blocking;
use crate::disclosure::Protection;
use crate::manifest::Manifest;
use crate::method::MethodBook;
use crate::moment::Moment;
use crate::publish::{absolute, labels};
use crate::tables::{self, Table};
use crate::views::views_with_balances;
use crate::{LedgerState, Options, PublishError, inputs, models};
use arrow::array::RecordBatch;
use check::Followed;
use commonweal_query::{QueryError, Session};
use commonweal_schemas::Dataset;
use evidence::{Evidence, Ledgers};
use futures::future::BoxFuture;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use unfold::Wanted;

/// Why a figure is not traced.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    #[error("there is no published table {given:?}; there is {}", known.join(", "))]
    Table { given: String, known: Vec<&'static str> },
    #[error("the condition cannot be asked of {table}, whose columns are {}", columns.join(", "))]
    Condition {
        table: &'static str,
        columns: Vec<&'static str>,
        #[source]
        source: QueryError,
    },
    #[error("no row of {table} is like that")]
    NoRow { table: &'static str },
    #[error("more than {max} rows of {table} are like that; ask for fewer, or allow more")]
    Rows { table: &'static str, max: usize },
    #[error("method {method} does not say what {table} is made of: it has no traces/{table}.sql")]
    Untold { table: String, method: String },
    #[error("more than {max} entries stand behind that; ask for fewer rows")]
    Entries { max: usize },
}

/// What to trace.
#[derive(Clone, Debug)]
pub struct Request {
    /// A published table.
    pub table: String,
    /// Which of its rows: a condition in SQL over its columns.
    pub condition: String,
    /// As of an instant, in UTC microseconds.
    pub as_of: Option<i64>,
    /// Rows that are traced at most.
    pub rows_max: usize,
}

/// What was traced.
#[derive(Clone, Debug)]
pub struct Trace {
    pub method_version: String,
    pub reference_version: String,
    pub data_label: String,
    pub ledger_version: i64,
    /// When the last commit was posted, RFC 3339 UTC; none where nothing was.
    pub as_of: Option<String>,
    pub table: &'static Table,
    /// The rows asked for, in their order.
    pub cells: Vec<Cell>,
    /// Every row on the way, the nearest first.
    pub rows: Vec<Unfolded>,
    pub balances: Vec<Balance>,
    pub refused: Vec<Refused>,
    /// Entries of identities that were stated in two ways.
    pub conflicting: Vec<Entry>,
    pub numbers: Vec<Number>,
    /// What does not add up: nothing, or the books or the method are broken.
    pub gaps: Vec<Gap>,
}

/// A trace under way.
pub type Tracing<'a, T> = BoxFuture<'a, Result<T, PublishError>>;

/// Traces rows of a published table.
///
/// # Errors
/// The request cannot be met, the method does not say what a figure is made of,
/// or as [`crate::publish`].
#[must_use]
pub fn trace<'a>(options: &'a Options, request: &'a Request) -> Tracing<'a, Trace> {
    Box::pin(async move { trace_state(options, LedgerState::now(options).await?, request).await })
}

/// The same for a given state of a journal.
///
/// # Errors
/// As [`trace`].
#[must_use]
pub fn trace_state<'a>(options: &'a Options, now: LedgerState, request: &'a Request) -> Tracing<'a, Trace> {
    Box::pin(async move {
        let table = Table::named(&request.table).ok_or_else(|| TraceError::Table {
            given: request.table.clone(),
            known: tables::ALL.iter().map(|table| table.name).collect(),
        })?;
        let valued = Valued::new(options, now, request.as_of).await?;
        let mut cells = asked::find(&valued, table, request).await?;
        let mut wanted = Wanted::default();
        for cell in &cells {
            for told in &cell.told {
                wanted.add(&cell.row, told.column);
            }
        }
        let followed = Followed::new(&valued, wanted).await?;
        let gaps = followed.gaps(&cells);
        let Followed { unfolding, evidence, numbers } = followed;
        asked::publish(&valued, table, &mut cells, options).await?;
        Ok(Trace {
            method_version: options.method.version().to_owned(),
            reference_version: valued.state.reference_version.clone(),
            data_label: inputs::data_label(options.label.as_deref()).to_owned(),
            ledger_version: valued.state.version,
            as_of: Manifest::instant(valued.state.posted_at_micros),
            table,
            cells,
            rows: unfolding.into_rows(),
            balances: evidence.balances.into_values().collect(),
            refused: evidence.refused,
            conflicting: evidence.conflicting.into_values().flatten().collect(),
            numbers: numbers.into_values().collect(),
            gaps,
        })
    })
}

/// Traces every figure of every published table, and tells of each table how
/// many there are and what does not add up.
///
/// # Errors
/// As [`trace`].
#[must_use]
pub fn trace_all(options: &Options, as_of: Option<i64>) -> Tracing<'_, Vec<Traced>> {
    Box::pin(async move { trace_all_state(options, LedgerState::now(options).await?, as_of).await })
}

/// The same for a given state of a journal.
///
/// # Errors
/// As [`trace`].
#[must_use]
pub fn trace_all_state(options: &Options, now: LedgerState, as_of: Option<i64>) -> Tracing<'_, Vec<Traced>> {
    Box::pin(async move {
        let valued = Valued::new(options, now, as_of).await?;
        check::all(&valued).await
    })
}

/// The journal, valued before disclosure control, with its balances.
struct Valued {
    session: Session,
    method: MethodBook,
    state: LedgerState,
    /// Published tables, as the models give them.
    tables: BTreeMap<&'static str, RecordBatch>,
    ledgers: Arc<Mutex<Ledgers>>,
}

impl Valued {
    async fn new(options: &Options, now: LedgerState, as_of: Option<i64>) -> Result<Self, PublishError> {
        let dir = absolute(&options.data_dir)?.join("balances");
        let (state, mut balances) = match as_of {
            None => {
                let (balances, _) = Balances::refresh(&dir, &now).await?;
                (now, balances)
            }
            Some(micros) => {
                let moment = Moment::find(&now, micros)?;
                let balances = Balances::at(&dir, &now, &moment).await?;
                (moment.state, balances)
            }
        };
        let session = Session::new()?;
        let views = Dataset::ALL.map(|dataset| {
            let cells = balances.cells(dataset);
            blocking(move || {
                let cells: Cells = cells()?;
                Ok((views_with_balances(dataset, &cells)?, cells))
            })
        });
        let mut of_datasets = Vec::new();
        for task in views {
            let (views, cells) = task.finish().await?;
            views.add_to(&session)?;
            of_datasets.push(cells);
        }
        inputs::add_lists(&session, options, &state, &balances).await?;
        inputs::add_calendar(&session).await?;
        inputs::add_recorded_days(&session).await?;
        let (schema, batches) = session.query(evidence::REFUSED, "SELECT * FROM rejected_messages").await?;
        inputs::add_in_hexadecimal(&session, evidence::REFUSED, (&schema, &batches), ("payload_digest", "digest"))?;
        let labels = labels(options, &state);
        let encoded = models::evaluate(&session, &options.method, &labels, &Protection::None, None).await?;
        let tables = encoded.into_iter().map(|encoded| (encoded.table.name, encoded.rows)).collect();
        let ledgers = Ledgers::new(&state, of_datasets);
        let method = options.method.clone();
        Ok(Self { session, method, state, tables, ledgers: Arc::new(Mutex::new(ledgers)) })
    }

    async fn evidence(&self, leaves: &evidence::Leaves) -> Result<Evidence, PublishError> {
        evidence::find(&self.session, &self.ledgers, leaves).await
    }
}
