//! The reference compiled in, so that a demonstration stands alone. Where the
//! rows come from and how they were computed: `builtin/README.md`.

use crate::load::csv_source::{CsvSource, Row};
use crate::load::sort::{RUN_BYTES_MAX, SortedLines, Sorter};
use crate::table::table;
use crate::{Kind, ReferenceError};
use std::path::Path;

/// Label of the built-in version.
pub(crate) const LABEL: &str = "builtin";

const ORGANISATIONS: &str = "organisation_id,name\n";
const ORG_IDS: &str = "org_id_a,org_id_b\n";
const POSTCODES: &str = "postcode,lsoa11,district\n";
const LSOA21: &str = "lsoa21,lsoa11\n";

/// Name of a kind's built-in file, for messages and `reference.json`.
pub(crate) const fn file_name(kind: Kind) -> &'static str {
    match kind {
        Kind::PostcodeDistricts => "builtin/postcode-districts.csv",
        Kind::Lsoa => "builtin/lsoa.csv",
        Kind::Authorities => "builtin/authorities.csv",
        Kind::Regions => "builtin/regions.csv",
        Kind::Imd2019 => "builtin/imd2019.csv",
        Kind::Sic => "builtin/sic.csv",
        Kind::Icnptso => "builtin/icnptso.csv",
        Kind::Postcodes => "builtin/postcodes (empty)",
        Kind::Lsoa21 => "builtin/lsoa21 (empty)",
        Kind::OrgIds => "builtin/org-ids (empty)",
        Kind::Organisations => "builtin/organisations (empty)",
    }
}

/// The CSV of a kind; kinds that name single bodies or addresses have no rows.
pub(crate) const fn text(kind: Kind) -> &'static str {
    match kind {
        Kind::PostcodeDistricts => include_str!("../builtin/postcode-districts.csv"),
        Kind::Lsoa => include_str!("../builtin/lsoa.csv"),
        Kind::Authorities => include_str!("../builtin/authorities.csv"),
        Kind::Regions => include_str!("../builtin/regions.csv"),
        Kind::Imd2019 => include_str!("../builtin/imd2019.csv"),
        Kind::Sic => include_str!("../builtin/sic.csv"),
        Kind::Icnptso => include_str!("../builtin/icnptso.csv"),
        Kind::Postcodes => POSTCODES,
        Kind::Lsoa21 => LSOA21,
        Kind::OrgIds => ORG_IDS,
        Kind::Organisations => ORGANISATIONS,
    }
}

/// The canonical lines of a kind.
///
/// # Errors
/// A built-in row is malformed: a fault of the build that a test rules out.
pub(crate) fn lines(kind: Kind) -> Result<SortedLines, ReferenceError> {
    let file = file_name(kind);
    let mut source = CsvSource::builtin(kind, file, text(kind))?;
    // Far below one run, so nothing is ever spilled.
    let mut sorter = Sorter::new(table(kind).key, Path::new("."), RUN_BYTES_MAX);
    let mut lines = String::new();
    while let Some(row) = source.next_row(&mut lines)? {
        if let Row::Malformed { line, why } = row {
            let message = format!("line {line}, column '{}': {}", why.column, why.message);
            return Err(ReferenceError::Builtin { file, message });
        }
        for line in lines.lines() {
            sorter.push(line).map_err(ReferenceError::io(Path::new(file), "sort the rows"))?;
        }
        lines.clear();
    }
    sorter.finish().map_err(ReferenceError::io(Path::new(file), "sort the rows"))
}
