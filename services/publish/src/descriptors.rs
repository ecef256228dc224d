//! What lies beside the tables for those who collect and find data: a Data
//! Package with Table Schemas, and a catalogue in DCAT and schema.org.
//!
//! Both are made from the definitions of the tables and from the manifest, and
//! from nothing else: the same manifest gives the same bytes.

mod data_package;
mod dcat;

use crate::PublishError;
use crate::files::{hex_digest, write_atomically};
use crate::manifest::{Manifest, ManifestFile};
use crate::publish::Options;
use std::path::Path;

pub(crate) const DATA_PACKAGE: &str = "datapackage.json";
pub(crate) const DCAT: &str = "dcat.jsonld";
const PARQUET: &str = "application/vnd.apache.parquet";

/// Writes the descriptors of what a manifest lists, and lists them too.
pub(crate) fn write(dir: &Path, options: &Options, manifest: &mut Manifest) -> Result<(), PublishError> {
    let files = [
        (DATA_PACKAGE, "application/json", data_package::text(options, manifest)?),
        (DCAT, "application/ld+json", dcat::text(options, manifest)?),
    ];
    for (file, media_type, text) in files {
        let path = dir.join(file);
        if std::fs::read(&path).map_or(true, |before| before != text) {
            write_atomically(&path, &text)?;
        }
        manifest.descriptors.push(ManifestFile {
            file: file.to_owned(),
            bytes: text.len() as u64,
            sha256: hex_digest(&text),
            media_type: media_type.to_owned(),
        });
    }
    Ok(())
}

/// JSON as people read it.
fn pretty(value: &impl serde::Serialize, what: &'static str) -> Result<Vec<u8>, PublishError> {
    let mut text =
        serde_json::to_vec_pretty(value).map_err(|source| PublishError::Json { action: "write", what, source })?;
    text.push(b'\n');
    Ok(text)
}

/// The summary of the whole, which says where the data are not recorded ones.
fn summary(options: &Options, manifest: &Manifest) -> String {
    let description = options.catalogue.description.trim_end();
    if manifest.is_recorded() {
        return description.to_owned();
    }
    format!("{description} The data are not recorded ones: they are labelled {}.", manifest.data_label)
}

/// Words that the data are found by.
fn keywords(manifest: &Manifest) -> Vec<&str> {
    let mut words = vec!["social value", "public funding", "grants", "employment", "volunteering"];
    if !manifest.is_recorded() {
        words.push(&manifest.data_label);
    }
    words
}
