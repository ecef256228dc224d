//! `commonweal method list|show|diff|check|inputs|add`.

mod diff;
mod show;

use crate::cli::{Format, MethodCommand, Settings};
use crate::settings::Loaded;
use crate::{AppError, table};
use chrono::DateTime;
use commonweal_publish::{Extended, Extension, MethodFaults, Shelf, export, extend, forbidden_sums, unmet_examples};
use commonweal_runtime::{Clock as _, Exit, SystemClock};
use serde_json::json;
use std::path::Path;

/// Digits of a digest that tell versions apart in a list.
const SHORT_DIGEST: usize = 12;

pub(crate) fn run(settings: &Settings, command: &MethodCommand) -> Result<Exit, AppError> {
    let loaded = Loaded::with_logs(settings)?;
    match command {
        MethodCommand::List { format } => list(&loaded.shelf(), *format),
        MethodCommand::Show { version, format } => {
            show::show(&loaded.shelf().open(version)?, *format);
            Ok(Exit::Ok)
        }
        MethodCommand::Diff { before, after, format } => diff::diff(&loaded, before, after, *format),
        MethodCommand::Check { versions } => check(&loaded, versions),
        MethodCommand::Inputs { to } => inputs(&loaded, to),
        MethodCommand::Add { file, version, base } => add(&loaded, file, version, base.as_deref()),
    }
}

fn list(shelf: &Shelf, format: Format) -> Result<Exit, AppError> {
    let versions = shelf.list().map_err(MethodFaults::from)?;
    if format == Format::Json {
        for listed in versions {
            let line = json!({
                "version": listed.version, "status": listed.status, "date": listed.date, "title": listed.title,
                "origin": listed.origin.name(), "sha256": listed.digest,
            });
            println!("{line}");
        }
        return Ok(Exit::Ok);
    }
    let mut rows = table::new(&["version", "status", "date", "from", "sha256", "title"]);
    for listed in versions {
        let digest = listed.digest.get(..SHORT_DIGEST).unwrap_or_default().to_owned();
        rows.add_row([
            listed.version,
            listed.status,
            listed.date,
            listed.origin.name().to_owned(),
            digest,
            table::one_line(&listed.title),
        ]);
    }
    println!("{rows}");
    Ok(Exit::Ok)
}

fn check(loaded: &Loaded, versions: &[String]) -> Result<Exit, AppError> {
    let shelf = loaded.shelf();
    let versions = match versions {
        [] => shelf.list().map_err(MethodFaults::from)?.into_iter().map(|listed| listed.version).collect(),
        versions => versions.to_vec(),
    };
    let runtime = loaded.runtime()?;
    let mut sound = true;
    for version in versions {
        let book = match shelf.open(&version) {
            Ok(book) => book,
            Err(faults) => {
                sound = false;
                for fault in faults.all() {
                    println!("{version}: {fault}");
                }
                continue;
            }
        };
        let sums = runtime.block_on(forbidden_sums(&book))?;
        for sum in &sums {
            println!(
                "{version}: models/{}.sql: {} adds {} to {}, which must not be added; seen in the row {}",
                sum.table, sum.column, sum.adds[0], sum.adds[1], sum.row
            );
        }
        let unmet = runtime.block_on(unmet_examples(&book))?;
        for row in &unmet {
            let published = row.published.as_deref().unwrap_or("no such row");
            println!(
                "{version}: {}, row {}: {} is to have {}; published is {published}",
                row.file, row.line, row.table, row.expected
            );
        }
        let untraced = book.untraced();
        for table in &untraced {
            println!(
                "{version}: there is no traces/{table}.sql: figures of {table} cannot be traced to what they are made of"
            );
        }
        let verdict = match (sums.is_empty(), unmet.is_empty(), untraced.is_empty()) {
            (true, true, true) => "sound",
            (false, ..) => "forbidden sums",
            (true, false, _) => "examples are not met",
            (true, true, false) => "figures cannot be traced",
        };
        sound &= sums.is_empty() && unmet.is_empty() && untraced.is_empty();
        println!(
            "{version}: {} parameters, {} deflator years, {} models, {} worked examples: {verdict}",
            book.parameters().len(),
            book.deflators().len(),
            book.models().len(),
            book.examples().len(),
        );
    }
    Ok(if sound { Exit::Ok } else { Exit::CheckFailed })
}

fn inputs(loaded: &Loaded, folder: &Path) -> Result<Exit, AppError> {
    let options = loaded.publish_options()?;
    for exported in loaded.runtime()?.block_on(export(&options, folder))? {
        println!("{:<24} {:>10} rows", exported.table, exported.rows);
    }
    Ok(Exit::Ok)
}

fn add(loaded: &Loaded, file: &Path, version: &str, base: Option<&str>) -> Result<Exit, AppError> {
    let today = DateTime::from_timestamp_micros(SystemClock.now_micros()).unwrap_or_default();
    let date = today.format("%Y-%m-%d").to_string();
    let base = base.unwrap_or(&loaded.config.publish.method);
    let Extended { book, folder, added, replaced } =
        extend(&loaded.shelf(), &Extension { base, version, date: &date, file })?;
    println!(
        "method version {} ({}) from {base}: {added} parameter(s) added, {replaced} replaced, in {}",
        book.version(),
        book.distribution().name(),
        folder.display()
    );
    println!(
        "see what it does with `commonweal method diff {base} {version}`, use it with publish.method = \"{version}\""
    );
    Ok(Exit::Ok)
}
