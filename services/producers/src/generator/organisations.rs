//! Synthetic organisations: who they are and where they stand.

use super::places::{DISTRICTS, Place, place};
use crate::random::{Draw, Purpose};

/// First number of synthetic charities; real ones stand near 1,220,000.
pub(super) const CHARITY_BASE: u32 = 9_000_000;
/// First number of synthetic companies; real ones stand near 16,500,000.
pub(super) const COMPANY_BASE: u32 = 90_000_000;
/// Funders follow this many numbers after the first.
const FUNDERS_AFTER: u32 = 900_000;

/// A class of activity: SIC 2007, ICNP/TSO 2018, and the word in names.
const ACTIVITIES: [(&str, &str, &str); 14] = [
    ("88990", "D19", "Community Support"),
    ("88910", "D20", "Nursery"),
    ("85590", "B31", "Learning"),
    ("85600", "B32", "Mentoring"),
    ("86900", "C19", "Health"),
    ("87300", "C32", "Care"),
    ("90040", "A11", "Arts"),
    ("93290", "A22", "Leisure"),
    ("56102", "D31", "Kitchen"),
    ("47799", "F20", "Reuse"),
    ("38320", "F40", "Recycling"),
    ("68320", "F30", "Homes"),
    ("81300", "E14", "Gardens"),
    ("94990", "G13", "Neighbours"),
];

const NAMES: [&str; 24] = [
    "Anchor",
    "Beacon",
    "Bridge",
    "Canopy",
    "Compass",
    "Copper",
    "Estuary",
    "Fern",
    "Granite",
    "Harbour",
    "Heron",
    "Juniper",
    "Kestrel",
    "Lantern",
    "Maple",
    "Northgate",
    "Orchard",
    "Pilot",
    "Quayside",
    "Rowan",
    "Sandstone",
    "Tern",
    "Willow",
    "Wharf",
];

/// Who registers an organisation, and so which identifiers it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Registers {
    Charity,
    Company,
    Both,
}

/// Legal form, its weight, who registers it, and how names of it end.
const FORMS: [(&str, u64, Registers, &str); 5] = [
    ("CIO", 26, Registers::Charity, "CIO"),
    ("CIC", 30, Registers::Company, "CIC"),
    ("CLG", 24, Registers::Both, "Limited"),
    ("CLG", 8, Registers::Company, "Limited"),
    ("TRUST", 12, Registers::Charity, "Trust"),
];

/// One organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Organisation {
    pub(super) name: String,
    /// Preferred org-id.
    pub(super) id: String,
    /// Its other org-id, where it has one.
    pub(super) alias: Option<String>,
    pub(super) legal_form: &'static str,
    pub(super) sic: &'static str,
    pub(super) icnptso: &'static str,
    pub(super) place: Place,
}

impl Organisation {
    /// The org-id it goes by in employment returns: where it has two, the one
    /// that its funders do not use, so that only the register brings the two
    /// together. It is always the same, so stocks make one series even without
    /// a register.
    pub(super) fn employer_id(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.id)
    }
}

/// The organisation at `index`, by itself.
pub(super) fn organisation(seed: u64, index: u32) -> Organisation {
    let mut draw = Draw::new(seed, Purpose::Organisation, u64::from(index));
    let place = place(&mut draw);
    let (sic, icnptso, activity) = *draw.pick(&ACTIVITIES);
    let (legal_form, _, registers, ending) = FORMS[draw.weighted(FORMS.iter().map(|form| form.1))];
    let charity = format!("GB-CHC-{}", CHARITY_BASE + index);
    let company = format!("GB-COH-{}", COMPANY_BASE + index);
    let (id, alias) = match registers {
        Registers::Charity => (charity, None),
        Registers::Company => (company, None),
        Registers::Both => (charity, Some(company)),
    };
    let name = draw.pick(&NAMES);
    let district = DISTRICTS[place.district].name;
    // The number keeps apart those of one name.
    let name = format!("Synthetic {name} {activity} {district} {index:04} {ending}");
    Organisation { name, id, alias, legal_form, sic, icnptso, place }
}

/// Organisations 0 to below `count`.
pub(super) fn organisations(seed: u64, count: u32) -> Vec<Organisation> {
    (0..count).map(|index| organisation(seed, index)).collect()
}

/// Someone who gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Funder {
    pub(super) id: String,
    pub(super) name: &'static str,
}

pub(super) const AUTHORITY: usize = 0;
pub(super) const FUND: usize = 1;
pub(super) const CARES: usize = 2;
/// Funders from here on give the background grants.
pub(super) const BACKGROUND: usize = 3;

const FUNDERS: [&str; 13] = [
    "Synthetic Combined Authority",
    "Synthetic Social Investment Trust",
    "Synthetic Cares Foundation",
    "Synthetic Community Foundation",
    "Synthetic Mersey Trust",
    "Synthetic Arts Council",
    "Synthetic Sports Fund",
    "Synthetic Health Charity",
    "Synthetic Housing Endowment",
    "Synthetic Lottery Distributor",
    "Synthetic Youth Trust",
    "Synthetic Environment Fund",
    "Synthetic Family Foundation",
];

/// All funders; the constants above name the first.
pub(super) fn funders() -> Vec<Funder> {
    (FUNDERS_AFTER..)
        .zip(FUNDERS)
        .map(|(number, name)| Funder { id: format!("GB-CHC-{}", CHARITY_BASE + number), name })
        .collect()
}
