//! `commonweal export`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum ExportCommand {
    /// Grants to organisations in the 360Giving JSON format, with their payments.
    ///
    /// Grants to individuals are counted in the ledger and left out of the file. Exits 1, and leaves no file, where
    /// no grant passes the filters: the standard wants at least one.
    #[command(name = "360giving")]
    Giving(GivingExport),
}

#[derive(Debug, Args)]
pub(crate) struct GivingExport {
    /// File to write; one of that name is replaced.
    #[arg(long, value_name = "FILE")]
    pub(crate) to: PathBuf,
    /// First quarter of award, such as 2020-Q1.
    #[arg(long, value_name = "QUARTER", value_parser = quarter)]
    pub(crate) from: Option<String>,
    /// Last quarter of award.
    #[arg(long, value_name = "QUARTER", value_parser = quarter)]
    pub(crate) until: Option<String>,
    /// Programme, in any spelling that comes to its code.
    #[arg(long, value_name = "PROGRAMME")]
    pub(crate) programme: Option<String>,
}

fn quarter(text: &str) -> Result<String, String> {
    match text.as_bytes() {
        [year @ .., b'-', b'Q', b'1'..=b'4'] if year.len() == 4 && year.iter().all(u8::is_ascii_digit) => {
            Ok(text.to_owned())
        }
        _ => Err("a quarter such as 2020-Q1".to_owned()),
    }
}
