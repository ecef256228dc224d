//! `commonweal demo`: a synthetic region through an embedded broker and the
//! whole pipeline, to figures beside the region's published claims.

mod feeder;
mod headline;

use crate::commands::produce::counting;
use crate::contracts::Contracts;
use crate::fused::{self, Progress, Run, Summary};
use crate::settings::Loaded;
use crate::{AppError, cli};
use commonweal_enrich::Kind;
use commonweal_producers::{Plan, register, register_csv};
use commonweal_runtime::kafka::EmbeddedBroker;
use commonweal_runtime::{Config, Exit, Shutdown, SystemClock, telemetry};
use commonweal_schemas::avro::Contract;
use feeder::{Fed, Feeder};
use indicatif::ProgressBar;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// Partitions of the demonstration's raw topics.
const PARTITIONS: i32 = 4;
/// What every output of the demonstration says of itself.
const LABEL: &str = "synthetic";
/// The same where the grants are real.
const LABEL_GRANTS: &str = "recorded grants, synthetic employment";
/// The region sends a schema id that nobody knows, on purpose; the
/// demonstration has not a minute for it.
const UNKNOWN_ID_WAIT_SECONDS: u64 = 2;
/// Folders a demonstration makes.
const FOLDERS: [&str; 4] = ["journal", "reference", "balances", "published"];

/// What to demonstrate.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) data: PathBuf,
    pub(crate) seed: u64,
    pub(crate) grants: Vec<PathBuf>,
    pub(crate) fresh: bool,
}

impl From<cli::Demo> for Options {
    fn from(demo: cli::Demo) -> Self {
        Self { data: demo.data, seed: demo.seed, grants: demo.grants, fresh: demo.fresh }
    }
}

pub(crate) fn run(settings: &cli::Settings, options: &Options) -> Result<Exit, AppError> {
    let began = Instant::now();
    let mut loaded = Loaded::quiet(settings)?;
    prepare_folder(options)?;
    let label = if options.grants.is_empty() { LABEL } else { LABEL_GRANTS };
    println!("demonstration on {label} data: seed {}, folder {}", options.seed, options.data.display());

    let mut plan = Plan::region();
    loaded.config.data.dir.clone_from(&options.data);
    loaded.config.publish.interval_seconds = 0;
    let wait = &mut loaded.config.registry.unknown_id_wait_seconds;
    *wait = UNKNOWN_ID_WAIT_SECONDS.min(*wait);
    label.clone_into(&mut loaded.config.publish.label);
    loaded.config.kafka.message_bytes_max = plan.message_bytes_max;
    if loaded.config.telemetry.log == Config::builtin()?.telemetry.log {
        // The progress bar and the table are the output; warnings still show.
        "warn".clone_into(&mut loaded.config.telemetry.log);
    }
    telemetry::init(&loaded.config.telemetry)?;
    plan.message_bytes_max = loaded.config.kafka.message_bytes_max;
    loaded.config.reference.version = load_register(&loaded, options, &plan)?;

    let topics = &loaded.config.topics;
    let names = [topics.funding.as_str(), topics.employment.as_str(), topics.dead_letters.as_str()];
    let broker = EmbeddedBroker::start(&names.map(|name| (name, PARTITIONS)))?;
    broker.brokers().clone_into(&mut loaded.config.kafka.brokers);
    // It lets in whoever comes, and knows no other way.
    loaded.config.kafka.security = Config::builtin()?.kafka.security;

    let (fed, summary) = pipeline(&loaded, options, &plan)?;
    check_counts(&fed, &summary)?;
    println!(
        "{} messages in, {} refused with a reason, {} ledger commits; every message accounted for",
        fed.messages, summary.counts.rejected, summary.counts.commits
    );
    crate::commands::verify::check(&loaded)?;
    headline::print(&loaded, label)?;
    say_where(&loaded, began);
    Ok(Exit::Ok)
}

/// The folder, empty of journals.
fn prepare_folder(options: &Options) -> Result<(), AppError> {
    let folder = |name: &str| options.data.join(name);
    if options.fresh {
        for path in FOLDERS.map(folder).into_iter().filter(|path| path.exists()) {
            fs::remove_dir_all(&path).map_err(AppError::file("remove", &path))?;
        }
    }
    if folder("journal").exists() {
        return Err(AppError::Usage(format!(
            "{} holds a journal already; take another folder with --data, or --fresh to start anew",
            options.data.display()
        )));
    }
    fs::create_dir_all(&options.data).map_err(AppError::file("make", &options.data))
}

/// Makes a reference version of the built-in one and the synthetic register.
fn load_register(loaded: &Loaded, options: &Options, plan: &Plan) -> Result<String, AppError> {
    let path = loaded.config.data.dir.join("synthetic-register.csv");
    let file = File::create(&path).map_err(AppError::file("write", &path))?;
    register_csv(&register(options.seed, plan), file)?;
    let files = [path];
    let version =
        commonweal_enrich::load(Kind::Organisations, &files, &loaded.config.reference_dir(), None, &mut |_| {})?;
    Ok(version.version)
}

/// Feeds and runs the pipeline until everything fed is in the books.
fn pipeline(loaded: &Loaded, options: &Options, plan: &Plan) -> Result<(Fed, Summary), AppError> {
    let runtime = loaded.runtime()?;
    let progress = Arc::new(Progress::default());
    let shutdown = Shutdown::new();
    let contracts = Contracts::new(&loaded.config, &shutdown)?;
    let (letters, schemas) = (contracts.codec(Contract::DeadLetter)?, contracts.schemas()?);
    let feeder = Feeder::open(loaded, options, plan, contracts.codecs_to_generate()?, Arc::clone(&progress))?;
    let bar: ProgressBar = counting(feeder.messages());
    bar.set_message("events");
    let stop = shutdown.clone();
    let thread = std::thread::Builder::new()
        .name("feeder".to_owned())
        .spawn(move || {
            let fed = feeder.run(&bar);
            bar.finish_and_clear();
            stop.trigger();
            fed
        })
        .map_err(AppError::Runtime)?;
    let run = Run { until_end: false, clock: Arc::new(SystemClock), shutdown, progress, schemas, letters };
    let summary = runtime.block_on(fused::run(loaded, run));
    let fed = thread.join().map_err(|_| AppError::Lost("the thread that feeds the embedded broker"))?;
    // The pipeline's own error explains a feeder that waited in vain.
    let summary = summary?;
    Ok((fed?, summary))
}

/// The embedded broker forgets silently what is read too late, so the counts
/// are compared, and a difference ends the demonstration.
fn check_counts(fed: &Fed, summary: &Summary) -> Result<(), AppError> {
    let counts = summary.counts;
    if counts.taken == fed.messages && counts.committed == fed.messages {
        return Ok(());
    }
    Err(AppError::Check(format!(
        "{} messages were fed, {} were read, {} are in the books: the embedded broker lost some; please report this",
        fed.messages, counts.taken, counts.committed
    )))
}

fn say_where(loaded: &Loaded, began: Instant) {
    let published = loaded.config.published_dir();
    println!("\npublished:  {}", list(&published));
    println!("journal:    {} (a Delta Lake table)", loaded.config.journal_dir().display());
    println!("\nmade in {:.1} s; try:", began.elapsed().as_secs_f64());
    println!(
        "  duckdb -c \"SELECT quarter, SUM(quantity) AS jobs FROM '{}' WHERE measure = 'HEADCOUNT' AND kind = 'stock' \
         AND job_basis = 'NONE' GROUP BY ALL ORDER BY ALL\"",
        published.join("jobs.parquet").display()
    );
}

fn list(folder: &Path) -> String {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    format!("{}/{{{}}}", folder.display(), names.join(", "))
}
