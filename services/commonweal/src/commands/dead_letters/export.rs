//! Dead letters as a file: an Avro object container file of the dead-letter
//! contract. See docs/dead-letters.md.

use super::Letters;
use crate::AppError;
use crate::cli::Selection;
use crate::settings::Loaded;
use commonweal_ledger::letters::Parts;
use commonweal_runtime::Exit;
use commonweal_schemas::avro::Contract;
use commonweal_schemas::records::{Codec, Container};
use std::fs::{self, File};
use std::io::BufWriter;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

pub(super) fn run(loaded: &Loaded, selection: &Selection, path: &Path) -> Result<Exit, AppError> {
    let letters = Letters::open(loaded)?;
    // Under another name first: a file that is there is whole.
    let unfinished = unfinished(path);
    if path.exists() {
        return Err(AppError::Usage(format!("{} is there already; name a file that is not", path.display())));
    }
    let codec = Codec::embedded(Contract::DeadLetter)?;
    let file = File::create(&unfinished).map_err(AppError::file("create", &unfinished))?;
    let mut container = Container::begin(&codec, BufWriter::new(file))?;
    let mut count = 0_u64;
    letters.each(selection, Parts::Whole, |letter, _| {
        container.write(&letter.letter)?;
        count += 1;
        Ok(ControlFlow::Continue(()))
    })?;
    let file = container.finish()?.into_inner().map_err(std::io::IntoInnerError::into_error);
    file.and_then(|file| file.sync_all()).map_err(AppError::file("write", &unfinished))?;
    fs::rename(&unfinished, path).map_err(AppError::file("name", path))?;
    println!("wrote {count} dead letters as of commit {} to {}", letters.journal.version(), path.display());
    Ok(Exit::Ok)
}

fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".unfinished");
    PathBuf::from(name)
}
