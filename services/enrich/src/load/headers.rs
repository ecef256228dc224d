//! Column names of the CSV files each kind is read from, as publishers write
//! them. `#` in an accepted name stands for digits: `lad#cd` is `lad22cd`.

use crate::Kind;

/// A column that is looked for in a file's header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    /// Name in messages.
    pub name: &'static str,
    /// Accepted names, lower case, the preferred first.
    pub accepted: &'static [&'static str],
    pub required: bool,
}

const fn required(name: &'static str, accepted: &'static [&'static str]) -> Header {
    Header { name, accepted, required: true }
}

const fn optional(name: &'static str, accepted: &'static [&'static str]) -> Header {
    Header { name, accepted, required: false }
}

/// The most columns a kind is read from.
pub(crate) const HEADERS_MAX: usize = 9;

const LSOA11: Header = required("lsoa11", &["lsoa11", "lsoa11cd", "lsoa11_code", "lsoa code (2011)", "lsoa_code"]);
const MSOA11: Header = optional("msoa11", &["msoa11", "msoa11cd", "msoa11_code"]);
const DISTRICT_NAMES: &[&str] = &["district", "ladcd", "lad#cd", "ltla#_code", "laua", "oslaua", "lad#"];
const DISTRICT: Header = required("district", DISTRICT_NAMES);
const DISTRICT_NAME: Header = optional("district_name", &["district_name", "ladnm", "lad#nm", "ltla#_name"]);
const DECILE: &[&str] = &[
    "imd2019_decile",
    "imd_decile",
    "index of multiple deprivation (imd) decile (where 1 is most deprived 10% of lsoas)",
];

const POSTCODES: &[Header] = &[
    required("postcode", &["postcode", "pcds", "pcd#", "pcd"]),
    optional("oa11", &["oa11", "oa11cd", "oa11_code"]),
    LSOA11,
    MSOA11,
    DISTRICT,
    optional("doterm", &["doterm", "terminated"]),
];

const POSTCODE_DISTRICTS: &[Header] = &[
    required("postcode_district", &["postcode_district", "outward", "outcode"]),
    DISTRICT,
    optional("imd2019_decile", DECILE),
    optional("share_percent", &["share_percent"]),
];

const LSOA: &[Header] = &[LSOA11, MSOA11, DISTRICT, DISTRICT_NAME];

const LSOA21: &[Header] = &[
    required("lsoa21", &["lsoa21", "lsoa21cd", "lsoa21_code"]),
    LSOA11,
    optional("change", &["change", "change_code", "chgind"]),
];

const AUTHORITIES: &[Header] = &[
    DISTRICT,
    DISTRICT_NAME,
    required("combined_authority", &["combined_authority", "cauth#_code", "cauth#cd"]),
    required("combined_authority_name", &["combined_authority_name", "cauth#_name", "cauth#nm"]),
];

const REGIONS: &[Header] = &[
    DISTRICT,
    DISTRICT_NAME,
    required("region", &["region", "region#_code", "rgn#cd"]),
    required("region_name", &["region_name", "region#_name", "rgn#nm"]),
];

const IMD2019: &[Header] = &[LSOA11, required("imd2019_decile", DECILE)];

const SIC: &[Header] = &[
    required("code", &["code", "sic_code", "sic code"]),
    required("title", &["title", "subclass_name", "description"]),
    optional("parent", &["parent"]),
    optional("division_code", &["division_code"]),
    optional("division_name", &["division_name"]),
    optional("section_code", &["section_code"]),
    optional("section_name", &["section_name"]),
];

const ICNPTSO: &[Header] = &[
    required("code", &["code", "section"]),
    required("title", &["title"]),
    optional("parent", &["parent"]),
    optional("group", &["group"]),
    optional("sub-group", &["sub-group", "sub_group", "subgroup"]),
];

const ORG_IDS: &[Header] = &[
    required("org_id_a", &["org_id_a"]),
    required("org_id_b", &["org_id_b"]),
    optional("relationship", &["relationship"]),
];

const ORGANISATIONS: &[Header] = &[
    required("organisation_id", &["organisation_id"]),
    required("name", &["name"]),
    optional("aliases", &["aliases"]),
    optional("legal_form", &["legal_form"]),
    optional("sic", &["sic"]),
    optional("icnptso", &["icnptso"]),
    optional("postcode", &["postcode"]),
    optional("valid_from", &["valid_from"]),
    optional("valid_to", &["valid_to"]),
];

/// The columns a kind is read from, in the order [`super::parse::parse`] takes them.
pub(crate) const fn headers(kind: Kind) -> &'static [Header] {
    match kind {
        Kind::Postcodes => POSTCODES,
        Kind::PostcodeDistricts => POSTCODE_DISTRICTS,
        Kind::Lsoa => LSOA,
        Kind::Lsoa21 => LSOA21,
        Kind::Authorities => AUTHORITIES,
        Kind::Regions => REGIONS,
        Kind::Imd2019 => IMD2019,
        Kind::Sic => SIC,
        Kind::Icnptso => ICNPTSO,
        Kind::OrgIds => ORG_IDS,
        Kind::Organisations => ORGANISATIONS,
    }
}

impl Header {
    /// Where in the file's header (names in lower case) the column stands.
    pub(crate) fn position(&self, names: &[String]) -> Option<usize> {
        self.accepted.iter().find_map(|accepted| names.iter().position(|name| is_named(accepted, name)))
    }
}

fn is_named(accepted: &str, name: &str) -> bool {
    match accepted.split_once('#') {
        None => accepted == name,
        Some((before, after)) => name
            .strip_prefix(before)
            .and_then(|rest| rest.strip_suffix(after))
            .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that a year in a column name is taken as such, and nothing else is.
    #[test]
    fn years_in_names() {
        assert!(is_named("ltla#_code", "ltla24_code"));
        assert!(!is_named("ltla#_code", "ltla_code"));
        assert!(!is_named("lad#", "ladcd"));
    }

    /// Proves that a row of any kind fits the reader's fixed array.
    #[test]
    fn headers_fit() {
        for kind in Kind::ALL {
            assert!(headers(kind).len() <= HEADERS_MAX, "{kind}");
        }
    }
}
