//! Published files copied to an object store: the tables that changed, the
//! manifest last.
//!
//! Such a store replaces one object at a time, whole, and ties no set of them
//! together. What a reader can rest on is the order: whoever takes the manifest
//! first finds the tables it tells of, or later ones, whose digests then differ
//! from it. `docs/object-store.md` says so to readers.

mod client;
mod error;

pub use client::{Login, StoreOptions};
pub use error::StoreError;

use crate::PublishError;
use crate::balances;
use crate::blocking::blocking;
use crate::files::hex_digest;
use crate::manifest::{Manifest, ManifestFile, ManifestTable};
use futures::future::BoxFuture;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use object_store::path::Path as Place;
use object_store::{Attribute, Attributes, GetOptions, ObjectStore, PutOptions, PutPayload};
use std::future::ready;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Attempts at a state of the folder that another publication replaces meanwhile.
const ATTEMPTS_MAX: u32 = 3;
/// Under which each object keeps the digest of its bytes.
const DIGEST: &str = "sha256";

/// A place in an object store that published files are copied to.
#[derive(Clone)]
pub struct Store {
    objects: Arc<dyn ObjectStore>,
    /// For people.
    url: String,
    prefix: Place,
    parallel: usize,
}

/// What a copy took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Tables that the store did not have as they are.
    pub tables: usize,
    /// Bytes sent, the manifest's included.
    pub bytes: u64,
    /// Ledger commit that the store tells of now.
    pub ledger_version: i64,
}

/// A copy under way; boxed as a [`crate::Publication`] is.
pub type Copying<'a> = BoxFuture<'a, Result<Sent, StoreError>>;

/// An object that is to be as the folder has it.
struct Object {
    file: String,
    sha256: String,
    kind: String,
    /// Whether it is a table, which are counted.
    is_table: bool,
}

impl Store {
    /// The store of the settings. Nothing is asked yet.
    ///
    /// # Errors
    /// [`StoreError::Settings`] where they cannot be used.
    pub fn new(options: &StoreOptions) -> Result<Self, StoreError> {
        let (objects, prefix) = client::connect(options)?;
        Ok(Self { objects, url: options.url.clone(), prefix, parallel: options.parallel })
    }

    /// The same over a client that is there already.
    #[must_use]
    pub fn over(objects: Arc<dyn ObjectStore>, prefix: &str, parallel: usize) -> Self {
        Self { url: objects.to_string(), objects, prefix: Place::from(prefix), parallel }
    }

    /// Copies what is published in `data_dir`. One copy from a folder at a
    /// time; a publication may go on meanwhile.
    ///
    /// # Errors
    /// A file cannot be read, or the store does not take one. Then the store
    /// may hold tables that are newer than its manifest, each of them whole,
    /// until the next copy succeeds.
    #[must_use]
    pub fn send<'a>(&'a self, data_dir: &'a Path) -> Copying<'a> {
        Box::pin(self.send_latest(data_dir))
    }

    async fn send_latest(&self, data_dir: &Path) -> Result<Sent, StoreError> {
        let data_dir = std::path::absolute(data_dir).map_err(PublishError::io("find", data_dir))?;
        let (balances, published) = (data_dir.join("balances"), data_dir.join("published"));
        let _turn = balances::lock(&balances.join("store.lock")).await?;
        let mut attempts = 1;
        loop {
            match self.send_state(&published).await {
                Err(StoreError::Replaced { .. }) if attempts < ATTEMPTS_MAX => {
                    attempts += 1;
                    // Free once the publication that came in between has ended.
                    drop(balances::lock(&balances.join("lock")).await?);
                }
                outcome => return outcome,
            }
        }
    }

    async fn send_state(&self, published: &Path) -> Result<Sent, StoreError> {
        let (manifest, text) = Manifest::read(published)?;
        let tables = manifest.tables.into_iter().map(Object::table);
        let (tables, bytes) = stream::iter(tables.chain(manifest.descriptors.into_iter().map(Object::descriptor)))
            .map(|object| async move {
                let file = read(published.join(&object.file), object.sha256.clone());
                Ok::<_, StoreError>((object.is_table, self.bring(&object, file).await?))
            })
            .buffer_unordered(self.parallel)
            .try_fold((0, 0), |(tables, bytes), (is_table, sent)| {
                ready(Ok((tables + usize::from(is_table && sent > 0), bytes + sent)))
            })
            .await?;
        let object = Object::manifest(&text);
        let bytes = bytes + self.bring(&object, ready(Ok(text))).await?;
        let sent = Sent { tables, bytes, ledger_version: manifest.ledger_version };
        tracing::info!(
            url = self.url,
            ledger_version = sent.ledger_version,
            tables,
            bytes,
            "copied to the object store"
        );
        Ok(sent)
    }

    /// Puts an object, unless it is there as it should be; the bytes sent.
    /// Only then is its content waited for.
    ///
    /// Each object is asked for its own digest: the stored manifest would not
    /// do, since a copy that broke off has left tables it does not tell of.
    async fn bring(
        &self,
        object: &Object,
        content: impl Future<Output = Result<Vec<u8>, StoreError>>,
    ) -> Result<u64, StoreError> {
        let place = self.prefix.clone().join(object.file.as_str());
        let refused = |action| StoreError::refused(action, &self.url, &object.file);
        let head = GetOptions { head: true, ..GetOptions::default() };
        match self.objects.get_opts(&place, head).await {
            Ok(found) => {
                let known = found.attributes.get(&Attribute::Metadata(DIGEST.into()));
                if known.is_some_and(|known| known.as_ref() == object.sha256) {
                    return Ok(0);
                }
            }
            Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(refused("tell of")(error)),
        }
        let content = content.await?;
        let bytes = content.len() as u64;
        let options = PutOptions { attributes: object.attributes(), ..PutOptions::default() };
        self.objects.put_opts(&place, PutPayload::from(content), options).await.map_err(refused("take"))?;
        Ok(bytes)
    }
}

impl Object {
    fn table(table: ManifestTable) -> Self {
        let kind = "application/vnd.apache.parquet".to_owned();
        Self { file: table.file, sha256: table.sha256, kind, is_table: true }
    }

    fn descriptor(file: ManifestFile) -> Self {
        Self { file: file.file, sha256: file.sha256, kind: file.media_type, is_table: false }
    }

    fn manifest(text: &[u8]) -> Self {
        let sha256 = hex_digest(text);
        Self { file: Manifest::FILE.to_owned(), sha256, kind: "application/json".to_owned(), is_table: false }
    }

    fn attributes(&self) -> Attributes {
        Attributes::from_iter([
            (Attribute::ContentType, self.kind.clone()),
            // What lies between may keep it, but not use it without asking.
            (Attribute::CacheControl, "no-cache".to_owned()),
            (Attribute::Metadata(DIGEST.into()), self.sha256.clone()),
        ])
    }
}

/// A file that must be the one its manifest tells of.
async fn read(path: PathBuf, sha256: String) -> Result<Vec<u8>, StoreError> {
    let (content, path, same) = blocking(move || {
        let content = std::fs::read(&path).map_err(PublishError::io("read", &path))?;
        let same = hex_digest(&content) == sha256;
        Ok((content, path, same))
    })
    .finish()
    .await?;
    if same { Ok(content) } else { Err(StoreError::Replaced { path }) }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The client behind it holds the login.
        f.debug_struct("Store").field("url", &self.url).finish_non_exhaustive()
    }
}
