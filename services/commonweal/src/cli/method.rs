//! `commonweal method`.

use super::Format;
use clap::Subcommand;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum MethodCommand {
    /// List the versions there are: those of the program and those in `publish.method_dir`.
    List {
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Show a version: what it says of itself, its parameters with their sources, its models.
    Show {
        version: String,
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Show what sets two versions apart, and what that does to each headline of the journal at hand.
    Diff {
        before: String,
        after: String,
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Check versions, all where none is named: parameters, prices, licences, models, and sums that must not be.
    ///
    /// Exits 1 where anything is wrong, and tells all of it.
    Check { versions: Vec<String> },
    /// Write the tables that the models read as Parquet, for another engine to run the same SQL over.
    Inputs {
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
    },
    /// Make a version of your own: another one with the parameters of a CSV file added or put in place of its own.
    Add {
        /// Parameters in the columns of the book's parameters.csv.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Name of the new version.
        #[arg(long = "as", value_name = "VERSION")]
        version: String,
        /// Version to start from; `publish.method` where none is given.
        #[arg(long, value_name = "VERSION")]
        base: Option<String>,
    },
}
