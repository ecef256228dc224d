//! Settings: one commented file of defaults, compiled in, with files, the
//! environment and the command line laid over it.

mod catalogue;
mod choices;
mod dump;
mod error;
mod layers;
mod sections;
mod security;
mod store;
mod validate;
mod values;

use std::ffi::OsString;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use catalogue::CatalogueConfig;
pub use choices::{Cleanup, Codec, GroupProtocol, LogFormat, OnLostOffsets, SubjectNaming};
pub use error::ConfigError;
pub use sections::{
    DataConfig, GatewayConfig, IngestConfig, KafkaConfig, LedgerConfig, ProvisionConfig, PublishConfig,
    ReferenceConfig, RegistryConfig, ReplayConfig, ShutdownConfig, SplitConfig, TelemetryConfig, TopicsConfig,
};
pub use security::{SaslMechanism, SecurityConfig};
pub use store::StoreConfig;
pub use values::{Day, Properties, Secret};

/// Every setting with its default, as TOML with comments.
pub const DEFAULTS: &str = include_str!("../default.toml");

/// Where settings come from beside the defaults, in rising precedence.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// TOML files, the later over the earlier.
    pub files: Vec<PathBuf>,
    /// Environment variables; those that do not start with `COMMONWEAL__` are
    /// passed over.
    pub environment: Vec<(OsString, OsString)>,
    /// `section.key=value`, from the command line.
    pub overrides: Vec<String>,
}

impl Sources {
    /// The process's own environment, with files and overrides from its
    /// command line.
    #[must_use]
    pub fn of_process(files: Vec<PathBuf>, overrides: Vec<String>) -> Self {
        Self { files, environment: std::env::vars_os().collect(), overrides }
    }
}

/// Everything that can be set, typed and checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub data: DataConfig,
    pub kafka: KafkaConfig,
    pub topics: TopicsConfig,
    pub provision: ProvisionConfig,
    pub registry: RegistryConfig,
    pub ingest: IngestConfig,
    pub reference: ReferenceConfig,
    pub ledger: LedgerConfig,
    pub replay: ReplayConfig,
    pub split: SplitConfig,
    pub publish: PublishConfig,
    pub catalogue: CatalogueConfig,
    pub store: StoreConfig,
    pub gateway: GatewayConfig,
    pub telemetry: TelemetryConfig,
    pub shutdown: ShutdownConfig,
}

impl Config {
    /// The settings of `sources` over the defaults, checked.
    ///
    /// # Errors
    /// The first setting that is unknown, of the wrong type or out of range,
    /// with where it stands and what is allowed; or a file that cannot be read.
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        let merged = layers::merge(sources)?;
        let config: Self = layers::typed(&merged)?;
        config.validate().map_err(|error| layers::located(error, &merged))?;
        Ok(config)
    }

    /// The defaults alone.
    ///
    /// # Errors
    /// None, as long as `default.toml` keeps its own rules; a test sees to it.
    pub fn builtin() -> Result<Self, ConfigError> {
        Self::load(&Sources::default())
    }

    /// Checks ranges, names and paths; [`Config::load`] has done so already.
    ///
    /// # Errors
    /// The first setting that is not allowed, with what is.
    pub fn validate(&self) -> Result<(), ConfigError> {
        validate::validate(self)
    }

    /// Checks that this build can do what the settings ask for.
    ///
    /// # Errors
    /// What it lacks, and how to build it.
    pub fn check_build(&self) -> Result<(), ConfigError> {
        crate::kafka::beyond_this_build(&self.kafka).map_or(Ok(()), |what| Err(ConfigError::Build { what }))
    }

    /// The settings in force as TOML, in the order of `default.toml`, with
    /// secrets masked. Loaded as a file it gives the same settings again,
    /// secrets excepted: a mask is refused as a value.
    ///
    /// # Errors
    /// None in practice: every setting has a TOML form.
    pub fn dump(&self) -> Result<String, ConfigError> {
        dump::dump(self)
    }

    /// Directory of the Delta table.
    #[must_use]
    pub fn journal_dir(&self) -> PathBuf {
        self.data.dir.join("journal")
    }

    /// Directory of the balances.
    #[must_use]
    pub fn balances_dir(&self) -> PathBuf {
        self.data.dir.join("balances")
    }

    /// Directory of the published files.
    #[must_use]
    pub fn published_dir(&self) -> PathBuf {
        self.data.dir.join("published")
    }

    /// Directory of the method versions beside those of the program.
    #[must_use]
    pub fn method_dir(&self) -> PathBuf {
        if self.publish.method_dir.as_os_str().is_empty() {
            self.data.dir.join("method")
        } else {
            self.publish.method_dir.clone()
        }
    }

    /// Directory of what tells which dead letters were replayed.
    #[must_use]
    pub fn replays_dir(&self) -> PathBuf {
        self.data.dir.join("replays")
    }

    /// Directory that holds the reference versions.
    #[must_use]
    pub fn reference_dir(&self) -> PathBuf {
        if self.reference.dir.as_os_str().is_empty() {
            self.data.dir.join("reference")
        } else {
            self.reference.dir.clone()
        }
    }
}
