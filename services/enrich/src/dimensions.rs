//! Dimension tables of a version: what the codes in entries are called. Written
//! as Parquet beside the kinds, so that whoever publishes reads files alone.
//!
//! The values `unknown` and `none` of entries are no codes and have no rows.

use crate::source::{Source, day, text};
use crate::store::kind_file::write_table;
use crate::store::manifest::TableEntry;
use crate::{Kind, Reference, ReferenceError, UNKNOWN};
use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Names of the dimension tables; each is `<name>.parquet` in a version's folder.
pub const TABLES: [&str; 3] = ["places", "organisations", "sectors"];

/// Level of a local authority district.
pub const DISTRICT: &str = "district";
/// Level of a combined authority.
pub const COMBINED_AUTHORITY: &str = "combined-authority";
/// Level of a region; for Wales, which has none, the country.
pub const REGION: &str = "region";
/// Scheme of UK SIC 2007 codes.
pub const SIC: &str = "SIC2007";
/// Scheme of ICNP/TSO 2018 codes.
pub const ICNPTSO: &str = "ICNPTSO";

fn text_schema(columns: &[(&str, bool)]) -> SchemaRef {
    let fields: Vec<Field> =
        columns.iter().map(|(name, nullable)| Field::new(*name, DataType::Utf8, *nullable)).collect();
    Arc::new(Schema::new(fields))
}

/// `code, name, level, parent_code?`, sorted by code. The parent of a district
/// is its combined authority, or its region where it belongs to none; that of a
/// combined authority is the region of its districts; a region has none. A
/// district whose name no table gives is named by its code.
#[must_use]
pub fn places_schema() -> SchemaRef {
    text_schema(&[("code", false), ("name", false), ("level", false), ("parent_code", true)])
}

/// `organisation_id, name, legal_form, sic, icnptso`, sorted by id: one row for
/// each body of the register, under its preferred id, as its latest row has it;
/// `unknown` where that row says nothing.
#[must_use]
pub fn organisations_schema() -> SchemaRef {
    text_schema(&[
        ("organisation_id", false),
        ("name", false),
        ("legal_form", false),
        ("sic", false),
        ("icnptso", false),
    ])
}

/// `scheme, code, title`, sorted by scheme and code; scheme [`SIC`] or [`ICNPTSO`].
#[must_use]
pub fn sectors_schema() -> SchemaRef {
    text_schema(&[("scheme", false), ("code", false), ("title", false)])
}

fn column<T: AsRef<str>>(values: impl Iterator<Item = Option<T>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

#[derive(Default)]
struct Place {
    name: Option<String>,
    level: &'static str,
    parent: Option<String>,
}

/// Gives a place a level, and a name and a parent where it has none.
fn note(
    places: &mut BTreeMap<String, Place>,
    code: &str,
    level: &'static str,
    name: Option<&str>,
    parent: Option<&str>,
) {
    let place = places.entry(code.to_owned()).or_default();
    place.level = level;
    if place.name.is_none() {
        place.name = name.map(str::to_owned);
    }
    if place.parent.is_none() {
        place.parent = parent.map(str::to_owned);
    }
}

pub(crate) fn places(source: &Source) -> Result<RecordBatch, ReferenceError> {
    let mut places: BTreeMap<String, Place> = BTreeMap::new();
    let mut region_of: BTreeMap<String, String> = BTreeMap::new();
    for batch in source.batches(Kind::Regions)? {
        let batch = batch?;
        let (district, region, region_name) = (text(&batch, 0), text(&batch, 2), text(&batch, 3));
        for row in 0..batch.num_rows() {
            if let (Some(district), Some(region)) = (district(row), region(row)) {
                note(&mut places, region, REGION, region_name(row), None);
                region_of.insert(district.to_owned(), region.to_owned());
            }
        }
    }
    for batch in source.batches(Kind::Authorities)? {
        let batch = batch?;
        let columns = (text(&batch, 0), text(&batch, 1), text(&batch, 2), text(&batch, 3));
        let (district, district_name, authority, authority_name) = columns;
        for row in 0..batch.num_rows() {
            if let (Some(district), Some(authority)) = (district(row), authority(row)) {
                let region = region_of.get(district).map(String::as_str);
                note(&mut places, authority, COMBINED_AUTHORITY, authority_name(row), region);
                note(&mut places, district, DISTRICT, district_name(row), Some(authority));
            }
        }
    }
    other_districts(source, &region_of, &mut places)?;
    let columns = vec![
        column(places.keys().map(Some)),
        column(places.iter().map(|(code, place)| Some(place.name.as_ref().unwrap_or(code)))),
        column(places.values().map(|place| Some(place.level))),
        column(places.values().map(|place| place.parent.as_ref())),
    ];
    Ok(RecordBatch::try_new(places_schema(), columns)?)
}

/// Adds the districts that belong to no combined authority, and names.
fn other_districts(
    source: &Source,
    region_of: &BTreeMap<String, String>,
    places: &mut BTreeMap<String, Place>,
) -> Result<(), ReferenceError> {
    // Tables that name districts: code and name columns of each.
    for (kind, code_column, name_column) in [
        (Kind::Regions, 0, Some(1)),
        (Kind::Lsoa, 2, Some(3)),
        (Kind::PostcodeDistricts, 1, None),
        (Kind::Postcodes, 4, None),
    ] {
        for batch in source.batches(kind)? {
            let batch = batch?;
            let code = text(&batch, code_column);
            let name = name_column.map(|column| text(&batch, column));
            for row in 0..batch.num_rows() {
                let Some(district) = code(row) else { continue };
                let name = name.as_ref().and_then(|name| name(row));
                if name.is_some() || !places.contains_key(district) || kind == Kind::Regions {
                    let region = region_of.get(district).map(String::as_str);
                    note(places, district, DISTRICT, name, region);
                }
            }
        }
    }
    Ok(())
}

/// Rank of a register row (under the preferred id, latest first day), and its
/// name, legal form, SIC and ICNP/TSO.
type Latest = ((bool, i32), [String; 4]);

pub(crate) fn organisations(source: &Source, reference: &Reference) -> Result<RecordBatch, ReferenceError> {
    let mut latest: BTreeMap<String, Latest> = BTreeMap::new();
    for batch in source.batches(Kind::Organisations)? {
        let batch = batch?;
        let (id, from) = (text(&batch, 0), day(&batch, 1));
        let fields = [text(&batch, 3), text(&batch, 5), text(&batch, 6), text(&batch, 7)];
        for row in 0..batch.num_rows() {
            let Some(id) = id(row) else { continue };
            let preferred = reference.preferred_id(id).unwrap_or(id);
            let rank = (id == preferred, from(row).unwrap_or(i32::MIN));
            if latest.get(preferred).is_none_or(|(known, _)| rank > *known) {
                let values = fields.each_ref().map(|field| field(row).unwrap_or(UNKNOWN).to_owned());
                latest.insert(preferred.to_owned(), (rank, values));
            }
        }
    }
    let mut columns = vec![column(latest.keys().map(Some))];
    columns.extend((0..4).map(|field| column(latest.values().map(|(_, values)| Some(&values[field])))));
    Ok(RecordBatch::try_new(organisations_schema(), columns)?)
}

pub(crate) fn sectors(source: &Source) -> Result<RecordBatch, ReferenceError> {
    let mut rows: Vec<(&str, String, String)> = Vec::new();
    for (kind, scheme) in [(Kind::Icnptso, ICNPTSO), (Kind::Sic, SIC)] {
        for batch in source.batches(kind)? {
            let batch = batch?;
            let (code, title) = (text(&batch, 0), text(&batch, 1));
            for row in 0..batch.num_rows() {
                if let (Some(code), Some(title)) = (code(row), title(row)) {
                    rows.push((scheme, code.to_owned(), title.to_owned()));
                }
            }
        }
    }
    let columns = vec![
        column(rows.iter().map(|(scheme, _, _)| Some(scheme))),
        column(rows.iter().map(|(_, code, _)| Some(code))),
        column(rows.iter().map(|(_, _, title)| Some(title))),
    ];
    Ok(RecordBatch::try_new(sectors_schema(), columns)?)
}

/// Writes all dimension tables into a version's folder.
///
/// # Errors
/// A table cannot be read or written.
pub(crate) fn write_all(
    source: &Source,
    reference: &Reference,
    folder: &Path,
) -> Result<Vec<TableEntry>, ReferenceError> {
    let [place, organisation, sector] = TABLES;
    Ok(vec![
        write_table(place, &places(source)?, folder)?,
        write_table(organisation, &organisations(source, reference)?, folder)?,
        write_table(sector, &sectors(source)?, folder)?,
    ])
}
