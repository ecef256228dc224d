//! `commonweal revisions`.

use super::Format;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Revisions {
    /// Folder of the older release.
    pub(crate) old: PathBuf,
    /// Folder of the newer release; `published` in the data directory where none is given.
    pub(crate) new: Option<PathBuf>,
    /// Folder of an earlier release that one of them was protected against, beside the older one and
    /// `publish.against`. More than once where there are more.
    #[arg(long, value_name = "DIR")]
    pub(crate) against: Vec<PathBuf>,
    /// Parquet file for the whole table; one of that name is replaced.
    #[arg(long, value_name = "FILE")]
    pub(crate) to: Option<PathBuf>,
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}
