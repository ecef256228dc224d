//! One reference version in memory.

pub(crate) mod organisations;
pub(crate) mod places;
pub(crate) mod quarters;

use crate::source::Source;
use crate::{ReferenceError, builtin, dimensions, store};
use arrow::array::{ArrayRef, RecordBatch, StringArray};
use organisations::Organisations;
use places::Places;
use std::path::Path;
use std::sync::Arc;

/// One reference version, ready to be joined to events. Cheap to share behind
/// an `Arc`; nothing in it changes.
#[derive(Debug)]
pub struct Reference {
    version: String,
    label: String,
    source: Source,
    pub(crate) places: Places,
    pub(crate) organisations: Organisations,
    pub(crate) quarters: ArrayRef,
    /// The version as the one value of a dictionary.
    pub(crate) version_values: ArrayRef,
}

impl Reference {
    /// Opens a version and checks that its folder holds what was written.
    ///
    /// # Errors
    /// There is no such version (those there are, are named), or its folder is
    /// broken (what is wrong is named).
    pub fn open(reference_dir: &Path, version: &str) -> Result<Self, ReferenceError> {
        let (folder, manifest) = store::open_folder(reference_dir, version)?;
        Self::build(version, &manifest.label, Source::Folder(folder))
    }

    /// The reference compiled in: districts, combined authorities and regions of
    /// England, postcode districts and LSOAs of the Liverpool City Region with
    /// their deciles, and sector titles. It names no organisations.
    ///
    /// # Errors
    /// A built-in row is malformed, which a test rules out.
    pub fn builtin() -> Result<Self, ReferenceError> {
        Self::build(&store::builtin_version()?, builtin::LABEL, Source::Builtin)
    }

    pub(crate) fn build(version: &str, label: &str, source: Source) -> Result<Self, ReferenceError> {
        Ok(Self {
            version: version.to_owned(),
            label: label.to_owned(),
            places: Places::build(&source)?,
            organisations: Organisations::build(&source)?,
            quarters: quarters::values(),
            version_values: Arc::new(StringArray::from(vec![version])),
            source,
        })
    }

    /// Where its tables come from.
    pub(crate) const fn source(&self) -> &Source {
        &self.source
    }

    /// Id of the version: digits made of its content.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What the version is called, for readers.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Postcodes that resolve to a district.
    #[must_use]
    pub fn postcode_count(&self) -> usize {
        self.places.postcode_count()
    }

    /// Organisations with at least one row in the register.
    #[must_use]
    pub fn organisation_count(&self) -> usize {
        self.organisations.registered_count()
    }

    /// The preferred id of a body, if any of its ids is known.
    #[must_use]
    pub fn preferred_id(&self, id: &str) -> Option<&str> {
        self.organisations.preferred(id)
    }

    /// Districts, combined authorities and regions: schema
    /// [`dimensions::places_schema`].
    ///
    /// # Errors
    /// The tables cannot be read.
    pub fn places(&self) -> Result<RecordBatch, ReferenceError> {
        dimensions::places(&self.source)
    }

    /// Registered organisations under their preferred ids, as last known:
    /// schema [`dimensions::organisations_schema`].
    ///
    /// # Errors
    /// The tables cannot be read.
    pub fn organisations(&self) -> Result<RecordBatch, ReferenceError> {
        dimensions::organisations(&self.source, self)
    }

    /// Codes of SIC 2007 and ICNP/TSO with titles: schema
    /// [`dimensions::sectors_schema`].
    ///
    /// # Errors
    /// The tables cannot be read.
    pub fn sectors(&self) -> Result<RecordBatch, ReferenceError> {
        dimensions::sectors(&self.source)
    }
}
