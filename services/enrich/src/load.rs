//! Makes the next reference version out of CSV files.

pub(crate) mod csv_source;
mod headers;
pub(crate) mod parse;
mod register;
pub(crate) mod sort;

use crate::store::kind_file::write_kind;
use crate::store::manifest::SourceFile;
use crate::store::{Incoming, materialise_builtin, open_folder};
use crate::table::table;
use crate::{Kind, ReferenceError};
use csv_source::{CsvSource, Row};
use sort::{RUN_BYTES_MAX, Sorter};
use std::path::{Path, PathBuf};

/// Malformed rows that one load tolerates, counts and reports.
pub const MALFORMED_ROWS_MAX: u64 = 100;
/// Rows between two reports of progress.
const PROGRESS_ROWS: u64 = 8192;

/// How far a load is.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// The file being read.
    pub file: &'a Path,
    /// Its place among the files, from 0, and how many files there are.
    pub file_index: usize,
    pub files: usize,
    /// Bytes of this file read, of all it has (as stored, gzipped or not).
    pub bytes_read: u64,
    pub bytes_total: u64,
    /// Rows read of all files so far, malformed ones too.
    pub rows: u64,
    pub malformed: u64,
}

/// A row that was left out because it cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MalformedRow {
    pub file: PathBuf,
    /// Line in the file, from 1.
    pub line: u64,
    /// Column at fault, `*` for the whole row.
    pub column: String,
    pub message: String,
}

/// What [`load`] made.
#[derive(Clone, Debug)]
pub struct LoadedVersion {
    pub version: String,
    /// False where the same content was there already.
    pub is_new: bool,
    pub folder: PathBuf,
    pub base: String,
    pub kind: Kind,
    /// Rows of the kind in the version.
    pub rows: u64,
    /// Rows that repeat another row.
    pub repeated: u64,
    /// Rows whose key came again later with other content; the later counts.
    pub replaced: u64,
    /// Rows that say nothing of this kind, such as pairs that are not equals.
    pub ignored: u64,
    /// Rows left out, at most [`MALFORMED_ROWS_MAX`].
    pub malformed: Vec<MalformedRow>,
}

/// Loads a kind from CSV files, plain or gzipped, into a new version that takes
/// its other kinds from `base_version` (the built-in reference where `None`).
///
/// Rows stream through bounded memory. The version appears whole or not at all;
/// equal content gives the version that is there. Of rows with one key the last
/// counts, files taken in the order given.
///
/// # Errors
/// A file cannot be read, lacks a column (named with the names accepted), or
/// holds more than [`MALFORMED_ROWS_MAX`] malformed rows (the first beyond is
/// named with file, line and column); the base is missing or broken; the folder
/// cannot be written.
pub fn load(
    kind: Kind,
    files: &[PathBuf],
    reference_dir: &Path,
    base_version: Option<&str>,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<LoadedVersion, ReferenceError> {
    let Some(first) = files.first() else {
        return Err(ReferenceError::NoFiles { kind: kind.name() });
    };
    let base = match base_version {
        Some(version) => version.to_owned(),
        None => materialise_builtin(reference_dir)?,
    };
    let (base_folder, base_manifest) = open_folder(reference_dir, &base)?;
    let incoming = Incoming::create(reference_dir)?;
    let mut reading = Reading::new(kind, &incoming);
    for (index, file) in files.iter().enumerate() {
        reading.read_file(file, index, files.len(), progress)?;
    }
    if reading.rows == reading.malformed.len() as u64 {
        return Err(reading.no_rows(first));
    }
    let Reading { sorter, sources, malformed, ignored, spilled, .. } = reading;
    let mut lines = sorter.finish().map_err(ReferenceError::io(&spilled, "sort the rows"))?;
    let entry = write_kind(kind, &mut lines, incoming.folder(), sources)?;
    let (repeated, replaced, rows) = (lines.repeated, lines.replaced, entry.rows);
    drop(lines);
    std::fs::remove_dir_all(&spilled).map_err(ReferenceError::io(&spilled, "remove the folder"))?;
    let mut kinds = vec![entry];
    for other in base_manifest.kinds.into_iter().filter(|other| other.kind != kind.name()) {
        incoming.share_kind(other.kind.parse()?, &base_folder)?;
        kinds.push(other);
    }
    let label = format!("{kind} of {} over {}", file_names(files), base_manifest.label);
    let (version, is_new) = incoming.adopt(kinds, label, Some(base.clone()))?;
    tracing::info!(%version, %kind, rows, malformed = malformed.len(), is_new, "loaded reference data");
    Ok(LoadedVersion {
        folder: reference_dir.join(&version),
        version,
        is_new,
        base,
        kind,
        rows,
        repeated,
        replaced,
        ignored,
        malformed,
    })
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

fn file_names(files: &[PathBuf]) -> String {
    files.iter().map(|file| file_name(file)).collect::<Vec<_>>().join(", ")
}

/// The rows of a load, as they come.
struct Reading {
    kind: Kind,
    sorter: Sorter,
    spilled: PathBuf,
    sources: Vec<SourceFile>,
    malformed: Vec<MalformedRow>,
    rows: u64,
    ignored: u64,
}

impl Reading {
    fn new(kind: Kind, incoming: &Incoming) -> Self {
        let spilled = incoming.folder().join("spilled");
        Self {
            kind,
            sorter: Sorter::new(table(kind).key, &spilled, RUN_BYTES_MAX),
            spilled,
            sources: Vec::new(),
            malformed: Vec::new(),
            rows: 0,
            ignored: 0,
        }
    }

    fn read_file(
        &mut self,
        file: &Path,
        file_index: usize,
        files: usize,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<(), ReferenceError> {
        std::fs::create_dir_all(&self.spilled).map_err(ReferenceError::io(&self.spilled, "create the folder"))?;
        let mut source = CsvSource::open(self.kind, file)?;
        let mut lines = String::new();
        let mut report = |source: &CsvSource, rows: u64, malformed: usize| {
            let (bytes_read, bytes_total) = source.bytes();
            progress(Progress { file, file_index, files, bytes_read, bytes_total, rows, malformed: malformed as u64 });
        };
        let mut taken = 0;
        while let Some(row) = source.next_row(&mut lines)? {
            self.rows += 1;
            match row {
                Row::Lines => taken += 1,
                Row::Ignored => self.ignored += 1,
                Row::Malformed { line, why } => self.refuse(file, line, why)?,
            }
            for line in lines.lines() {
                self.sorter.push(line).map_err(ReferenceError::io(&self.spilled, "sort the rows"))?;
            }
            lines.clear();
            if self.rows.is_multiple_of(PROGRESS_ROWS) {
                report(&source, self.rows, self.malformed.len());
            }
        }
        report(&source, self.rows, self.malformed.len());
        self.sources.push(SourceFile {
            file: file_name(file),
            bytes: source.bytes().0,
            sha256: source.sha256(),
            rows: taken,
        });
        Ok(())
    }

    fn refuse(&mut self, file: &Path, line: u64, why: parse::Malformed) -> Result<(), ReferenceError> {
        let count = self.malformed.len() as u64 + 1;
        if count > MALFORMED_ROWS_MAX {
            return Err(ReferenceError::TooManyMalformed {
                file: file.to_owned(),
                line,
                column: why.column.to_owned(),
                message: why.message,
                count,
                limit: MALFORMED_ROWS_MAX,
                kind: self.kind.name(),
            });
        }
        self.malformed.push(MalformedRow {
            file: file.to_owned(),
            line,
            column: why.column.to_owned(),
            message: why.message,
        });
        Ok(())
    }

    /// The error of a load that found nothing to take.
    fn no_rows(&self, first: &Path) -> ReferenceError {
        let (file, hint) = match self.malformed.first() {
            Some(row) => {
                let MalformedRow { line, column, message, .. } = row;
                (row.file.clone(), format!("line {line}, column '{column}': {message}"))
            }
            None => (first.to_owned(), "the file has a header and no rows".to_owned()),
        };
        ReferenceError::NoRows { file, kind: self.kind.name(), hint }
    }
}
