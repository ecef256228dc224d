//! A small world, as the CSV files of a reference and as a naive model that
//! answers by walking lists.

use crate::common::batch::Event;
use chrono::{Datelike, Days, NaiveDate};
use commonweal_enrich::Kind;
use std::collections::BTreeSet;

const LISTS: [&str; 7] = ["GB-CHC-", "GB-SC-", "GB-NIC-", "GB-COH-", "GB-MPR-", "GB-EDU-", "360G-p-"];

pub(crate) fn org(number: usize) -> String {
    format!("{}{:08}", LISTS[number % LISTS.len()], number)
}

pub(crate) fn district(number: usize) -> String {
    format!("E0600{number:04}")
}

pub(crate) fn lsoa(number: usize) -> String {
    format!("E0100{number:04}")
}

pub(crate) fn postcode(outward: usize, unit: usize) -> String {
    format!("L{outward} {unit}AA")
}

fn iso(day: i32) -> String {
    let date = NaiveDate::default().checked_add_days(Days::new(u64::try_from(day).unwrap())).unwrap();
    date.to_string()
}

#[derive(Clone, Debug)]
pub(crate) struct Register {
    pub(crate) id: usize,
    pub(crate) aliases: Vec<usize>,
    pub(crate) from: Option<i32>,
    pub(crate) to: Option<i32>,
    pub(crate) sector: Option<usize>,
}

/// LSOA and district of a postcode, if it has a grid reference.
pub(crate) type Home = Option<(usize, usize)>;

/// A small world. Numbers name districts, LSOAs, bodies.
#[derive(Clone, Debug)]
pub(crate) struct World {
    /// district, combined authority
    pub(crate) authorities: Vec<(usize, usize)>,
    /// district, region
    pub(crate) regions: Vec<(usize, usize)>,
    /// LSOA, decile
    pub(crate) deciles: Vec<(usize, i32)>,
    /// LSOA, district
    pub(crate) lsoas: Vec<(usize, usize)>,
    /// LSOA of 2021, LSOA of 2011
    pub(crate) lsoas_2021: Vec<(usize, usize)>,
    /// outward code, unit, LSOA and district, or no district
    pub(crate) postcodes: Vec<(usize, usize, Home)>,
    /// outward code, district, decile
    pub(crate) outwards: Vec<(usize, usize, Option<i32>)>,
    pub(crate) pairs: Vec<(usize, usize)>,
    pub(crate) register: Vec<Register>,
}

/// Legal form, SIC and ICNP/TSO of a sector's number.
fn sectors(number: usize) -> [String; 3] {
    let (sic, icnptso) = (10_000 + number, 10 + number);
    [format!("FORM{number}"), format!("{sic:05}"), format!("A{icnptso:02}")]
}

/// A CSV file. Its first row lies outside the world, for no file may be empty.
fn file(header: &str, far: &str, rows: impl Iterator<Item = String>) -> Vec<String> {
    [header, far].into_iter().map(str::to_owned).chain(rows).collect()
}

/// The last of the entries with a key, as the last row of a file counts.
fn last<K: PartialEq, V: Clone>(entries: impl IntoIterator<Item = (K, V)>, key: &K) -> Option<V> {
    entries.into_iter().filter(|(found, _)| found == key).last().map(|(_, value)| value)
}

impl World {
    /// The CSV file of each kind.
    pub(crate) fn csv(&self) -> Vec<(Kind, Vec<String>)> {
        let mut files = self.place_files();
        files.extend(self.organisation_files());
        files
    }

    fn place_files(&self) -> Vec<(Kind, Vec<String>)> {
        let authorities = self.authorities.iter();
        let authorities = authorities.map(|(d, a)| format!("{},E4700{a:04},CA {a}", district(*d)));
        let regions = self.regions.iter();
        let regions = regions.map(|(d, r)| format!("{},E1200{r:04},Region {r}", district(*d)));
        let deciles = self.deciles.iter();
        let deciles = deciles.map(|(l, decile)| format!("{},{decile}", lsoa(*l)));
        let lsoas = self.lsoas.iter();
        let lsoas = lsoas.map(|(l, d)| format!("{},{}", lsoa(*l), district(*d)));
        let lsoas_2021 = self.lsoas_2021.iter();
        let lsoas_2021 = lsoas_2021.map(|(n, o)| format!("{},{}", lsoa(*n), lsoa(*o)));
        let postcodes = self.postcodes.iter().map(|(o, u, home)| match home {
            Some((l, d)) => format!("{},{},{}", postcode(*o, *u), lsoa(*l), district(*d)),
            None => format!("{},,", postcode(*o, *u)),
        });
        let outwards = self.outwards.iter().map(|(o, d, decile)| {
            let decile = decile.map_or(String::new(), |decile| decile.to_string());
            format!("L{o},{},{decile}", district(*d))
        });
        let far_authority = "E09000001,E47000099,Far";
        let authority_header = "ltla23_code,cauth23_code,cauth23_name";
        let region_header = "ltla24_code,region24_code,region24_name";
        let outward_header = "postcode_district,district,imd2019_decile";
        vec![
            (Kind::Authorities, file(authority_header, far_authority, authorities)),
            (Kind::Regions, file(region_header, "E09000002,E12000099,Far", regions)),
            (Kind::Imd2019, file("lsoa11_code,IMD_decile", "E01099999,1", deciles)),
            (Kind::Lsoa, file("lsoa11cd,ladcd", "E01099998,E09000003", lsoas)),
            (Kind::Lsoa21, file("lsoa21cd,lsoa11cd", "E01099997,E01099996", lsoas_2021)),
            (Kind::Postcodes, file("pcds,lsoa11cd,ladcd", "ZE1 0AA,,", postcodes)),
            (Kind::PostcodeDistricts, file(outward_header, "ZE2,E09000004,", outwards)),
        ]
    }

    fn organisation_files(&self) -> [(Kind, Vec<String>); 2] {
        let pairs = self.pairs.iter().map(|(a, b)| format!("{},{}", org(*a), org(*b)));
        let register = self.register.iter().map(|row| {
            let id = org(row.id);
            let aliases: Vec<String> = row.aliases.iter().map(|id| org(*id)).collect();
            let aliases = aliases.join(";");
            let sector = row.sector.map_or([String::new(), String::new(), String::new()], sectors);
            let sector = sector.join(",");
            let [from, to] = [row.from, row.to].map(|day| day.map_or(String::new(), iso));
            format!("{id},Name,{aliases},{sector},{from},{to}")
        });
        let header = "organisation_id,name,aliases,legal_form,sic,icnptso,valid_from,valid_to";
        [
            (Kind::OrgIds, file("org_id_a,org_id_b", "GB-CHC-9,GB-COH-00000009", pairs)),
            (Kind::Organisations, file(header, "GB-CHC-8,Far,,,,,,", register)),
        ]
    }

    /// The register's rows as loaded: the last of each id and first day.
    fn rows(&self) -> Vec<&Register> {
        let same = |a: &Register, b: &Register| a.id == b.id && a.from == b.from;
        let rows = self.register.iter().enumerate();
        rows.filter(|(at, row)| !self.register[at + 1..].iter().any(|later| same(row, later)))
            .map(|(_, row)| row)
            .collect()
    }

    fn body(&self, key: &str) -> BTreeSet<String> {
        let mut body = BTreeSet::from([key.to_owned()]);
        loop {
            let before = body.len();
            for (a, b) in &self.pairs {
                let pair = [org(*a), org(*b)];
                if pair.iter().any(|id| body.contains(id)) {
                    body.extend(pair);
                }
            }
            for row in self.rows() {
                let ids: Vec<String> = row.aliases.iter().chain([&row.id]).map(|id| org(*id)).collect();
                if ids.iter().any(|id| body.contains(id)) {
                    body.extend(ids);
                }
            }
            if body.len() == before {
                return body;
            }
        }
    }

    fn preferred(&self, key: &str) -> String {
        let in_register = |id: &String| self.register.iter().any(|row| org(row.id) == *id);
        let rank = |id: &String| LISTS.iter().position(|list| id.starts_with(list));
        self.body(key).into_iter().min_by_key(|id| (rank(id), !in_register(id), id.len(), id.clone())).unwrap()
    }

    /// id, basis, legal form, SIC, ICNP/TSO
    fn organisation(&self, event: &Event) -> [String; 5] {
        let unknown = |basis: &str| ["unknown", basis, "unknown", "unknown", "unknown"].map(str::to_owned);
        if event.cancel {
            return unknown("missing");
        }
        if event.individual {
            return unknown("individual");
        }
        let Some(key) = &event.organisation else {
            return unknown("missing");
        };
        let (body, preferred) = (self.body(key), self.preferred(key));
        let mut rows = self.rows();
        rows.retain(|row| body.contains(&org(row.id)));
        rows.retain(|row| {
            event
                .occurred_on
                .is_some_and(|day| row.from.is_none_or(|from| from <= day) && row.to.is_none_or(|to| day <= to))
        });
        rows.sort_by_key(|row| (org(row.id) != preferred, std::cmp::Reverse(row.from), org(row.id)));
        let basis = match (*key == preferred, rows.is_empty()) {
            (false, _) => "alias",
            (true, false) => "register",
            (true, true) => "unregistered",
        };
        let [legal_form, sic, icnptso] = match rows.first().and_then(|row| row.sector) {
            Some(number) => sectors(number),
            None => ["unknown", "unknown", "unknown"].map(str::to_owned),
        };
        [preferred, basis.to_owned(), legal_form, sic, icnptso]
    }

    fn postcode_place(&self, o: usize, u: usize) -> Home {
        let homes = self.postcodes.iter().map(|(o, u, home)| ((*o, *u), *home));
        last(homes, &(o, u)).flatten()
    }

    /// District of an LSOA of 2011: of the table, else of the first postcode in it.
    fn lsoa_district(&self, code: usize) -> Option<usize> {
        last(self.lsoas.iter().copied(), &code).or_else(|| {
            let mut units: Vec<(String, usize)> = Vec::new();
            for (o, u, _) in &self.postcodes {
                if let Some((l, d)) = self.postcode_place(*o, *u)
                    && l == code
                {
                    units.push((postcode(*o, *u), d));
                }
            }
            units.into_iter().min().map(|(_, d)| d)
        })
    }

    fn knows_district(&self, d: usize) -> bool {
        self.authorities.iter().any(|(found, _)| *found == d)
            || self.regions.iter().any(|(found, _)| *found == d)
            || self.lsoas.iter().any(|(l, _)| last(self.lsoas.iter().copied(), l) == Some(d))
            || self.postcodes.iter().any(|(o, u, _)| self.postcode_place(*o, *u).is_some_and(|(_, found)| found == d))
            || self.outwards.iter().any(|(o, _, _)| self.outward(*o).is_some_and(|(found, _)| found == d))
    }

    fn outward(&self, o: usize) -> Option<(usize, Option<i32>)> {
        last(self.outwards.iter().map(|(o, d, decile)| (*o, (*d, *decile))), &o)
    }

    /// LSOA, district, decile of a place code.
    fn code_place(&self, code: &str) -> Option<(Option<usize>, usize, Option<i32>)> {
        if let Some(d) = (0..20).find(|d| district(*d) == code) {
            return self.knows_district(d).then_some((None, d, None));
        }
        let l = (0..20).find(|l| lsoa(*l) == code)?;
        let decile = |l: usize| last(self.deciles.iter().copied(), &l);
        if let Some(d) = self.lsoa_district(l) {
            return Some((Some(l), d, decile(l)));
        }
        let parts: BTreeSet<usize> = self.lsoas_2021.iter().filter(|(new, _)| *new == l).map(|(_, old)| *old).collect();
        let districts: BTreeSet<Option<usize>> = parts.iter().map(|old| self.lsoa_district(*old)).collect();
        let (only, part) = (districts.first()?, parts.first()?);
        match (districts.len(), only, parts.len()) {
            (1, Some(d), 1) => Some((Some(*part), *d, decile(*part))),
            (1, Some(d), _) => Some((None, *d, None)),
            _ => None,
        }
    }

    /// LSOA, district, combined authority, region, decile, basis
    fn place(&self, event: &Event) -> [String; 6] {
        let unknown = |basis: &str| ["unknown", "unknown", "unknown", "unknown", "", basis].map(str::to_owned);
        let (found, basis) = match (&event.place_code, &event.postcode) {
            _ if event.cancel => return unknown("not-given"),
            (Some(code), _) => match self.code_place(code) {
                Some(found) => (found, "place-code"),
                None => return unknown("place-code-not-in-reference"),
            },
            (None, Some(text)) => {
                let (o, u) =
                    (0..8).flat_map(|o| (0..8).map(move |u| (o, u))).find(|(o, u)| postcode(*o, *u) == *text).unwrap();
                match (self.postcode_place(o, u), self.outward(o)) {
                    (Some((l, d)), _) => ((Some(l), d, last(self.deciles.iter().copied(), &l)), "postcode"),
                    (None, Some((d, decile))) => ((None, d, decile), "postcode-district"),
                    (None, None) => return unknown("postcode-not-in-reference"),
                }
            }
            (None, None) => return unknown("not-given"),
        };
        let (l, d, decile) = found;
        let authority = last(self.authorities.iter().copied(), &d);
        let region = last(self.regions.iter().copied(), &d);
        [
            l.map_or_else(|| "unknown".to_owned(), lsoa),
            district(d),
            authority.map_or_else(|| "none".to_owned(), |a| format!("E4700{a:04}")),
            region.map_or_else(|| "unknown".to_owned(), |r| format!("E1200{r:04}")),
            decile.map_or_else(String::new, |decile| decile.to_string()),
            basis.to_owned(),
        ]
    }

    pub(crate) fn enriched(&self, event: &Event, version: &str) -> Vec<String> {
        let counterparty = match &event.counterparty {
            Some(key) if !event.cancel => self.preferred(key),
            _ => "unknown".to_owned(),
        };
        let quarter = match event.occurred_on {
            Some(day) if !event.cancel => {
                let date: NaiveDate = iso(day).parse().unwrap();
                format!("{}-Q{}", date.year(), date.month0() / 3 + 1)
            }
            _ => "unknown".to_owned(),
        };
        let mut row = self.organisation(event).to_vec();
        row.push(counterparty);
        row.extend(self.place(event));
        row.extend([quarter, version.to_owned()]);
        row
    }
}
