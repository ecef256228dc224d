//! The tables that models read: balances, what was refused or conflicts, the
//! method's numbers, and the reference.

pub(crate) mod numbers;

use crate::balances::{Balances, Kind, open_contents_sql};
use crate::blocking::blocking;
use crate::calendar::calendar;
use crate::views::views;
use crate::{LedgerState, Options, PublishError};
use arrow::array::{Array as _, ArrayRef, BinaryArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use commonweal_query::Session;
use commonweal_schemas::Dataset;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

/// What files and rows say about the kind of data.
pub(crate) fn data_label(label: Option<&str>) -> &str {
    label.unwrap_or("recorded")
}

/// Registers every input table.
pub(crate) async fn add_all(
    session: &Session,
    options: &Options,
    state: &LedgerState,
    balances: &mut Balances,
) -> Result<(), PublishError> {
    let views = Dataset::ALL.map(|dataset| {
        let cells = balances.cells(dataset);
        blocking(move || views(dataset, &cells()?))
    });
    add_lists(session, options, state, balances).await?;
    for task in views {
        task.finish().await?.add_to(session)?;
    }
    add_calendar(session).await?;
    add_recorded_days(session).await
}

/// Registers the input tables that are not made of cells.
pub(crate) async fn add_lists(
    session: &Session,
    options: &Options,
    state: &LedgerState,
    balances: &Balances,
) -> Result<(), PublishError> {
    for kind in [Kind::Rejected, Kind::Conflicts, Kind::Recorded] {
        session.add_files(kind.name(), &kind.schema(), &balances.segments(kind)).await?;
    }
    if let Some(sql) = Kind::Rejected.merge_sql(Kind::Rejected.name()) {
        session.keep("rejected_messages", &sql).await?;
    }
    let names: Vec<PathBuf> =
        Dataset::ALL.into_iter().flat_map(|dataset| balances.segments(Kind::Names(dataset))).collect();
    session.add_files("names", &Kind::Names(Dataset::Funding).schema(), &names).await?;
    let live = "SELECT id, name, SUM(entries) AS entries FROM names GROUP BY id, name HAVING SUM(entries) > 0";
    session.keep("stated_names", live).await?;
    add_conflicts(session).await?;
    numbers::add(session, &options.method, data_label(options.label.as_deref()), &state.reference_version)?;
    add_reference(session, options, state).await
}

/// Quarters from the first to the last with an entry in force.
pub(crate) async fn add_calendar(session: &Session) -> Result<(), PublishError> {
    let live = "SELECT quarter FROM funding_cells WHERE entries > 0 GROUP BY quarter \
                UNION ALL SELECT quarter FROM employment_cells WHERE entries > 0 GROUP BY quarter";
    let (_, quarters) = session.query("the calendar", live).await?;
    let calendar = calendar(&quarters)?;
    Ok(session.add_batches("calendar", &calendar.schema(), vec![calendar])?)
}

/// When entries in force were recorded, and how long after their quarter.
pub(crate) async fn add_recorded_days(session: &Session) -> Result<(), PublishError> {
    let Some(sums) = Kind::Recorded.merge_sql(Kind::Recorded.name()) else { return Ok(()) };
    let sql = format!(
        "SELECT r.dataset, r.source, r.quarter, r.recorded_on, \
         GREATEST(CAST(r.recorded_on AS INT) - CAST(c.last_day AS INT), 0) AS days_late, r.entries \
         FROM ({sums}) r JOIN calendar c ON c.quarter = r.quarter"
    );
    Ok(session.keep("recorded_days", &sql).await?)
}

/// Columns of `conflicting_contents`.
pub(crate) fn conflicting_contents_schema() -> Schema {
    let mut fields: Vec<Field> =
        ["dataset", "source", "event_id", "content"].map(|name| Field::new(name, DataType::Utf8, true)).into();
    fields.extend([Field::new("revision", DataType::Int32, true), Field::new("kept", DataType::Boolean, true)]);
    Schema::new(fields)
}

/// Conflicting contents, with their digests as hexadecimal text.
async fn add_conflicts(session: &Session) -> Result<(), PublishError> {
    let name = "conflicting_contents";
    let (schema, batches) = session.query(name, &open_contents_sql(Kind::Conflicts.name())).await?;
    add_in_hexadecimal(session, name, (&schema, &batches), ("content_digest", "content"))
}

/// Registers a table with a column of bytes as hexadecimal text, under a name
/// of its own.
pub(crate) fn add_in_hexadecimal(
    session: &Session,
    name: &str,
    (schema, batches): (&SchemaRef, &[RecordBatch]),
    (bytes, told): (&str, &str),
) -> Result<(), PublishError> {
    let fields = schema.fields().iter().map(|field| {
        if field.name() == bytes { Field::new(told, DataType::Utf8, true) } else { field.as_ref().clone() }
    });
    let told: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let batches = batches.iter().map(|batch| {
        let columns = batch.columns().iter().map(|column| match column.data_type() {
            DataType::Binary | DataType::BinaryView => hexadecimal(column),
            _ => Ok(Arc::clone(column)),
        });
        RecordBatch::try_new(Arc::clone(&told), columns.collect::<Result<_, _>>()?)
    });
    let batches = batches.collect::<Result<Vec<_>, arrow::error::ArrowError>>().map_err(PublishError::arrow(name))?;
    Ok(session.add_batches(name, &told, batches)?)
}

fn hexadecimal(column: &ArrayRef) -> Result<ArrayRef, arrow::error::ArrowError> {
    let bytes = cast(column, &DataType::Binary)?;
    let texts = bytes.as_any().downcast_ref::<BinaryArray>().map(|bytes| {
        let text = |digest: &[u8]| {
            digest.iter().fold(String::with_capacity(digest.len() * 2), |mut text, byte| {
                // Writing to a String cannot fail.
                let _written = write!(text, "{byte:02x}");
                text
            })
        };
        bytes.iter().map(|digest| digest.map(text)).collect::<StringArray>()
    });
    Ok(Arc::new(texts.unwrap_or_else(|| StringArray::new_null(column.len()))))
}

/// Tables of the reference, and what models see of them.
pub(crate) const REFERENCE: [(&str, &[&str]); 3] = [
    ("places", &["code", "name", "level", "parent_code"]),
    ("organisations", &["organisation_id", "name", "legal_form", "sic", "icnptso"]),
    ("sectors", &["scheme", "code", "title"]),
];

async fn add_reference(session: &Session, options: &Options, state: &LedgerState) -> Result<(), PublishError> {
    let version = &state.reference_version;
    let dir = std::path::absolute(options.reference_dir.join(version))
        .map_err(PublishError::io("find", &options.reference_dir))?;
    for (kind, columns) in REFERENCE {
        let path = dir.join(format!("{kind}.parquet"));
        if !path.is_file() {
            return Err(PublishError::Reference { version: version.clone(), path });
        }
        session.add_files(&format!("reference_{kind}"), &text_schema(columns), &[path]).await?;
    }
    Ok(())
}

/// Columns of text.
pub(crate) fn text_schema(columns: &[&str]) -> Schema {
    Schema::new(columns.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect::<Vec<_>>())
}
