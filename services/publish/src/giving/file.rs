//! A 360Giving package, written grant by grant.

use super::grant::Grant;
use crate::catalogue::given;
use crate::files::settle;
use crate::{Options, PublishError};
use serde_json::json;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

/// Version of the standard, as packages state it.
const VERSION: &str = "1.4";
/// What a reader of the file must know of it.
const LEFT_OUT: &str = "Made from the ledger's funding entries in force. Grants to individuals are counted there and left \
                        out here. Descriptions repeat titles, and programmes are codes; repayments, write-offs and \
                        contact details are not in the file.";

/// A file under its temporary name, until it is whole.
pub(super) struct PackageFile {
    out: BufWriter<File>,
    temporary: PathBuf,
    path: PathBuf,
    empty: bool,
}

impl PackageFile {
    pub(super) fn create(path: &Path) -> Result<Self, PublishError> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".tmp");
        let temporary = path.with_file_name(name);
        let file = File::create(&temporary).map_err(PublishError::io("create", &temporary))?;
        Ok(Self { out: BufWriter::new(file), temporary, path: path.to_owned(), empty: true })
    }

    /// What stands before the grants. `modified` is when the ledger was last
    /// posted to, RFC 3339; the clock is not asked.
    pub(super) fn begin(&mut self, options: &Options, modified: Option<&str>) -> Result<(), PublishError> {
        let about = &options.catalogue;
        let label = options.label.as_deref().map(|label| format!(" The data are labelled {label}."));
        let mut publisher = json!({ "name": about.publisher_name });
        let mut package = json!({
            "version": VERSION,
            "title": about.title,
            "description": format!("{LEFT_OUT}{}", label.unwrap_or_default()),
        });
        let set = |object: &mut serde_json::Value, name: &str, value: Option<&str>| {
            if let Some(value) = value {
                object[name] = value.into();
            }
        };
        set(&mut publisher, "identifier", given(&about.publisher_id));
        set(&mut publisher, "website", given(&about.publisher_url));
        set(&mut package, "license", given(&about.licence_url));
        set(&mut package, "modified", modified);
        package["publisher"] = publisher;
        let mut head = serde_json::to_string(&package).map_err(json_fault)?;
        // The grants follow within the same object.
        head.truncate(head.len() - 1);
        self.put(format!("{head},\n\"grants\": [").as_bytes())
    }

    pub(super) fn write(&mut self, grant: &Grant<'_>) -> Result<(), PublishError> {
        let text = serde_json::to_vec(grant).map_err(json_fault)?;
        self.put(if self.empty { b"\n" } else { b",\n" })?;
        self.empty = false;
        self.put(&text)
    }

    /// Ends the package and puts it in its place.
    pub(super) fn settle(mut self) -> Result<(), PublishError> {
        self.put(b"\n]}\n")?;
        let Self { mut out, temporary, path, .. } = self;
        out.flush().map_err(PublishError::io("write", &temporary))?;
        settle(out.get_ref(), &temporary, &path)
    }

    /// Leaves nothing.
    pub(super) fn discard(self) -> Result<(), PublishError> {
        std::fs::remove_file(&self.temporary).map_err(PublishError::io("remove", &self.temporary))
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), PublishError> {
        self.out.write_all(bytes).map_err(PublishError::io("write", &self.temporary))
    }
}

fn json_fault(source: serde_json::Error) -> PublishError {
    PublishError::Json { action: "write", what: "a grant", source }
}
