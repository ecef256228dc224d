//! A new version of a book: another one with rows of the user's own.

use super::licence::{Distribution, is_free};
use super::{MethodBook, Shelf, about, examples, files, parameters};
use crate::error::{MethodError, MethodFaults};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

const CHANGELOG: &str = "CHANGELOG.md";
/// Heading of a changelog, under which the newest version comes first.
const CHANGES: &str = "# Changes of the method\n";

/// What to make of which book.
#[derive(Clone, Copy, Debug)]
pub struct Extension<'a> {
    /// Version to start from.
    pub base: &'a str,
    /// Name of the new one.
    pub version: &'a str,
    /// `YYYY-MM-DD`.
    pub date: &'a str,
    /// Parameters in the columns of `parameters.csv`. A row takes the place of
    /// that with its id and first day; the others are added.
    pub file: &'a Path,
}

/// The version that was made.
#[derive(Clone, Debug)]
pub struct Extended {
    pub book: MethodBook,
    pub folder: PathBuf,
    pub added: usize,
    pub replaced: usize,
}

/// Makes a version in the shelf's folder: whole, or not at all.
///
/// It is private where a row's licence forbids passing it on, or the base is.
///
/// # Errors
/// The name is taken or no name, a row of the file is at fault, or the book
/// that would come of it is; or a file cannot be read or written.
pub fn extend(shelf: &Shelf, extension: &Extension<'_>) -> Result<Extended, MethodFaults> {
    let Extension { base, version, date, file } = *extension;
    if !about::is_version(version) {
        let reason = "is no name for a version: 1 to 64 letters, digits, dots and dashes, no dot first";
        return Err(MethodError::file(version, reason).into());
    }
    if shelf.has(version)? {
        return Err(
            MethodError::file(version, "there is such a version; a book is never changed, take another name").into()
        );
    }
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|error| MethodError::file(&name, error.to_string()))?;
    let mut faults = Vec::new();
    let rows = parameters::read_rows(&name, &text, Distribution::Private, &mut faults);
    MethodFaults::check(faults)?;
    if rows.is_empty() {
        return Err(MethodError::file(name, "holds no parameter").into());
    }
    let mut files = shelf.files(base)?;
    let (merged, replaced) = merge(super::text(&files, parameters::FILE)?, &text)
        .map_err(|error| MethodError::file(&name, error.to_string()))?;
    let private = rows.iter().any(|row| !is_free(&row.licence));
    let about = restate(super::text(&files, about::FILE)?, version, date, private)?;
    let ids: BTreeSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let changes = changelog(super::text(&files, CHANGELOG)?, extension, rows.len() - replaced, replaced, &ids);
    for (file, text) in [(parameters::FILE, merged), (about::FILE, about), (CHANGELOG, changes)] {
        files.insert(file.to_owned(), text);
    }
    // Their arithmetic is that of the base's numbers.
    files.retain(|name, _| !name.starts_with(examples::FOLDER));
    let book = MethodBook::from_files(&files)?;
    let folder = shelf.folder(version);
    write(&folder, &files).map_err(|error| MethodError::file(folder.display().to_string(), error.to_string()))?;
    Ok(Extended { book, folder, added: rows.len() - replaced, replaced })
}

/// Rows of the base and, in their place or after them, the new ones; and how
/// many took a place.
fn merge(base: &str, new: &str) -> Result<(String, usize), csv::Error> {
    let records = |text: &str| csv::Reader::from_reader(text.as_bytes()).into_records().collect::<Result<Vec<_>, _>>();
    let at = |column: &str| parameters::COLUMNS.iter().position(|name| *name == column).unwrap_or(0);
    let (id, from) = (at("id"), at("valid_from"));
    let same = |a: &csv::StringRecord, b: &csv::StringRecord| {
        [id, from].iter().all(|at| a.get(*at).map(str::trim) == b.get(*at).map(str::trim))
    };
    let mut rows = records(base)?;
    let mut replaced = 0;
    for record in records(new)? {
        match rows.iter_mut().find(|row| same(row, &record)) {
            Some(row) => {
                *row = record;
                replaced += 1;
            }
            None => rows.push(record),
        }
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(parameters::COLUMNS)?;
    for row in &rows {
        writer.write_record(row)?;
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok((String::from_utf8_lossy(&bytes).into_owned(), replaced))
}

fn restate(about: &str, version: &str, date: &str, private: bool) -> Result<String, MethodError> {
    let fault = |reason: String| MethodError::file(about::FILE, reason);
    let mut table: toml::Table = toml::from_str(about).map_err(|error| fault(error.to_string()))?;
    for (key, value) in [("version", version), ("date", date), ("status", about::PROVISIONAL)] {
        table.insert(key.to_owned(), value.into());
    }
    if private {
        table.insert("distribution".to_owned(), Distribution::Private.name().into());
    }
    toml::to_string(&table).map_err(|error| fault(error.to_string()))
}

fn changelog(old: &str, extension: &Extension<'_>, added: usize, replaced: usize, ids: &BTreeSet<&str>) -> String {
    let Extension { base, version, date, file } = extension;
    let file = file.file_name().unwrap_or_default().display();
    let mut text = format!("{CHANGES}\n## {version}, {date}\n\n");
    // Writing to a String cannot fail.
    let _written = writeln!(text, "From {base}: {added} parameter(s) added and {replaced} replaced by {file}:");
    for id in ids {
        let _written = writeln!(text, "- `{id}`");
    }
    let _written =
        writeln!(text, "\nThe worked examples of {base} are left out: their arithmetic is that of its parameters.\n");
    text.push_str(old.strip_prefix(CHANGES).unwrap_or(old));
    text
}

/// Writes a book beside its place and puts it there in one step.
fn write(folder: &Path, files: &files::Files) -> io::Result<()> {
    let mut aside = folder.to_owned();
    aside.set_file_name(format!(".{}.new", folder.file_name().unwrap_or_default().display()));
    match std::fs::remove_dir_all(&aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    for (name, text) in files {
        let path = aside.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, text)?;
    }
    std::fs::rename(&aside, folder)
}
