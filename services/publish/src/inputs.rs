//! The tables that models read: balances, what was refused or conflicts, the
//! method's numbers, and the reference.

use crate::balances::{Balances, Kind, open_contents_sql};
use crate::blocking::blocking;
use crate::calendar::calendar;
use crate::method::MethodBook;
use crate::views::views;
use crate::{LedgerState, Options, PublishError};
use arrow::array::{Array as _, ArrayRef, BinaryArray, Date32Array, Decimal128Array, Int32Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use commonweal_query::Session;
use commonweal_schemas::{Dataset, Measure};
use rust_decimal::Decimal;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

/// Decimals of parameters and deflators.
const SCALE: i8 = 8;

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
    for task in views {
        task.finish().await?.add_to(session)?;
    }
    for kind in [Kind::Rejected, Kind::Conflicts] {
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
    let live = "SELECT quarter FROM funding_cells WHERE entries > 0 GROUP BY quarter \
                UNION ALL SELECT quarter FROM employment_cells WHERE entries > 0 GROUP BY quarter";
    let (_, quarters) = session.query("the calendar", live).await?;
    add(session, "calendar", calendar(&quarters)?)?;
    add(session, "measure_codes", measures()?)?;
    add(session, "parameters", parameters(&options.method)?)?;
    add(session, "deflators", deflators(&options.method)?)?;
    add(session, "run", run(options, state)?)?;
    add_reference(session, options, state).await
}

fn add(session: &Session, name: &str, batch: RecordBatch) -> Result<(), PublishError> {
    Ok(session.add_batches(name, &batch.schema(), vec![batch])?)
}

/// Conflicting contents, with their digests as hexadecimal text.
async fn add_conflicts(session: &Session) -> Result<(), PublishError> {
    let name = "conflicting_contents";
    let (schema, batches) = session.query(name, &open_contents_sql(Kind::Conflicts.name())).await?;
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| match field.name().as_str() {
            "content_digest" => Field::new("content", DataType::Utf8, true),
            _ => field.as_ref().clone(),
        })
        .collect();
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    let batches: Result<Vec<RecordBatch>, arrow::error::ArrowError> = batches
        .iter()
        .map(|batch| {
            let columns: Result<Vec<ArrayRef>, _> = batch
                .columns()
                .iter()
                .map(|column| match column.data_type() {
                    DataType::Binary | DataType::BinaryView => hexadecimal(column),
                    _ => Ok(Arc::clone(column)),
                })
                .collect();
            RecordBatch::try_new(Arc::clone(&schema), columns?)
        })
        .collect();
    Ok(session.add_batches(name, &schema, batches.map_err(PublishError::arrow(name))?)?)
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

fn measures() -> Result<RecordBatch, PublishError> {
    let all = || Measure::ALL.into_iter();
    table(
        "measure_codes",
        vec![
            ("measure", text(all().map(|measure| Some(measure.code())))),
            ("dataset", text(all().map(|measure| Some(measure.dataset().name())))),
            ("kind", text(all().map(|measure| Some(measure.kind().name())))),
            ("unit", text(all().map(Measure::unit))),
            ("definition", text(all().map(|measure| Some(measure.definition())))),
        ],
    )
}

fn parameters(method: &MethodBook) -> Result<RecordBatch, PublishError> {
    let rows = || method.parameters.iter();
    let days = |day: chrono::NaiveDate| day.to_epoch_days();
    table(
        "parameters",
        vec![
            ("id", text(rows().map(|row| Some(row.id.as_str())))),
            ("value_low", decimals(rows().map(|row| row.value_low))?),
            ("value_central", decimals(rows().map(|row| row.value_central))?),
            ("value_high", decimals(rows().map(|row| row.value_high))?),
            ("unit", text(rows().map(|row| Some(row.unit.as_str())))),
            ("price_year", Arc::new(rows().map(|row| row.price_year).collect::<Int32Array>())),
            ("confidence", text(rows().map(|row| Some(row.confidence.as_str())))),
            ("valid_from", Arc::new(rows().map(|row| Some(days(row.valid_from))).collect::<Date32Array>())),
            ("valid_to", Arc::new(rows().map(|row| row.valid_to.map(days)).collect::<Date32Array>())),
        ],
    )
}

fn deflators(method: &MethodBook) -> Result<RecordBatch, PublishError> {
    let years = method.deflators.keys().map(|year| Some(*year)).collect::<Int32Array>();
    table("deflators", vec![("price_year", Arc::new(years)), ("factor", decimals(method.deflators.values().copied())?)])
}

/// One row about this run: what models put beside their figures.
fn run(options: &Options, state: &LedgerState) -> Result<RecordBatch, PublishError> {
    let method = &options.method;
    let one = |value: &str| text(std::iter::once(Some(value)));
    table(
        "run",
        vec![
            ("method_version", one(method.version())),
            ("reference_version", one(&state.reference_version)),
            ("price_base_year", Arc::new(Int32Array::from(vec![method.price_base_year()]))),
            ("perspective", one(method.perspective())),
            ("area_code", one(method.area_code())),
            ("data_label", one(data_label(options.label.as_deref()))),
        ],
    )
}

async fn add_reference(session: &Session, options: &Options, state: &LedgerState) -> Result<(), PublishError> {
    let version = &state.reference_version;
    let dir = std::path::absolute(options.reference_dir.join(version))
        .map_err(PublishError::io("find", &options.reference_dir))?;
    let kinds: [(&str, &[&str]); 3] = [
        ("places", &["code", "name", "level", "parent_code"]),
        ("organisations", &["organisation_id", "name", "legal_form", "sic", "icnptso"]),
        ("sectors", &["scheme", "code", "title"]),
    ];
    for (kind, columns) in kinds {
        let path = dir.join(format!("{kind}.parquet"));
        if !path.is_file() {
            return Err(PublishError::Reference { version: version.clone(), path });
        }
        let fields: Vec<Field> = columns.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect();
        session.add_files(&format!("reference_{kind}"), &Schema::new(fields), &[path]).await?;
    }
    Ok(())
}

fn table(name: &str, columns: Vec<(&str, ArrayRef)>) -> Result<RecordBatch, PublishError> {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
        .map_err(PublishError::arrow(name))
}

fn text<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

fn decimals(values: impl Iterator<Item = Decimal>) -> Result<ArrayRef, PublishError> {
    let scaled = values.map(|mut value| {
        value.rescale(u32::from(SCALE.unsigned_abs()));
        value.mantissa()
    });
    let array = Decimal128Array::from_iter_values(scaled).with_precision_and_scale(18, SCALE);
    Ok(Arc::new(array.map_err(PublishError::arrow("the method's numbers"))?))
}
