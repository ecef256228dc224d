//! The kinds of reference data a version is made of.

use crate::ReferenceError;
use std::fmt;
use std::str::FromStr;

/// One kind of reference data: a Parquet file of its own in every version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Postcodes,
    PostcodeDistricts,
    Lsoa,
    Lsoa21,
    Authorities,
    Regions,
    Imd2019,
    Sic,
    Icnptso,
    OrgIds,
    Organisations,
}

impl Kind {
    pub const ALL: [Self; 11] = [
        Self::Postcodes,
        Self::PostcodeDistricts,
        Self::Lsoa,
        Self::Lsoa21,
        Self::Authorities,
        Self::Regions,
        Self::Imd2019,
        Self::Sic,
        Self::Icnptso,
        Self::OrgIds,
        Self::Organisations,
    ];

    /// Name on the command line, in `reference.json` and of the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Postcodes => "postcodes",
            Self::PostcodeDistricts => "postcode-districts",
            Self::Lsoa => "lsoa",
            Self::Lsoa21 => "lsoa21",
            Self::Authorities => "authorities",
            Self::Regions => "regions",
            Self::Imd2019 => "imd2019",
            Self::Sic => "sic",
            Self::Icnptso => "icnptso",
            Self::OrgIds => "org-ids",
            Self::Organisations => "organisations",
        }
    }

    /// One sentence for help texts.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Postcodes => "ONS postcode lookup: postcode to output area, LSOA 2011, MSOA 2011 and district.",
            Self::PostcodeDistricts => "Outward code of a postcode to the district most of its postcodes lie in.",
            Self::Lsoa => "LSOA 2011 to MSOA 2011 and district.",
            Self::Lsoa21 => "LSOA 2021 to the LSOA 2011 it was made of.",
            Self::Authorities => "District to combined authority.",
            Self::Regions => "District to region.",
            Self::Imd2019 => "LSOA 2011 to its decile in the Index of Multiple Deprivation 2019.",
            Self::Sic => "UK Standard Industrial Classification 2007: sections, divisions and classes.",
            Self::Icnptso => "Classification of Non-profit and Third Sector Organizations 2018.",
            Self::OrgIds => "Pairs of org-ids that name the same body.",
            Self::Organisations => {
                "Organisation register: names, aliases, legal form and sector, each row with its dates."
            }
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = ReferenceError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| ReferenceError::UnknownKind {
            name: name.to_owned(),
            known: Self::ALL.map(Self::name).join(", "),
        })
    }
}
