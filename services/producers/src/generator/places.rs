//! Where synthetic organisations stand: the six districts of the Liverpool
//! City Region, and postcode districts (outward codes) that lie wholly or
//! nearly so in one of them. Codes and postcode districts are facts of the
//! ONS Postcode Directory, May 2022 (OGL v3); the weights follow population.

use crate::random::Draw;

pub(super) struct District {
    pub(super) name: &'static str,
    pub(super) code: &'static str,
    weight: u64,
    outward_codes: &'static [&'static str],
}

pub(super) const DISTRICTS: [District; 6] = [
    District {
        name: "Liverpool",
        code: "E08000012",
        weight: 33,
        outward_codes: &[
            "L1", "L2", "L3", "L4", "L5", "L6", "L7", "L8", "L9", "L11", "L12", "L13", "L15", "L17", "L18", "L19",
            "L27",
        ],
    },
    District {
        name: "Wirral",
        code: "E08000015",
        weight: 21,
        outward_codes: &[
            "CH41", "CH42", "CH43", "CH44", "CH45", "CH46", "CH47", "CH48", "CH49", "CH60", "CH61", "CH62", "CH63",
        ],
    },
    District {
        name: "Sefton",
        code: "E08000014",
        weight: 18,
        outward_codes: &["L20", "L21", "L22", "L23", "L30", "L31", "L37", "PR8", "PR9"],
    },
    District { name: "St Helens", code: "E08000013", weight: 12, outward_codes: &["WA9", "WA10", "WA11", "WA12"] },
    District { name: "Knowsley", code: "E08000011", weight: 9, outward_codes: &["L26", "L32", "L33", "L36"] },
    District { name: "Halton", code: "E06000006", weight: 7, outward_codes: &["WA7", "WA8"] },
];

/// Letters that end a postcode; six are never used.
const INWARD_LETTERS: &[u8] = b"ABDEFGHJLNPQRSTUWXYZ";

/// Where one organisation stands, as far as it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) district: usize,
    pub(super) postcode: Option<String>,
    pub(super) code: Option<&'static str>,
}

/// Draws a place: mostly a postcode, now and then the district's code, rarely
/// nothing.
pub(super) fn place(draw: &mut Draw) -> Place {
    let district = draw.weighted(DISTRICTS.iter().map(|district| district.weight));
    match draw.below(100) {
        0..95 => Place { district, postcode: Some(postcode(draw, &DISTRICTS[district])), code: None },
        95..98 => Place { district, postcode: None, code: Some(DISTRICTS[district].code) },
        _ => Place { district, postcode: None, code: None },
    }
}

/// A postcode of the right shape in the district. Whether it is delivered to
/// is left to chance.
fn postcode(draw: &mut Draw, district: &District) -> String {
    let outward = draw.pick(district.outward_codes);
    let sector = draw.between(1, 9);
    let letters = [0, 1].map(|_| char::from(*draw.pick(INWARD_LETTERS)));
    format!("{outward} {sector}{}{}", letters[0], letters[1])
}
