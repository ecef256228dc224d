//! Who may send: API keys, of which only the SHA-256 is kept.
//!
//! A key is 256 random bits, so a plain digest protects it: there is nothing
//! to guess from, and a slow digest would let anybody busy the gateway.

use crate::GatewayError;
use crate::pace::Pace;
use commonweal_runtime::Shutdown;
use commonweal_schemas::Dataset;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

/// Bytes of randomness in a key.
const KEY_BYTES: usize = 32;
/// What every key begins with, so that one is known where it should not be.
const KEY_PREFIX: &str = "cw_";
/// Pause between two looks at the file.
const LOOK_PAUSE: Duration = Duration::from_secs(2);
/// Keys in one file, and bytes of it.
const KEYS_MAX: usize = 100_000;
const FILE_BYTES_MAX: u64 = 64 << 20;

type Sum = [u8; 32];

/// Somebody who may send.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: String,
    entry: Option<Entry>,
    pace: Option<Mutex<Pace>>,
}

impl Key {
    pub(crate) fn may_send(&self, dataset: Dataset) -> bool {
        self.entry.as_ref().is_none_or(|entry| entry.datasets.iter().any(|name| name == dataset.name()))
    }

    /// # Errors
    /// How long to wait.
    pub(crate) fn take(&self, now: Instant) -> Result<(), Duration> {
        self.with_pace(|pace| pace.take(now)).unwrap_or(Ok(()))
    }

    /// Charges further events of a request that was let in.
    pub(crate) fn charge(&self, events: usize, now: Instant) {
        self.with_pace(|pace| pace.charge(u32::try_from(events).unwrap_or(u32::MAX), now));
    }

    fn with_pace<T>(&self, act: impl FnOnce(&mut Pace) -> T) -> Option<T> {
        let pace = self.pace.as_ref()?;
        // Each change is made whole before the lock is let go.
        Some(act(&mut pace.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// The keys in force.
#[derive(Debug)]
pub(crate) struct Keyring {
    /// `None`: nobody needs a key.
    file: Option<PathBuf>,
    keys: RwLock<Arc<HashMap<Sum, Arc<Key>>>>,
    anybody: Arc<Key>,
}

impl Keyring {
    /// The keys of a file; an empty path lets everybody in.
    ///
    /// # Errors
    /// The file cannot be read, or is not of its form.
    pub(crate) fn open(path: &Path) -> Result<Self, GatewayError> {
        let file = (!path.as_os_str().is_empty()).then(|| path.to_owned());
        let keys = match &file {
            Some(path) => load(path, &HashMap::new())?,
            None => HashMap::new(),
        };
        let anybody = Arc::new(Key { name: "anybody".to_owned(), entry: None, pace: None });
        Ok(Self { file, keys: RwLock::new(Arc::new(keys)), anybody })
    }

    pub(crate) const fn is_open(&self) -> bool {
        self.file.is_none()
    }

    /// Whose key this `Authorization` header holds.
    pub(crate) fn find(&self, authorization: Option<&[u8]>) -> Option<Arc<Key>> {
        if self.is_open() {
            return Some(Arc::clone(&self.anybody));
        }
        let (scheme, key) = authorization?.split_at_checked(b"Bearer ".len())?;
        if !scheme.eq_ignore_ascii_case(b"Bearer ") {
            return None;
        }
        // Found by its digest, so how long it takes says nothing of any key.
        let sum: Sum = Sha256::digest(key.trim_ascii()).into();
        self.current().get(&sum).cloned()
    }

    fn current(&self) -> Arc<HashMap<Sum, Arc<Key>>> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes up changes of the file until shutdown is requested. A file that
    /// cannot be used is told, and leaves the keys as they were.
    pub(crate) async fn keep_up(&self, shutdown: &Shutdown) {
        let Some(path) = &self.file else { return };
        let mut seen = stamp(path);
        loop {
            // A file says to nobody that it changed.
            tokio::select! {
                () = shutdown.requested() => return,
                () = tokio::time::sleep(LOOK_PAUSE) => {}
            }
            let found = stamp(path);
            if found == seen {
                continue;
            }
            seen = found;
            match load(path, &self.current()) {
                Ok(keys) => {
                    tracing::info!(keys = keys.len(), "the keys have changed");
                    *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
                }
                Err(error) => tracing::error!(%error, "the changed keys cannot be used; the old ones stay"),
            }
        }
    }
}

/// What of a file changes with its content.
fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// The form of the file.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Entries {
    #[serde(default)]
    key: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    sha256: String,
    /// Names of datasets.
    datasets: Vec<String>,
    events_per_second: NonZeroU32,
}

fn load(path: &Path, former: &HashMap<Sum, Arc<Key>>) -> Result<HashMap<Sum, Arc<Key>>, GatewayError> {
    let unreadable = |error| GatewayError::KeysFile { path: path.to_owned(), error };
    let wrong = |reason: String| GatewayError::Keys { path: path.to_owned(), reason };
    if std::fs::metadata(path).map_err(unreadable)?.len() > FILE_BYTES_MAX {
        return Err(wrong(format!("is longer than {FILE_BYTES_MAX} bytes")));
    }
    parse(&std::fs::read_to_string(path).map_err(unreadable)?, former).map_err(wrong)
}

/// The keys of a file's text. One that is as it was `former` keeps its pace, so
/// that a change for one lets no other start afresh.
fn parse(text: &str, former: &HashMap<Sum, Arc<Key>>) -> Result<HashMap<Sum, Arc<Key>>, String> {
    let entries: Entries = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    if entries.key.len() > KEYS_MAX {
        return Err(format!("holds {} keys, at most {KEYS_MAX} are allowed", entries.key.len()));
    }
    let mut keys = HashMap::with_capacity(entries.key.len());
    for entry in entries.key {
        let name = entry.name.clone();
        if !is_name(&name) {
            return Err(GatewayError::KeyName(name).to_string());
        }
        let sum = digest(&entry.sha256).ok_or_else(|| format!("key {name}: sha256 has not 64 hexadecimal digits"))?;
        if let Some(other) =
            entry.datasets.iter().find(|other| Dataset::ALL.iter().all(|known| known.name() != **other))
        {
            let known = Dataset::ALL.map(Dataset::name).join(", ");
            return Err(format!("key {name}: there is no dataset {other:?}; known: {known}"));
        }
        let key = former.get(&sum).filter(|former| former.entry.as_ref() == Some(&entry)).cloned();
        let key = key.unwrap_or_else(|| {
            let pace = Some(Mutex::new(Pace::new(entry.events_per_second)));
            Arc::new(Key { name: name.clone(), entry: Some(entry), pace })
        });
        if let Some(twin) = keys.insert(sum, key) {
            return Err(format!("keys {} and {name} have the same sha256", twin.name));
        }
    }
    Ok(keys)
}

fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

fn digest(hex: &str) -> Option<Sum> {
    let mut sum = Sum::default();
    if hex.len() != 2 * sum.len() || !hex.is_ascii() {
        return None;
    }
    for (byte, at) in sum.iter_mut().zip((0..hex.len()).step_by(2)) {
        *byte = u8::from_str_radix(&hex[at..at + 2], 16).ok()?;
    }
    Some(sum)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _written = write!(text, "{byte:02x}");
        text
    })
}

/// A key just made.
pub struct NewKey {
    /// For whoever sends; it is nowhere else.
    pub key: String,
    /// For the file of keys, as TOML.
    pub entry: String,
}

/// Makes a key for `name`, who may send `events_per_second` events of
/// `datasets`.
///
/// # Errors
/// The name is not allowed, or the system gives no randomness.
pub fn new_key(name: &str, datasets: &[Dataset], events_per_second: NonZeroU32) -> Result<NewKey, GatewayError> {
    if !is_name(name) {
        return Err(GatewayError::KeyName(name.to_owned()));
    }
    let mut bytes = [0; KEY_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| GatewayError::Randomness(error.to_string()))?;
    let key = format!("{KEY_PREFIX}{}", hex(&bytes));
    let entry = Entry {
        name: name.to_owned(),
        sha256: hex(&Sha256::digest(&key)),
        datasets: datasets.iter().map(|dataset| dataset.name().to_owned()).collect(),
        events_per_second,
    };
    let entry = toml::to_string(&Entries { key: vec![entry] });
    Ok(NewKey { key, entry: entry.map_err(|error| GatewayError::Randomness(error.to_string()))? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(name: &str, rate: u32) -> NewKey {
        new_key(name, &[Dataset::Funding], NonZeroU32::new(rate).unwrap()).unwrap()
    }

    fn ring(text: &str) -> Keyring {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys.toml");
        std::fs::write(&file, text).unwrap();
        Keyring::open(&file).unwrap()
    }

    /// Proves that a key opens what its entry says and no more, that only its
    /// digest is in the file, and that no other text is taken for a key.
    #[test]
    fn keys_open_what_they_are_for() {
        let (one, other) = (made("one", 5), made("other", 5));
        assert!(one.key != other.key && !one.entry.contains(&one.key[3..]));
        let ring = ring(&one.entry);
        let bearer = |key: &str| format!("Bearer {key}").into_bytes();
        let found = ring.find(Some(&bearer(&one.key))).unwrap();
        assert_eq!(found.name, "one");
        assert!(found.may_send(Dataset::Funding) && !found.may_send(Dataset::Employment));
        assert!(ring.find(Some(format!("bearer {}", one.key).as_bytes())).is_some());
        let sum = hex(&Sha256::digest(&one.key));
        for wrong in [&other.key, &one.key[1..], &sum, ""] {
            assert!(ring.find(Some(&bearer(wrong))).is_none(), "{wrong}");
        }
        for wrong in [&b""[..], b"Bearer", one.key.as_bytes(), b"Basic abc", &[0xFF; 20]] {
            assert!(ring.find(Some(wrong)).is_none());
        }
        assert!(ring.find(None).is_none());
        assert!(Keyring::open(Path::new("")).unwrap().find(None).is_some(), "without a file anybody is let in");
    }

    /// Proves that what is wrong with a file is told with the key's name.
    #[test]
    fn wrong_files_are_refused() {
        let sum = "ab".repeat(32);
        let entry = |name: &str, sum: &str, datasets: &str, rate: &str| {
            format!(
                "[[key]]\nname = \"{name}\"\nsha256 = \"{sum}\"\ndatasets = [{datasets}]\nevents_per_second = {rate}\n"
            )
        };
        let twice = entry("a", &sum, "", "1") + &entry("b", &sum, "", "1");
        let wrong = [
            (entry("a", "abc", "", "1"), "key a: sha256"),
            (entry("a", &"zz".repeat(32), "", "1"), "key a: sha256"),
            (entry("a", &sum, "\"grants\"", "1"), "no dataset \"grants\""),
            (entry("a", &sum, "", "0"), "nonzero"),
            (entry("a b", &sum, "", "1"), "a b"),
            (twice, "same sha256"),
            ("[[keys]]\n".to_owned(), "keys"),
            ("[[key]]\nname = \"a\"\n".to_owned(), "sha256"),
        ];
        for (text, reason) in wrong {
            let told = parse(&text, &HashMap::new()).unwrap_err();
            assert!(told.contains(reason), "{told}");
        }
    }

    /// Proves that reading a file again lets no key start its pace afresh, and
    /// that a changed rate takes hold.
    #[test]
    fn pace_survives_a_change_of_others() {
        let (one, other, now) = (made("one", 1), made("other", 1), Instant::now());
        let first = parse(&one.entry, &HashMap::new()).unwrap();
        let sum: Sum = Sha256::digest(&one.key).into();
        let taken = |keys: &HashMap<Sum, Arc<Key>>| keys[&sum].take(now).is_ok();
        assert!(taken(&first) && !taken(&first));
        let second = parse(&(one.entry.clone() + &other.entry), &first).unwrap();
        assert!(second.len() == 2 && !taken(&second));
        let third = parse(&one.entry.replace("_second = 1", "_second = 2"), &second).unwrap();
        assert!(taken(&third));
    }
}
