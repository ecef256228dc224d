//! `datapackage.json`: a Frictionless Data Package, each table a resource with
//! its Table Schema.

use super::{PARQUET, keywords, pretty, summary};
use crate::PublishError;
use crate::catalogue::given;
use crate::manifest::{Manifest, ManifestTable};
use crate::publish::Options;
use crate::tables::{Column, Table, Type, references};
use serde::Serialize;

const PROFILE: &str = "https://datapackage.org/profiles/2.0/datapackage.json";

#[derive(Serialize)]
struct Package<'a> {
    #[serde(rename = "$schema")]
    profile: &'static str,
    name: &'static str,
    title: &'a str,
    description: String,
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<&'a str>,
    keywords: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    homepage: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    licenses: Vec<Named<'a>>,
    contributors: Vec<Contributor<'a>>,
    sources: Vec<Named<'a>>,
    resources: Vec<Resource<'a>>,
}

/// A licence or a source.
#[derive(Serialize)]
struct Named<'a> {
    title: std::borrow::Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
}

#[derive(Serialize)]
struct Contributor<'a> {
    title: &'a str,
    roles: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
}

#[derive(Serialize)]
struct Resource<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'a str,
    description: &'a str,
    path: &'a str,
    format: &'static str,
    mediatype: &'static str,
    bytes: u64,
    hash: String,
    /// Rows; no property of the standard's.
    rows: u64,
    schema: TableSchema,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TableSchema {
    fields: Vec<Field>,
    /// None: Parquet knows what is missing, and an empty text is a value.
    missing_values: [&'static str; 0],
    primary_key: &'static [&'static str],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    foreign_keys: Vec<ForeignKey>,
}

#[derive(Serialize)]
struct Field {
    name: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    description: &'static str,
    /// Unit of the values; no property of the standard's.
    #[serde(skip_serializing_if = "str::is_empty")]
    unit: &'static str,
    /// Type in SQL, which has digits and decimals; likewise.
    #[serde(rename = "sqlType")]
    sql_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    constraints: Option<Constraints>,
}

#[derive(Serialize)]
struct Constraints {
    required: bool,
}

#[derive(Serialize)]
struct ForeignKey {
    fields: [&'static str; 1],
    reference: Reference,
}

#[derive(Serialize)]
struct Reference {
    /// The table's own name where the key leads back to it: not every reader of the standard knows an omission.
    resource: &'static str,
    fields: [&'static str; 1],
}

/// The descriptor's text.
pub(super) fn text(options: &Options, manifest: &Manifest) -> Result<Vec<u8>, PublishError> {
    let about = &options.catalogue;
    let licence = given(&about.licence_url)
        .map(|url| Named { title: given(&about.licence_name).unwrap_or(url).into(), path: Some(url) });
    let package = Package {
        profile: PROFILE,
        name: "commonweal-published",
        title: &about.title,
        description: summary(options, manifest),
        version: format!("{}+{}", manifest.method.version, manifest.ledger_version),
        created: manifest.as_of.as_deref(),
        keywords: keywords(manifest),
        homepage: given(&about.publisher_url),
        licenses: licence.into_iter().collect(),
        contributors: contributors(options),
        sources: sources(options, manifest),
        resources: manifest.tables.iter().filter_map(resource).collect(),
    };
    pretty(&package, "the data package")
}

fn contributors(options: &Options) -> Vec<Contributor<'_>> {
    let about = &options.catalogue;
    let publisher = Contributor {
        title: &about.publisher_name,
        roles: ["publisher"],
        path: given(&about.publisher_url),
        email: None,
    };
    let name = given(&about.contact_name).or(given(&about.contact_email));
    let contact =
        name.map(|title| Contributor { title, roles: ["contact"], path: None, email: given(&about.contact_email) });
    std::iter::once(publisher).chain(contact).collect()
}

/// The method, the reference, and each source the method names.
fn sources<'a>(options: &'a Options, manifest: &'a Manifest) -> Vec<Named<'a>> {
    let made = [
        format!("Method book {}: {}", manifest.method.version, manifest.method.title),
        format!("Reference version {}", manifest.reference_version),
    ];
    let mut named: Vec<&str> = options.method.parameters().iter().map(|parameter| parameter.source.as_str()).collect();
    named.sort_unstable();
    named.dedup();
    let made = made.into_iter().map(std::borrow::Cow::from);
    made.chain(named.into_iter().map(std::borrow::Cow::from)).map(|title| Named { title, path: None }).collect()
}

fn resource(listed: &ManifestTable) -> Option<Resource<'_>> {
    let table = Table::named(&listed.table)?;
    Some(Resource {
        name: table.name,
        kind: "table",
        title: table.name,
        description: table.doc,
        path: &listed.file,
        format: "parquet",
        mediatype: PARQUET,
        bytes: listed.bytes,
        hash: format!("sha256:{}", listed.sha256),
        rows: listed.rows,
        schema: schema(table),
    })
}

fn schema(table: &'static Table) -> TableSchema {
    let foreign_keys = references(table).map(|reference| ForeignKey {
        fields: [reference.column],
        reference: Reference { resource: reference.table, fields: [reference.key] },
    });
    TableSchema {
        fields: table.columns.iter().map(field).collect(),
        missing_values: [],
        primary_key: table.key,
        foreign_keys: foreign_keys.collect(),
    }
}

fn field(column: &Column) -> Field {
    Field {
        name: column.name,
        kind: match column.kind {
            Type::Varchar => "string",
            Type::Boolean => "boolean",
            Type::Integer | Type::BigInt => "integer",
            Type::Date => "date",
            Type::Decimal(_) | Type::Double => "number",
        },
        description: column.doc,
        unit: column.unit,
        sql_type: column.kind.sql(),
        constraints: (!column.nullable).then_some(Constraints { required: true }),
    }
}
