//! `commonweal dead-letters ...`.

use super::instant;
use clap::{Args, Subcommand, ValueEnum};
use commonweal_schemas::Reason;
use commonweal_schemas::replay::MessageOrigin;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum DeadLettersCommand {
    /// Count the dead letters by topic and reason, or list them one by one.
    List {
        #[command(flatten)]
        selection: Selection,
        /// List each letter, in the order they were posted.
        #[arg(long)]
        each: bool,
        /// With --each: letters to pass over, to turn the page.
        #[arg(long, default_value_t = 0, requires = "each")]
        skip: usize,
        /// With --each: letters to list at most.
        #[arg(long, default_value_t = 50, requires = "each")]
        limit: usize,
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Show one dead letter with its reason, headers and original bytes.
    Show {
        /// Where the message was read from, as `list --each` gives it: TOPIC/PARTITION/OFFSET.
        #[arg(value_name = "ORIGIN")]
        origin: MessageOrigin,
        /// How bytes are shown.
        #[arg(long, value_enum, default_value_t = BytesForm::Hex)]
        bytes: BytesForm,
    },
    /// Write dead letters to an Avro file of the dead-letter contract, payloads whole.
    Export {
        #[command(flatten)]
        selection: Selection,
        /// File to write; it must not be there yet.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Send dead letters back to the topics they came from: the original bytes with the next attempt in a header.
    ///
    /// Letters that come to be while it runs are left alone. What was replayed
    /// before is passed over, so an interrupted replay is run again to go on.
    Replay {
        #[command(flatten)]
        filter: LetterFilter,
        /// Pass over letters that were replayed so often already. 1 or more.
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..), value_name = "N")]
        attempts_max: u32,
        /// Send letters that were replayed before once more.
        #[arg(long)]
        again: bool,
        /// Count what would be sent, and send nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

/// Which letters; what is not given chooses all.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct LetterFilter {
    /// Only letters of this reason; may be given more than once. Codes: docs/reason-codes.md.
    #[arg(long = "reason", value_name = "CODE", value_parser = reason)]
    pub(crate) reasons: Vec<Reason>,
    /// Only letters of messages from this topic; may be given more than once.
    #[arg(long = "topic", value_name = "TOPIC")]
    pub(crate) topics: Vec<String>,
    /// Only letters posted to the books at this instant or later: 2026-03-01 or 2026-03-01T09:30:00Z, in UTC.
    #[arg(long, value_name = "INSTANT", value_parser = instant::from)]
    pub(crate) from: Option<i64>,
    /// Only letters posted before this instant.
    #[arg(long, value_name = "INSTANT", value_parser = instant::from)]
    pub(crate) to: Option<i64>,
}

/// [`LetterFilter`], and whether they were replayed.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Selection {
    #[command(flatten)]
    pub(crate) filter: LetterFilter,
    /// Only letters that were replayed, or that were not.
    #[arg(long, value_enum)]
    pub(crate) replayed: Option<YesNo>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum YesNo {
    Yes,
    No,
}

/// Form of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Table,
    /// For programs.
    Json,
}

/// Form of bytes that may be no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BytesForm {
    /// Offset, hexadecimal and printable characters, 16 bytes a line.
    Hex,
    /// UTF-8; what is none, and control characters, as escapes.
    Text,
}

fn reason(code: &str) -> Result<Reason, String> {
    Reason::from_code(code).ok_or_else(|| "no such reason code; docs/reason-codes.md lists them".to_owned())
}
