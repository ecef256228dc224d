//! Configuration loaded and turned into what the parts of the program take.

use crate::{AppError, cli};
use commonweal_enrich::{Reference, materialise_builtin};
use commonweal_ingest::Rules;
use commonweal_publish::{Catalogue, Login, Options, Protection, Shelf, Store, StoreError, StoreOptions};
use commonweal_runtime::config::CatalogueConfig;
use commonweal_runtime::{Config, Sources, telemetry};
use tokio::runtime::Runtime;

/// Name of the reference version that comes with the program.
const BUILTIN: &str = "builtin";
/// Ten-thousandths in a unit: amounts and quantities have four decimals.
const SCALE: i128 = 10_000;

/// The configuration in force.
pub(crate) struct Loaded {
    pub(crate) config: Config,
}

impl Loaded {
    /// Loads and checks the configuration.
    ///
    /// # Errors
    /// What is wrong with it, naming file or variable, and key.
    pub(crate) fn quiet(settings: &cli::Settings) -> Result<Self, AppError> {
        let sources = Sources::of_process(settings.config.clone(), settings.set.clone());
        Ok(Self { config: Config::load(&sources)? })
    }

    /// The same for a command that does what the configuration says; logs go
    /// where it says.
    ///
    /// # Errors
    /// As [`Loaded::quiet`]; or this build cannot do what is asked for.
    pub(crate) fn with_logs(settings: &cli::Settings) -> Result<Self, AppError> {
        let loaded = Self::quiet(settings)?;
        loaded.config.check_build()?;
        telemetry::init(&loaded.config.telemetry)?;
        Ok(loaded)
    }

    /// The configured reference version, in memory; the built-in one is put
    /// on disk too, where publishing reads its tables.
    ///
    /// # Errors
    /// There is no such version, or it is broken.
    pub(crate) fn reference(&self) -> Result<Reference, AppError> {
        self.reference_named(&self.config.reference.version)
    }

    /// The name of the configured reference version; the built-in one is put
    /// on disk.
    ///
    /// # Errors
    /// The built-in version cannot be written.
    pub(crate) fn reference_version(&self) -> Result<String, AppError> {
        self.version_named(&self.config.reference.version)
    }

    /// A reference version by the name that a person gives it, in memory.
    ///
    /// # Errors
    /// As [`Loaded::reference`].
    pub(crate) fn reference_named(&self, name: &str) -> Result<Reference, AppError> {
        Ok(Reference::open(&self.config.reference_dir(), &self.version_named(name)?)?)
    }

    fn version_named(&self, name: &str) -> Result<String, AppError> {
        if name == BUILTIN { Ok(materialise_builtin(&self.config.reference_dir())?) } else { Ok(name.to_owned()) }
    }

    /// Where versions of the method book are found.
    pub(crate) fn shelf(&self) -> Shelf {
        Shelf::new(self.config.method_dir())
    }

    /// # Errors
    /// There is no such method version, or something is wrong with it.
    pub(crate) fn publish_options(&self) -> Result<Options, AppError> {
        let label = self.config.publish.label.trim();
        Ok(Options {
            data_dir: self.config.data.dir.clone(),
            reference_dir: self.config.reference_dir(),
            method: self.shelf().open(&self.config.publish.method)?,
            label: (!label.is_empty()).then(|| label.to_owned()),
            catalogue: self.catalogue(),
            protection: Protection::Full { against: self.config.publish.against.clone() },
        })
    }

    /// What descriptors and exports say of the whole.
    fn catalogue(&self) -> Catalogue {
        let CatalogueConfig {
            title,
            description,
            publisher_name,
            publisher_id,
            publisher_url,
            contact_name,
            contact_email,
            licence_name,
            licence_url,
            address,
        } = self.config.catalogue.clone();
        Catalogue {
            title,
            description,
            publisher_name,
            publisher_id,
            publisher_url,
            contact_name,
            contact_email,
            licence_name,
            licence_url,
            address,
        }
    }

    /// The object store that published files are copied to, where one is set.
    ///
    /// # Errors
    /// Its settings cannot be used; nothing is asked of it yet.
    pub(crate) fn store(&self) -> Result<Option<Store>, AppError> {
        let (url, store) = (&self.config.publish.store_url, &self.config.store);
        if url.is_empty() {
            return Ok(None);
        }
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let secret = store.secret().map_err(|reason| StoreError::Settings { reason })?;
        let login =
            given(&store.access_key_id).map(|access_key_id| Login { access_key_id, secret_access_key: secret.0 });
        Ok(Some(Store::new(&StoreOptions {
            url: url.clone(),
            endpoint: given(&store.endpoint),
            region: given(&store.region),
            login,
            allow_http: store.allow_http,
            virtual_hosted_style: store.virtual_hosted_style,
            request_timeout: store.request_timeout(),
            retry: store.retry(),
            parallel: store.parallel,
        })?))
    }

    pub(crate) fn rules(&self) -> Rules {
        let ingest = &self.config.ingest;
        Rules {
            earliest_day: ingest.earliest_day.days_since_1970(),
            amount_max: i128::from(ingest.amount_max) * SCALE,
            quantity_max: i128::from(ingest.quantity_max) * SCALE,
            ..Rules::default()
        }
    }

    /// The async runtime that effects run on.
    ///
    /// # Errors
    /// The system gives no threads.
    #[expect(clippy::unused_self, reason = "settings of the runtime belong to the configuration")]
    pub(crate) fn runtime(&self) -> Result<Runtime, AppError> {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(AppError::Runtime)
    }
}
