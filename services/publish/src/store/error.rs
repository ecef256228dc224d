//! Why published files were not copied.

use crate::PublishError;
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing was asked of the store.
    #[error("the settings of the object store cannot be used: {reason}")]
    Settings { reason: String },
    /// No answer, or one that says no.
    #[error("the object store at {url} did not {action} {file}")]
    Refused {
        action: &'static str,
        url: String,
        file: String,
        #[source]
        source: Box<object_store::Error>,
    },
    /// Other publications replaced it each time it was tried; or somebody
    /// else changed it.
    #[error("{} is not the file that the manifest beside it tells of; publish again", .path.display())]
    Replaced { path: PathBuf },
    /// The folder cannot be read.
    #[error(transparent)]
    Folder(#[from] PublishError),
}

impl StoreError {
    pub(super) fn refused(action: &'static str, url: &str, file: &str) -> impl FnOnce(object_store::Error) -> Self {
        let (url, file) = (url.to_owned(), file.to_owned());
        move |source| Self::Refused { action, url, file, source: Box::new(source) }
    }
}
