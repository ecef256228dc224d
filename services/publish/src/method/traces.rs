//! `traces/*.sql`: of which parts each figure is made, and how. One query a
//! table, published or a step on the way; a line is a factor of a figure.

use super::files::Files;
use crate::error::MethodError;
use crate::tables::Table;

/// Where they stand in a book.
pub(super) const FOLDER: &str = "traces/";
/// Comment line that names the key of a table that is not published.
const KEY: &str = "-- key:";

/// How the figures of a table are made of others.
#[derive(Clone, Debug)]
pub struct TraceModel {
    /// Name of the table.
    pub table: String,
    pub sql: String,
    /// Columns that name a row.
    pub(crate) key: Vec<String>,
}

impl TraceModel {
    /// File within the book.
    #[must_use]
    pub fn file(&self) -> String {
        format!("{FOLDER}{}.sql", self.table)
    }
}

/// The traces of a book, in the order of their names.
pub(super) fn read(files: &Files, faults: &mut Vec<MethodError>) -> Vec<TraceModel> {
    let texts = files.iter().filter_map(|(file, text)| {
        let table = file.strip_prefix(FOLDER)?.strip_suffix(".sql")?;
        Some((file, table, text))
    });
    texts
        .filter_map(|(file, table, sql)| match key(table, sql) {
            Ok(key) => Some(TraceModel { table: table.to_owned(), sql: sql.clone(), key }),
            Err(reason) => {
                faults.push(MethodError::file(file, reason));
                None
            }
        })
        .collect()
}

fn key(table: &str, sql: &str) -> Result<Vec<String>, String> {
    let stated = sql.lines().find_map(|line| line.strip_prefix(KEY));
    match (Table::named(table), stated) {
        (Some(published), None) => Ok(published.key.iter().map(|name| (*name).to_owned()).collect()),
        (Some(_), Some(_)) => Err(format!("{table} is published and has its key already; leave out {KEY:?}")),
        (None, Some(names)) => Ok(names.split(',').map(|name| name.trim().to_owned()).collect()),
        (None, None) => Err(format!("no line {KEY:?} names the columns that name a row of {table}")),
    }
}
