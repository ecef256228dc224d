//! Where books are found: those compiled in, and those of a folder.

use super::about::{self, About};
use super::files::{self, Files};
use super::{MethodBook, embedded, text};
use crate::error::{MethodError, MethodFaults};
use std::path::{Path, PathBuf};

/// File of the shelf's folder that lists what was released.
const RELEASES: &str = "released.csv";

/// Where a book comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It comes with the program.
    Program,
    /// It is the user's own.
    Folder,
}

impl Origin {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Program => "program",
            Self::Folder => "folder",
        }
    }
}

/// A version on the shelf; `title` and `status` say what is wrong where its
/// `method.toml` cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub version: String,
    pub title: String,
    pub status: String,
    pub date: String,
    pub origin: Origin,
    /// SHA-256 of its files, in hexadecimal.
    pub digest: String,
}

/// Books by version.
#[derive(Clone, Debug)]
pub struct Shelf {
    /// Holds a folder per version, named like it; may be missing.
    dir: PathBuf,
}

impl Shelf {
    #[must_use]
    pub const fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// The versions there are, those of the program first, each lot by name.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn list(&self) -> Result<Vec<Listed>, MethodError> {
        let mut all = Vec::new();
        for version in embedded::versions() {
            all.push(listed(version, Origin::Program, &embedded::files(version)?));
        }
        let mut own = Vec::new();
        for version in self.folders()? {
            own.push(listed(&version, Origin::Folder, &files::read(&self.dir.join(&version))?));
        }
        own.sort_by(|a, b| a.version.cmp(&b.version));
        all.extend(own);
        Ok(all)
    }

    /// The book of a version.
    ///
    /// # Errors
    /// There is none, something is wrong with it, or it was released with
    /// other content.
    pub fn open(&self, version: &str) -> Result<MethodBook, MethodFaults> {
        let files = self.files(version)?;
        let book = MethodBook::from_files(&files)?;
        if book.version() != version {
            let reason = format!("version {:?} stands in the folder of {version}", book.version());
            return Err(MethodError::file(about::FILE, reason).into());
        }
        self.check_release(&book)?;
        Ok(book)
    }

    /// Folder of a version, whether or not there is one.
    #[must_use]
    pub fn folder(&self, version: &str) -> PathBuf {
        self.dir.join(version)
    }

    pub(super) fn files(&self, version: &str) -> Result<Files, MethodError> {
        if embedded::versions().any(|known| known == version) {
            return embedded::files(version);
        }
        if self.folders()?.iter().any(|known| known == version) {
            return files::read(&self.dir.join(version));
        }
        let known: Vec<String> = self.list()?.into_iter().map(|listed| listed.version).collect();
        Err(MethodError::file(version, format!("there is no such method version; there is {}", known.join(", "))))
    }

    /// Whether a version is taken.
    pub(super) fn has(&self, version: &str) -> Result<bool, MethodError> {
        Ok(embedded::versions().any(|known| known == version) || self.folders()?.iter().any(|known| known == version))
    }

    fn folders(&self) -> Result<Vec<String>, MethodError> {
        let fault = |error: std::io::Error| MethodError::file(self.dir.display().to_string(), error.to_string());
        let entries = match std::fs::read_dir(&self.dir) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(fault)?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let path = entry.map_err(fault)?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() && about::is_version(name) {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    /// A released version has the content it was released with.
    fn check_release(&self, book: &MethodBook) -> Result<(), MethodError> {
        let own = read_releases(&self.dir)?;
        let known = embedded::RELEASES.lines().chain(own.lines());
        let mut released = known.filter_map(|line| line.split_once(','));
        let noted = released.find(|(version, _)| *version == book.version()).map(|(_, digest)| digest.trim());
        let fault = |reason: String| Err(MethodError::file(book.version(), reason));
        match noted {
            Some(digest) if digest != book.digest() => fault(format!(
                "it was released as {digest} and is now {}; give what changed a version of its own",
                book.digest()
            )),
            None if book.status() == about::RELEASED => fault(format!(
                "it says it is released, and {RELEASES} does not list it; add the line {},{}",
                book.version(),
                book.digest()
            )),
            _ => Ok(()),
        }
    }
}

fn read_releases(dir: &Path) -> Result<String, MethodError> {
    let path = dir.join(RELEASES);
    match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        text => text.map_err(|error| MethodError::file(path.display().to_string(), error.to_string())),
    }
}

fn listed(version: &str, origin: Origin, files: &Files) -> Listed {
    let (version, digest) = (version.to_owned(), files::digest(files));
    match text(files, about::FILE).and_then(About::read) {
        Ok(About { title, status, date, .. }) => Listed { version, title, status, date, origin, digest },
        Err(fault) => Listed {
            version,
            title: fault.to_string(),
            status: "broken".to_owned(),
            date: String::new(),
            origin,
            digest,
        },
    }
}
