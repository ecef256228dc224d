//! `commonweal reference load|list|kinds|diff|adopt`.

mod adopt;
mod diff;

use crate::cli::{ReferenceCommand, Settings};
use crate::settings::Loaded;
use crate::{AppError, cli};
use commonweal_enrich::{Kind, Progress, latest, list, load};
use commonweal_runtime::Exit;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::PathBuf;

pub(crate) fn run(settings: &cli::Settings, command: &ReferenceCommand) -> Result<Exit, AppError> {
    match command {
        ReferenceCommand::Load { kind, base, files } => load_kind(settings, kind, base.as_deref(), files),
        ReferenceCommand::List => list_versions(settings),
        ReferenceCommand::Diff { before, after, rows, format } => {
            diff::diff(&Loaded::with_logs(settings)?, [before, after], *format, *rows)
        }
        ReferenceCommand::Adopt { version } => adopt::adopt(&Loaded::with_logs(settings)?, version),
        ReferenceCommand::Kinds => {
            for kind in Kind::ALL {
                println!("{:<18} {}", kind.name(), kind.description());
            }
            Ok(Exit::Ok)
        }
    }
}

fn load_kind(settings: &Settings, kind: &str, base: Option<&str>, files: &[PathBuf]) -> Result<Exit, AppError> {
    let loaded = Loaded::with_logs(settings)?;
    let kind: Kind = kind.parse()?;
    let dir = loaded.config.reference_dir();
    let base = match base {
        Some(base) => Some(base.to_owned()),
        None => latest(&dir)?,
    };
    let bar = bar("{msg} {wide_bar} {bytes}/{total_bytes} {eta}");
    let mut show = |progress: Progress<'_>| {
        bar.set_length(progress.bytes_total);
        bar.set_position(progress.bytes_read);
        bar.set_message(format!("file {} of {}, {} rows", progress.file_index + 1, progress.files, progress.rows));
    };
    let version = load(kind, files, &dir, base.as_deref(), &mut show)?;
    bar.finish_and_clear();
    for row in &version.malformed {
        eprintln!("{}: line {}, column {}: {}", row.file.display(), row.line, row.column, row.message);
    }
    println!(
        "reference version {} ({}): {} rows of {} in {}; {} malformed row(s) left out",
        version.version,
        if version.is_new { "new" } else { "there already, equal content" },
        version.rows,
        version.kind.name(),
        version.folder.display(),
        version.malformed.len()
    );
    println!("use it with reference.version = \"{}\"", version.version);
    Ok(Exit::Ok)
}

/// A progress bar that looks like `template`; none where nobody looks.
fn bar(template: &str) -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

fn list_versions(settings: &Settings) -> Result<Exit, AppError> {
    let loaded = Loaded::with_logs(settings)?;
    let dir = loaded.config.reference_dir();
    let versions = list(&dir)?;
    if versions.is_empty() {
        println!("no reference version in {}; `builtin` comes with the program", dir.display());
    }
    for version in versions {
        let base = version.base.as_deref().unwrap_or("-");
        println!("{}  from {base:<12}  {}", version.version, version.label);
    }
    Ok(Exit::Ok)
}
