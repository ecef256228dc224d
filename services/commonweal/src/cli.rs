//! The command line.

mod dead_letters;
mod export;
mod instant;
mod method;
mod revisions;

pub(crate) use dead_letters::{BytesForm, DeadLettersCommand, Format, LetterFilter, Selection, YesNo};
pub(crate) use export::{ExportCommand, GivingExport};
pub(crate) use method::MethodCommand;
pub(crate) use revisions::Revisions;

use clap::{Args, Parser, Subcommand};
use commonweal_schemas::Dataset;
use instant::up_to;
use std::num::NonZeroU32;
use std::path::PathBuf;

/// Funding and employment events from Kafka, kept in an append-only ledger,
/// published as Parquet in which social value is aggregated.
#[derive(Debug, Parser)]
#[command(name = "commonweal", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) settings: Settings,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Where the configuration comes from; later sources go before earlier ones.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Settings {
    /// Configuration file laid over the defaults; may be given more than once.
    #[arg(long, short, global = true, value_name = "FILE")]
    pub(crate) config: Vec<PathBuf>,
    /// A single setting, such as kafka.brokers=localhost:9092.
    #[arg(long, short, global = true, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the whole pipeline in one process: from the raw topics to published Parquet.
    Up {
        /// Read to the end present at start, flush, publish, exit 0.
        #[arg(long)]
        until_end: bool,
    },
    /// Read the raw topics, validate, and pass on what is sound: one worker of as many as there are partitions.
    Ingest(Workers),
    /// Join validated events with the reference, and pass them on: one worker of several.
    Enrich(Workers),
    /// Post enriched events to the journal: one worker of several.
    Ledger(Workers),
    /// Show the pipeline at work: synthetic events through an embedded broker to figures.
    Demo(Demo),
    /// Take events over HTTP to the raw topics, until stopped.
    #[command(args_conflicts_with_subcommands = true)]
    Gateway {
        #[command(subcommand)]
        command: Option<GatewayCommand>,
    },
    /// Send seeded synthetic events to the raw topics.
    Generate(Generate),
    /// Send events made from files to the raw topics.
    #[command(subcommand)]
    Import(Import),
    /// Write what is in force to files of other standards.
    #[command(subcommand)]
    Export(ExportCommand),
    /// Make, list, compare and adopt reference versions.
    #[command(subcommand)]
    Reference(ReferenceCommand),
    /// Make the topics, and make those between services anew.
    #[command(subcommand)]
    Topics(TopicsCommand),
    /// Work with the schema registry.
    #[command(subcommand)]
    Schemas(SchemasCommand),
    /// How far the books are behind the brokers, by partition, whether or not anything runs.
    ///
    /// Exits 1 where more wait than --max allows, and where waiting will not mend what is wrong: unread offsets
    /// were deleted, or a topic is not the one that was read before.
    Lag(LagOptions),
    /// List, show, export and replay refused messages.
    #[command(subcommand)]
    DeadLetters(DeadLettersCommand),
    /// Publish the journal as it is now, or as it was.
    Publish(Publish),
    /// Unfold published figures: parts and arithmetic, down to the messages they came by.
    Trace(Trace),
    /// Show what a later release changes of an earlier one, cause by cause, adding up to the whole change exactly.
    ///
    /// Both are made anew from the journal first; exits 1 where one does not come out the same again.
    Revisions(Revisions),
    /// List, show, compare, check and extend versions of the method book.
    #[command(subcommand)]
    Method(MethodCommand),
    /// Check the books against themselves: conservation, additivity, immutability. Exit 1 on any gap.
    Verify,
    /// Check or print the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Workers {
    /// Read to the ends that the partitions have when they are assigned, pass all on, exit 0.
    #[arg(long)]
    pub(crate) until_end: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Publish {
    /// Go on publishing every `publish.interval_seconds` what was posted since, until SIGTERM.
    #[arg(long)]
    pub(crate) follow: bool,
    /// Method version that values the balances; `publish.method` where none is given.
    #[arg(long, value_name = "VERSION")]
    pub(crate) method: Option<String>,
    /// Publish what was posted up to an instant (2026-03-01T09:30:00Z) or the end of a day (2026-03-01), in UTC.
    #[arg(long, value_name = "TIME", value_parser = up_to, requires = "to", conflicts_with = "follow")]
    pub(crate) as_of: Option<i64>,
    /// Folder for the files, in place of `published` in the data directory.
    #[arg(long, value_name = "DIR", conflicts_with = "follow")]
    pub(crate) to: Option<PathBuf>,
    /// Folder of an earlier release: what it tells is taken as known when figures about work are kept back and
    /// rounded. More than once, the latest last; `publish.against` where none is given.
    #[arg(long, value_name = "DIR")]
    pub(crate) against: Vec<PathBuf>,
    /// Write the tables before disclosure control, for the body's own officers: marked as not for publication.
    #[arg(long, requires = "to", conflicts_with_all = ["follow", "against"])]
    pub(crate) before_disclosure: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Trace {
    /// Published table, such as headline.
    #[arg(long, required_unless_present = "all")]
    pub(crate) table: Option<String>,
    /// Which of its rows: a condition in SQL over its columns, such as "quarter='2020-Q3' AND place='E08000012'".
    #[arg(long = "where", value_name = "CONDITION", required_unless_present = "all")]
    pub(crate) condition: Option<String>,
    /// Method version that values the balances; `publish.method` where none is given.
    #[arg(long, value_name = "VERSION")]
    pub(crate) method: Option<String>,
    /// Trace what was published at an instant (2026-03-01T09:30:00Z) or the end of a day (2026-03-01), in UTC.
    #[arg(long, value_name = "TIME", value_parser = up_to)]
    pub(crate) as_of: Option<i64>,
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
    /// Rows that are traced at most; more that are like that are an error.
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub(crate) rows_max: usize,
    /// Terms, balances and entries that a table lists of each; JSON has all.
    #[arg(long, default_value_t = 12, value_name = "N")]
    pub(crate) list_max: usize,
    /// Trace every figure of every table, and say of each table whether all add up. Exit 1 where one does not.
    #[arg(long, conflicts_with_all = ["table", "condition"])]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Folder for the journal, the reference and the published files; must not hold a journal yet.
    #[arg(long, default_value = "demo-data", value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Seed of the synthetic region.
    #[arg(long, default_value_t = 2020)]
    pub(crate) seed: u64,
    /// 360Giving files in place of generated grants.
    #[arg(long, num_args = 1.., value_name = "FILE")]
    pub(crate) grants: Vec<PathBuf>,
    /// Remove what an earlier demo left in the folder.
    #[arg(long)]
    pub(crate) fresh: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Generate {
    /// Number of events.
    #[arg(long)]
    pub(crate) events: u64,
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Partitions of topics that do not exist yet.
    #[arg(long, default_value_t = 4)]
    pub(crate) partitions: i32,
}

#[derive(Debug, Args)]
pub(crate) struct LagOptions {
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
    /// Exit 1 where more messages wait than this; offsets where they are too many to be counted.
    #[arg(long, value_name = "N")]
    pub(crate) max: Option<i64>,
    /// Read and count the messages where at most so many offsets wait: not each holds one. 0 counts none.
    #[arg(long, default_value_t = 100_000, value_name = "N")]
    pub(crate) count_max: i64,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Import {
    /// Grants in the 360Giving JSON format, plain or gzipped.
    #[command(name = "360giving")]
    Giving {
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Programme for all grants, in place of what the files say.
        #[arg(long)]
        programme: Option<String>,
        /// Partitions of topics that do not exist yet.
        #[arg(long, default_value_t = 4)]
        partitions: i32,
    },
    /// Employment measures as CSV with a header line.
    Employment {
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Partitions of topics that do not exist yet.
        #[arg(long, default_value_t = 4)]
        partitions: i32,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum GatewayCommand {
    /// Make an API key: print it, and its entry for the file of keys.
    NewKey(NewKey),
}

#[derive(Debug, Args)]
pub(crate) struct NewKey {
    /// Who will send with it.
    pub(crate) name: String,
    /// Datasets that may be sent: funding, employment.
    #[arg(long, value_delimiter = ',', default_value = "funding,employment", value_parser = dataset)]
    pub(crate) datasets: Vec<DatasetName>,
    /// Events a second, on average; as many may come at once.
    #[arg(long, default_value = "100", value_parser = events_per_second)]
    pub(crate) events_per_second: NonZeroU32,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct DatasetName(pub(crate) Dataset);

fn dataset(name: &str) -> Result<DatasetName, String> {
    let dataset = Dataset::ALL.into_iter().find(|dataset| dataset.name() == name);
    dataset.map(DatasetName).ok_or_else(|| format!("known: {}", Dataset::ALL.map(Dataset::name).join(", ")))
}

fn events_per_second(text: &str) -> Result<NonZeroU32, String> {
    text.parse().map_err(|_error| "a whole number from 1 on".to_owned())
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReferenceCommand {
    /// Load files of one kind into the next reference version.
    Load {
        /// What the files hold: see `reference kinds`.
        #[arg(long)]
        kind: String,
        /// Version to start from; the latest, or the built-in one, where none is given.
        #[arg(long)]
        base: Option<String>,
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// List the versions there are.
    List,
    /// List the kinds of reference data.
    Kinds,
    /// Show what sets two versions apart, and what of the journal at hand would move. Changes nothing.
    Diff {
        before: String,
        after: String,
        /// Most rows, moves and entries shown of each sort; JSON has every move.
        #[arg(long, default_value_t = 20, value_name = "N")]
        rows: usize,
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Bring the journal to a version: entries that change by it are reversed and posted anew.
    ///
    /// Stops whoever posts to the journal. Cut off, it goes on when run again; until it is through nobody can post.
    Adopt { version: String },
}

#[derive(Debug, Subcommand)]
pub(crate) enum TopicsCommand {
    /// Make the topics that are not there and change those that differ, as far as nothing is lost by it.
    ///
    /// Prints what is done, and what differs and is left as it is, with the way out; exits 1 where anything is.
    Apply {
        /// Print what would be done, and do nothing.
        #[arg(long)]
        dry_run: bool,
        /// Make changes by which the brokers may delete messages: a shorter retention, another cleanup.
        #[arg(long)]
        allow_deletion: bool,
    },
    /// Make the topics between services anew with another number of partitions: post what is in them, delete
    /// them, create them. All workers must have been stopped; cut off, it goes on when run again.
    Repartition {
        #[arg(long, value_parser = clap::value_parser!(i32).range(1..=1_000))]
        partitions: i32,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum SchemasCommand {
    /// Register the schemas of all topics under their subjects; what is there already stays.
    Register,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check every setting; exit 64 with what is wrong.
    Check,
    /// Print the settings in force, secrets masked.
    Dump,
}
