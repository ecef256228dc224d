//! One installation of the program: a data folder, its settings, and the
//! program run on them.

use crate::broker::{Broker, Topics, fresh};
use crate::journal::Journal;
use crate::process::{Ended, Running};
use crate::published::Published;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// Longest a command may take that has to end by itself.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// A data folder of its own, gone when dropped, and settings.
#[derive(Debug)]
pub struct System {
    program: PathBuf,
    folder: TempDir,
    settings: Vec<(String, String)>,
}

/// The data folder, seen from the working directory.
const DATA: &str = "data";

impl System {
    /// A fresh installation of `program`. It logs JSON and publishes at the
    /// end of a run alone, unless set otherwise.
    pub fn new(program: &str) -> Self {
        let system = Self {
            program: PathBuf::from(program),
            folder: TempDir::new().expect("a temporary folder"),
            settings: Vec::new(),
        };
        // Relative to the working directory, as the setting is by default.
        system.set("data.dir", DATA).set("telemetry.log_format", "json").set("publish.interval_seconds", 0)
    }

    /// The same with one setting more, over those before.
    #[must_use]
    pub fn set(mut self, key: &str, value: impl std::fmt::Display) -> Self {
        self.settings.push((key.to_owned(), value.to_string()));
        self
    }

    /// The same over a broker and its topics.
    #[must_use]
    pub fn on(self, broker: &Broker, topics: &Topics) -> Self {
        self.set("kafka.brokers", broker.address())
            .set("topics.funding", &topics.funding)
            .set("topics.employment", &topics.employment)
            .set("topics.dead_letters", &topics.dead_letters)
            .set("topics.validated", &topics.validated)
            .set("topics.enriched", &topics.enriched)
    }

    /// The same with topics between services, and groups, that no other has.
    /// Workers that commit one after the other get time to finish: on a slow
    /// disk a commit takes a second.
    #[must_use]
    pub fn apart(self, label: &str) -> Self {
        let name = fresh(label);
        self.set("shutdown.grace_seconds", 60)
            .set("topics.validated", format!("{name}.validated"))
            .set("topics.enriched", format!("{name}.enriched"))
            .set("kafka.group_id", name)
    }

    /// Folder for whatever a test needs beside the data.
    pub fn scratch(&self) -> &Path {
        self.folder.path()
    }

    /// The data folder; another one of the same journal shares it.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join(DATA)
    }

    /// The value of a setting, as far as one was set.
    pub fn setting(&self, key: &str) -> Option<&str> {
        self.settings.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// The command line `commonweal SETTINGS... ARGUMENTS...`, in an
    /// environment that sets nothing.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(&self.program);
        command.env_clear().current_dir(self.folder.path());
        for (key, value) in &self.settings {
            command.arg("-s").arg(format!("{key}={value}"));
        }
        command.args(arguments);
        command
    }

    /// Starts a command with settings over these.
    pub fn start_with(&self, settings: &[(&str, &str)], command: &str) -> Running {
        let settings = settings.iter().flat_map(|(key, value)| ["-s".to_owned(), format!("{key}={value}")]);
        self.start(settings.chain([command.to_owned()]))
    }

    /// Starts a command.
    pub fn start<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Running {
        Running::start(self.command(arguments))
    }

    /// Runs a command to its end.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Ended {
        self.start(arguments).finish(PATIENCE)
    }

    /// Runs a command that must succeed.
    pub fn succeed<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Ended {
        let arguments: Vec<_> = arguments.into_iter().collect();
        let shown: Vec<_> = arguments.iter().map(|argument| argument.as_ref().to_string_lossy().into_owned()).collect();
        let ended = self.run(&arguments);
        assert_eq!(ended.exit.code, Some(0), "{shown:?}\n{}\n{}", ended.stdout, ended.stderr);
        ended
    }

    /// Reads to the end present now, publishes, and has the books verified.
    pub fn up_to_end(&self) -> Ended {
        let ended = self.succeed(["up", "--until-end"]);
        self.succeed(["verify"]);
        ended
    }

    /// The journal as it lies in its folder.
    pub fn journal(&self) -> Journal {
        Journal::open(&self.data().join("journal"))
    }

    /// Whether there is a journal: its folder is there before its first version.
    pub fn has_journal(&self) -> bool {
        self.data().join(format!("journal/_delta_log/{:020}.json", 0)).is_file()
    }

    /// The published files, held against their manifest.
    pub fn published(&self) -> Published {
        Published::open(&self.data().join("published"))
    }
}

/// Whether a log line tells of a ledger commit.
pub fn is_commit(line: &str) -> bool {
    field(line, "message").is_some_and(|message| message == "committed")
}

/// A field of a JSON log line, as text.
pub fn field(line: &str, name: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(line).ok()?;
    match value.get(name)? {
        serde_json::Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
