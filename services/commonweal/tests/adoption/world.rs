//! Two reference versions that say different things of the same keys.

use commonweal_enrich::{Kind, Reference, load};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use tempfile::TempDir;

/// The versions, and the folder they lie in.
pub(crate) struct World {
    dir: TempDir,
    pub(crate) versions: [Reference; 2],
}

/// A folder in memory where the system has such a place: these tests are not
/// about the disk.
pub(crate) fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

/// What the second version says otherwise: charity 1 has another form, 2 and
/// its company are one body, 3 became known on a day; one postcode moved, one
/// is new, one is gone; a district left its authority.
const KINDS: [(Kind, &str, [&[&str]; 2]); 4] = [
    (
        Kind::Organisations,
        "organisation_id,name,valid_from,valid_to,legal_form,sic,icnptso",
        [
            &[
                "GB-CHC-1,First Charity,,,charity,88990,D19",
                "GB-CHC-2,Second Charity,,,charity,85590,",
                "GB-COH-00000002,Second Limited,,,company,85590,",
            ],
            &[
                "GB-CHC-1,First Charity,,,cio,88100,D19",
                "GB-CHC-2,Second Charity Renamed,,,charity,85590,",
                "GB-CHC-3,Third Charity,2020-01-01,,charity,90010,",
            ],
        ],
    ),
    (
        Kind::OrgIds,
        "org_id_a,org_id_b",
        [&["GB-CHC-1,GB-COH-00000001"], &["GB-CHC-2,GB-COH-00000002", "GB-CHC-1,GB-COH-00000001"]],
    ),
    (
        Kind::Postcodes,
        "pcds,doterm,oa11cd,lsoa11cd,msoa11cd,ladcd",
        [
            &["L8 1TH,,E00033846,E01006673,E02001383,E08000012", "CH41 6AE,,E00168415,E01007126,E02001482,E08000015"],
            &["L8 1TH,,E00033846,E01006673,E02001383,E08000014", "WA7 1AA,,E00062588,E01012407,E02002588,E06000006"],
        ],
    ),
    (
        Kind::Authorities,
        "district,district_name,combined_authority,combined_authority_name",
        [
            &[
                "E08000012,Liverpool,E47000004,Liverpool City Region",
                "E08000014,Sefton,E47000004,Liverpool City Region",
                "E08000015,Wirral,E47000004,Liverpool City Region",
                "E08000003,Manchester,E47000001,Greater Manchester",
            ],
            &[
                "E08000012,Liverpool,E47000004,Liverpool City Region",
                "E08000014,Sefton,E47000004,Liverpool City Region",
                "E08000003,Manchester,E47000001,Greater Manchester",
            ],
        ],
    ),
];

impl World {
    pub(crate) fn get() -> &'static Self {
        static WORLD: OnceLock<World> = OnceLock::new();
        WORLD.get_or_init(|| {
            let dir = folder();
            let versions = [0, 1].map(|version| {
                let mut base: Option<String> = None;
                for (kind, header, rows) in KINDS {
                    let file = dir.path().join(format!("{kind}.csv"));
                    std::fs::write(&file, format!("{header}\n{}\n", rows[version].join("\n"))).unwrap();
                    let loaded = load(kind, &[file], &dir.path().join("reference"), base.as_deref(), &mut |_| {});
                    base = Some(loaded.unwrap().version);
                }
                Reference::open(&dir.path().join("reference"), &base.unwrap()).unwrap()
            });
            Self { dir, versions }
        })
    }

    pub(crate) fn reference_dir(&self) -> PathBuf {
        self.dir.path().join("reference")
    }
}
