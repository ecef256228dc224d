#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test file uses a part of this; a test fails by panicking"
)]

pub(crate) mod batch;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type};
use commonweal_enrich::{Kind, LoadedVersion, Reference, ReferenceError, load};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Columns that enrichment adds, as text; null is empty.
pub(crate) const ADDED: [&str; 14] = [
    "organisation_id",
    "organisation_basis",
    "legal_form",
    "sic",
    "icnptso",
    "counterparty_id",
    "lsoa",
    "district",
    "combined_authority",
    "region",
    "imd_decile",
    "place_basis",
    "quarter",
    "reference_version",
];

/// A column as text.
pub(crate) fn texts(batch: &RecordBatch, name: &str) -> Vec<String> {
    let column = batch.column_by_name(name).unwrap();
    if let Some(numbers) = column.as_primitive_opt::<Int32Type>() {
        return numbers.iter().map(|number| number.map_or_else(String::new, |number| number.to_string())).collect();
    }
    let column = cast(column, &DataType::Utf8).unwrap();
    column.as_string::<i32>().iter().map(|text| text.unwrap_or_default().to_owned()).collect()
}

/// One row's added columns.
pub(crate) fn row(batch: &RecordBatch, row: usize) -> Vec<(&'static str, String)> {
    ADDED.iter().map(|name| (*name, texts(batch, name).swap_remove(row))).collect()
}

/// A folder of the test's own; in memory where the system has such a place, for
/// every version is synced to disk, and a property test makes hundreds.
pub(crate) fn scratch() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir()
        && let Ok(folder) = tempfile::tempdir_in(memory)
    {
        return folder;
    }
    tempfile::tempdir().unwrap()
}

/// Writes a CSV file.
pub(crate) fn csv(folder: &Path, name: &str, lines: &[String]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, lines.join("\n") + "\n").unwrap();
    path
}

/// Loads one file over a base.
pub(crate) fn load_file(
    kind: Kind,
    file: &Path,
    dir: &Path,
    base: Option<&str>,
) -> Result<LoadedVersion, ReferenceError> {
    load(kind, &[file.to_owned()], dir, base, &mut |_| {})
}

/// Loads CSV lines of several kinds, one over the other, and opens the result.
pub(crate) fn reference_of(dir: &Path, kinds: &[(Kind, Vec<String>)]) -> Reference {
    let mut base: Option<String> = None;
    for (kind, lines) in kinds {
        let file = csv(dir, &format!("{kind}.csv"), lines);
        base = Some(load_file(*kind, &file, &dir.join("reference"), base.as_deref()).unwrap().version);
    }
    Reference::open(&dir.join("reference"), &base.unwrap()).unwrap()
}

/// A folder of the real data, or none, said aloud, where they are not here;
/// with `CI=true` that is a failure.
#[expect(clippy::disallowed_methods, reason = "where the data are is the machine's matter")]
pub(crate) fn shared(part: &str) -> Option<PathBuf> {
    let root = std::env::var_os("COMMONWEAL_SHARED_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let path = root.join(part);
    if path.exists() {
        return Some(path);
    }
    assert!(
        std::env::var_os("CI").is_none_or(|ci| ci != "true"),
        "skipped: needs ../shared/data, and CI=true allows no skipping"
    );
    println!("skipped: needs ../shared/data");
    None
}
