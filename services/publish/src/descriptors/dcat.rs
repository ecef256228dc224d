//! `dcat.jsonld`: a catalogue in DCAT 3, each table a dataset with the Parquet
//! file as its distribution; the same in schema.org's words beside it.
//!
//! What DCAT-AP demands is there: title, description and publisher of the
//! catalogue, title and description of each dataset, address of each
//! distribution. Without a configured address all names are relative to the
//! document.

use super::{PARQUET, keywords, pretty, summary};
use crate::PublishError;
use crate::catalogue::{Catalogue, given};
use crate::manifest::{Manifest, ManifestTable};
use crate::publish::Options;
use crate::tables::Table;
use serde_json::{Map, Value, json};

const LANGUAGE: &str = "en";
const IANA: &str = "https://www.iana.org/assignments/media-types/";

/// The descriptor's text.
pub(super) fn text(options: &Options, manifest: &Manifest) -> Result<Vec<u8>, PublishError> {
    let datasets: Vec<(&Table, &ManifestTable)> =
        manifest.tables.iter().filter_map(|listed| Some((Table::named(&listed.table)?, listed))).collect();
    let mut graph = vec![catalogue(options, manifest, &datasets), publisher(&options.catalogue)];
    graph.extend(contact(&options.catalogue));
    for (table, listed) in datasets {
        graph.push(dataset(options, manifest, table, listed));
        graph.push(distribution(options, table, listed));
    }
    pretty(&json!({ "@context": context(), "@graph": graph }), "the catalogue")
}

fn context() -> Value {
    json!({
        "dcat": "http://www.w3.org/ns/dcat#",
        "dct": "http://purl.org/dc/terms/",
        "foaf": "http://xmlns.com/foaf/0.1/",
        "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
        "schema": "https://schema.org/",
        "spdx": "http://spdx.org/rdf/terms#",
        "vcard": "http://www.w3.org/2006/vcard/ns#",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
    })
}

fn words(text: &str) -> Value {
    json!({ "@language": LANGUAGE, "@value": text })
}

/// Something that has a name of its own.
fn named(id: &str) -> Value {
    json!({ "@id": id })
}

/// Name of a part of this document.
fn part(about: &Catalogue, name: &str) -> String {
    format!("{}#{name}", about.place_of(super::DCAT))
}

/// Adds properties that may not be there.
fn with(mut object: Value, more: impl IntoIterator<Item = (&'static str, Option<Value>)>) -> Value {
    if let Value::Object(fields) = &mut object {
        fields.extend(more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    }
    object
}

fn moment(manifest: &Manifest) -> Option<Value> {
    manifest.as_of.as_ref().map(|instant| json!({ "@type": "xsd:dateTime", "@value": instant }))
}

fn licence(about: &Catalogue) -> (&'static str, Option<Value>) {
    ("dct:license", given(&about.licence_url).map(named))
}

fn catalogue(options: &Options, manifest: &Manifest, datasets: &[(&Table, &ManifestTable)]) -> Value {
    let about = &options.catalogue;
    let (title, description) = (words(&about.title), words(&summary(options, manifest)));
    let parts: Vec<Value> = datasets.iter().map(|(table, _)| named(&part(about, table.name))).collect();
    let object = json!({
        "@id": part(about, "catalogue"),
        "@type": ["dcat:Catalog", "schema:DataCatalog"],
        "dct:title": title,
        "dct:description": description,
        "dct:publisher": named(&part(about, "publisher")),
        "dct:language": named("http://publications.europa.eu/resource/authority/language/ENG"),
        "dcat:dataset": parts,
        "dcat:version": manifest.method.version,
        "rdfs:seeAlso": [named(&about.place_of(super::DATA_PACKAGE)), named(&about.place_of(Manifest::FILE))],
        "schema:name": title,
        "schema:description": description,
        "schema:dataset": parts,
    });
    let page = given(&about.publisher_url).map(named);
    with(object, [("dct:modified", moment(manifest)), ("foaf:homepage", page), licence(about)])
}

fn publisher(about: &Catalogue) -> Value {
    let object = json!({
        "@id": part(about, "publisher"),
        "@type": ["foaf:Agent", "schema:Organization"],
        "foaf:name": words(&about.publisher_name),
        "schema:name": words(&about.publisher_name),
    });
    let (id, url) = (given(&about.publisher_id), given(&about.publisher_url));
    with(
        object,
        [
            ("dct:identifier", id.map(Value::from)),
            ("schema:identifier", id.map(Value::from)),
            ("foaf:homepage", url.map(named)),
            ("schema:url", url.map(named)),
        ],
    )
}

/// Whom to ask, where somebody is named.
fn contact(about: &Catalogue) -> Option<Value> {
    let (name, email) = (given(&about.contact_name), given(&about.contact_email));
    let shown = name.or(email)?;
    let object = json!({ "@id": part(about, "contact"), "@type": "vcard:Kind", "vcard:fn": words(shown) });
    Some(with(object, [("vcard:hasEmail", email.map(|email| named(&format!("mailto:{email}"))))]))
}

fn dataset(options: &Options, manifest: &Manifest, table: &Table, listed: &ManifestTable) -> Value {
    let about = &options.catalogue;
    let (title, description) = (format!("{}: {}", about.title, table.name), words(table.doc));
    let keywords: Vec<Value> = keywords(manifest).into_iter().map(words).collect();
    let distribution = named(&part(about, &listed.file));
    let object = json!({
        "@id": part(about, table.name),
        "@type": ["dcat:Dataset", "schema:Dataset"],
        "dct:title": words(&title),
        "dct:description": description,
        "dct:identifier": table.name,
        "dct:publisher": named(&part(about, "publisher")),
        "dcat:keyword": keywords,
        "dcat:version": manifest.method.version,
        "dcat:distribution": distribution,
        "schema:name": words(&title),
        "schema:description": description,
        "schema:keywords": keywords,
        "schema:creator": named(&part(about, "publisher")),
        "schema:distribution": distribution,
        "schema:variableMeasured": variables(table),
    });
    let contact = contact(about).map(|_| named(&part(about, "contact")));
    let more = [
        ("dct:modified", moment(manifest)),
        ("dcat:contactPoint", contact),
        ("schema:dateModified", manifest.as_of.clone().map(Value::from)),
        ("schema:license", given(&about.licence_url).map(named)),
    ];
    with(object, more)
}

fn variables(table: &Table) -> Vec<Value> {
    let variable = |column: &crate::tables::Column| {
        let mut object = Map::new();
        object.insert("@type".to_owned(), "schema:PropertyValue".into());
        object.insert("schema:name".to_owned(), column.name.into());
        object.insert("schema:description".to_owned(), words(column.doc));
        if let Some(unit) = given(column.unit) {
            object.insert("schema:unitText".to_owned(), unit.into());
        }
        Value::Object(object)
    };
    table.columns.iter().map(variable).collect()
}

fn distribution(options: &Options, table: &Table, listed: &ManifestTable) -> Value {
    let about = &options.catalogue;
    let place = named(&about.place_of(&listed.file));
    let object = json!({
        "@id": part(about, &listed.file),
        "@type": ["dcat:Distribution", "schema:DataDownload"],
        "dct:title": words(&format!("{} as Parquet", table.name)),
        "dcat:accessURL": place,
        "dcat:downloadURL": place,
        "dcat:mediaType": named(&format!("{IANA}{PARQUET}")),
        "dcat:byteSize": { "@type": "xsd:nonNegativeInteger", "@value": listed.bytes.to_string() },
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": named("http://spdx.org/rdf/terms#checksumAlgorithm_sha256"),
            "spdx:checksumValue": { "@type": "xsd:hexBinary", "@value": listed.sha256 },
        },
        "schema:contentUrl": place,
        "schema:encodingFormat": PARQUET,
        "schema:contentSize": format!("{} B", listed.bytes),
        "schema:sha256": listed.sha256,
    });
    with(object, [licence(about)])
}
