//! The enrich stage: who, where and when, as of each event's date.
//!
//! All text of few values comes out as dictionaries that share the reference's
//! value arrays, so a row costs its lookups and a few keys.

use crate::input::Input;
use crate::reference::places::{NO_DECILE, NOWHERE, UNKNOWN_KEY};
use crate::reference::quarters;
use crate::{EnrichError, Reference, UNKNOWN};
use arrow::array::{ArrayRef, DictionaryArray, Int32Array, RecordBatch, StringArray, StringBuilder};
use arrow::buffer::NullBuffer;
use arrow::datatypes::Int32Type;
use commonweal_schemas::arrow_schema;
use std::sync::Arc;

/// Values of `organisation_basis` and `place_basis`.
pub mod basis {
    /// The key is the preferred id, and the register has a row for the day.
    pub const REGISTER: &str = "register";
    /// The key is another id of the body.
    pub const ALIAS: &str = "alias";
    /// The register has no row for the key and the day; the key stands as it is.
    pub const UNREGISTERED: &str = "unregistered";
    /// A person: counted, never identified.
    pub const INDIVIDUAL: &str = "individual";
    /// The event names no organisation.
    pub const MISSING: &str = "missing";

    /// How the organisation was found, by key.
    pub const ORGANISATION: [&str; 5] = [REGISTER, ALIAS, UNREGISTERED, INDIVIDUAL, MISSING];

    /// The postcode's own row.
    pub const POSTCODE: &str = "postcode";
    /// The district that most postcodes of the postcode's outward code lie in.
    pub const POSTCODE_DISTRICT: &str = "postcode-district";
    /// The event's GSS code, of an LSOA or a district.
    pub const PLACE_CODE: &str = "place-code";
    /// Unknown: the event names no place.
    pub const NOT_GIVEN: &str = "not-given";
    /// Unknown: neither the postcode nor its outward code is in the reference.
    pub const POSTCODE_NOT_IN_REFERENCE: &str = "postcode-not-in-reference";
    /// Unknown: the GSS code is not in the reference, or is of another level.
    pub const PLACE_CODE_NOT_IN_REFERENCE: &str = "place-code-not-in-reference";

    /// How the place was found, or why it is unknown, by key.
    pub const PLACE: [&str; 6] =
        [POSTCODE, POSTCODE_DISTRICT, PLACE_CODE, NOT_GIVEN, POSTCODE_NOT_IN_REFERENCE, PLACE_CODE_NOT_IN_REFERENCE];
}

// Keys of the values above.
const REGISTER: i32 = 0;
const ALIAS: i32 = 1;
const UNREGISTERED: i32 = 2;
const INDIVIDUAL: i32 = 3;
const MISSING: i32 = 4;
const POSTCODE: i32 = 0;
const POSTCODE_DISTRICT: i32 = 1;
const PLACE_CODE: i32 = 2;
const NOT_GIVEN: i32 = 3;
const POSTCODE_NOT_IN_REFERENCE: i32 = 4;
const PLACE_CODE_NOT_IN_REFERENCE: i32 = 5;

/// Joins one reference version to a batch of validated events.
///
/// Takes [`arrow_schema::validated`], gives [`arrow_schema::enriched`] with the
/// same rows in the same order.
///
/// A place code decides the place where an event has one; else its postcode,
/// else the outward code of its postcode. A terminated postcode still resolves.
/// An organisation resolves to its body's preferred id, and to the register's
/// row that holds on `occurred_on`; without such a row legal form and sectors
/// are unknown. A cancellation carries nothing to resolve: all is unknown.
///
/// # Errors
/// The batch has not the columns of [`arrow_schema::validated`].
pub fn enrich(validated: &RecordBatch, reference: &Reference) -> Result<RecordBatch, EnrichError> {
    let input = Input::new(validated)?;
    let mut columns: Vec<ArrayRef> = validated.columns().to_vec();
    columns.truncate(arrow_schema::validated().fields().len());
    columns.extend(organisation_columns(&input, reference)?);
    columns.push(counterparty_column(&input, reference));
    columns.extend(place_columns(&input, reference)?);
    columns.push(dictionary(quarter_keys(&input), &reference.quarters)?);
    columns.push(dictionary(vec![0; input.rows], &reference.version_values)?);
    Ok(RecordBatch::try_new(arrow_schema::enriched(), columns)?)
}

fn dictionary(keys: Vec<i32>, values: &ArrayRef) -> Result<ArrayRef, EnrichError> {
    let array = DictionaryArray::<Int32Type>::try_new(Int32Array::from(keys), Arc::clone(values))?;
    Ok(Arc::new(array))
}

fn fixed(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

/// The id a row comes out with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Id {
    /// The key as the event has it.
    Key,
    /// The preferred id of this number.
    Preferred(u32),
    Unknown,
}

/// `organisation_id, organisation_basis, legal_form, sic, icnptso`.
fn organisation_columns(input: &Input<'_>, reference: &Reference) -> Result<[ArrayRef; 5], EnrichError> {
    let organisations = &reference.organisations;
    let mut ids = Vec::with_capacity(input.rows);
    let mut bases = Vec::with_capacity(input.rows);
    let mut legal_forms = vec![UNKNOWN_KEY; input.rows];
    let mut sics = vec![UNKNOWN_KEY; input.rows];
    let mut icnptsos = vec![UNKNOWN_KEY; input.rows];
    for row in 0..input.rows {
        let key = input.organisation(row);
        let (id, how) = match key {
            _ if input.is_cancel(row) => (Id::Unknown, MISSING),
            _ if input.is_individual(row) => (Id::Unknown, INDIVIDUAL),
            None => (Id::Unknown, MISSING),
            Some(key) => match organisations.resolve(key, input.occurred_on(row)) {
                None => (Id::Key, UNREGISTERED),
                Some(found) => {
                    if let Some(register) = found.row {
                        legal_forms[row] = register.legal_form;
                        sics[row] = register.sic;
                        icnptsos[row] = register.icnptso;
                    }
                    match found.row {
                        _ if found.id != found.preferred => (Id::Preferred(found.preferred), ALIAS),
                        Some(_) => (Id::Key, REGISTER),
                        None => (Id::Key, UNREGISTERED),
                    }
                }
            },
        };
        ids.push(id);
        bases.push(how);
    }
    Ok([
        id_column(&ids, input.organisation_keys(), reference),
        dictionary(bases, &fixed(&basis::ORGANISATION))?,
        dictionary(legal_forms, &organisations.legal_form_values)?,
        dictionary(sics, &organisations.sic_values)?,
        dictionary(icnptsos, &organisations.icnptso_values)?,
    ])
}

/// `counterparty_id`.
fn counterparty_column(input: &Input<'_>, reference: &Reference) -> ArrayRef {
    let ids: Vec<Id> = (0..input.rows)
        .map(|row| match input.counterparty(row) {
            Some(key) if !input.is_cancel(row) => match reference.organisations.preferred_number(key) {
                Some((id, preferred)) if id != preferred => Id::Preferred(preferred),
                _ => Id::Key,
            },
            _ => Id::Unknown,
        })
        .collect();
    id_column(&ids, input.counterparty_keys(), reference)
}

fn id_column(ids: &[Id], keys: &StringArray, reference: &Reference) -> ArrayRef {
    if ids.iter().all(|id| *id == Id::Key) {
        return Arc::new(keys.clone());
    }
    let mut builder = StringBuilder::with_capacity(ids.len(), keys.value_data().len());
    for (row, id) in ids.iter().enumerate() {
        builder.append_value(match id {
            Id::Key => keys.value(row),
            Id::Preferred(number) => reference.organisations.id(*number),
            Id::Unknown => UNKNOWN,
        });
    }
    Arc::new(builder.finish())
}

/// `lsoa, district, combined_authority, region, imd_decile, place_basis`.
fn place_columns(input: &Input<'_>, reference: &Reference) -> Result<[ArrayRef; 6], EnrichError> {
    let places = &reference.places;
    let mut found: Vec<u32> = Vec::with_capacity(input.rows);
    let mut bases = Vec::with_capacity(input.rows);
    for row in 0..input.rows {
        let (place, how) = match (input.place_code(row), input.postcode(row)) {
            _ if input.is_cancel(row) => (NOWHERE, NOT_GIVEN),
            (Some(code), _) => match places.of_code(code) {
                Some(place) => (place, PLACE_CODE),
                None => (NOWHERE, PLACE_CODE_NOT_IN_REFERENCE),
            },
            (None, Some(postcode)) => match places.of_postcode(postcode) {
                Some((place, true)) => (place, POSTCODE),
                Some((place, false)) => (place, POSTCODE_DISTRICT),
                None => (NOWHERE, POSTCODE_NOT_IN_REFERENCE),
            },
            (None, None) => (NOWHERE, NOT_GIVEN),
        };
        found.push(place);
        bases.push(how);
    }
    let gather = |column: &[i32]| -> Vec<i32> { found.iter().map(|place| column[*place as usize]).collect() };
    let deciles = gather(&places.columns.decile);
    let known: NullBuffer = deciles.iter().map(|decile| *decile != NO_DECILE).collect();
    Ok([
        dictionary(gather(&places.columns.lsoa), &places.lsoa_values)?,
        dictionary(gather(&places.columns.district), &places.district_values)?,
        dictionary(gather(&places.columns.combined_authority), &places.authority_values)?,
        dictionary(gather(&places.columns.region), &places.region_values)?,
        Arc::new(Int32Array::try_new(deciles.into(), Some(known))?),
        dictionary(bases, &fixed(&basis::PLACE))?,
    ])
}

fn quarter_keys(input: &Input<'_>) -> Vec<i32> {
    (0..input.rows)
        .map(|row| match input.occurred_on(row) {
            Some(day) if !input.is_cancel(row) => quarters::key(day),
            _ => UNKNOWN_KEY,
        })
        .collect()
}
