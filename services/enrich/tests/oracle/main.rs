//! Enrichment against a naive model that looks every row up by walking lists.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;
mod world;

use common::batch::{Event, validated};
use commonweal_enrich::enrich;
use proptest::prelude::*;
use world::{Register, World, district, lsoa, org, postcode};

fn pairs_of<T: Strategy>(value: T, most: usize) -> impl Strategy<Value = Vec<T::Value>> {
    prop::collection::vec(value, 0..most)
}

fn register() -> impl Strategy<Value = Register> {
    let day = || prop::option::of(18_000..18_030_i32);
    (0_usize..16, pairs_of(0_usize..20, 3), day(), day(), prop::option::of(0_usize..9)).prop_map(
        |(id, aliases, from, to, sector)| Register {
            id,
            aliases,
            from,
            to: to.map(|to| from.map_or(to, |from| to.max(from))),
            sector,
        },
    )
}

fn world() -> impl Strategy<Value = World> {
    let unit = (0_usize..4, 0_usize..4, prop::option::weighted(0.8, (0_usize..8, 0_usize..5)));
    let places = (
        pairs_of((0_usize..6, 0_usize..3), 5),
        pairs_of((0_usize..6, 0_usize..3), 6),
        pairs_of((0_usize..8, 1_i32..11), 8),
        pairs_of((0_usize..6, 0_usize..5), 6),
        pairs_of((6_usize..12, 0_usize..8), 8),
        pairs_of(unit, 12),
        pairs_of((0_usize..6, 0_usize..7, prop::option::of(1_i32..11)), 5),
    );
    (places, pairs_of((0_usize..20, 0_usize..20), 8), pairs_of(register(), 10)).prop_map(
        |((authorities, regions, deciles, lsoas, lsoas_2021, postcodes, outwards), pairs, register)| World {
            authorities,
            regions,
            deciles,
            lsoas,
            lsoas_2021,
            postcodes,
            outwards,
            pairs,
            register,
        },
    )
}

fn event() -> impl Strategy<Value = Event> {
    let code = prop_oneof![
        (0_usize..8).prop_map(district),
        (0_usize..14).prop_map(lsoa),
        Just("E12000002".to_owned()),
        Just("E05000001".to_owned()),
    ];
    (
        prop::bool::weighted(0.1),
        prop::option::weighted(0.9, (0_usize..22).prop_map(org)),
        prop::bool::weighted(0.1),
        prop::option::weighted(0.8, (0_usize..22).prop_map(org)),
        prop::option::weighted(0.95, 17_995..18_040_i32),
        prop::option::weighted(0.8, (0_usize..7, 0_usize..5).prop_map(|(o, u)| postcode(o, u))),
        prop::option::weighted(0.3, code),
    )
        .prop_map(|(cancel, organisation, individual, counterparty, occurred_on, postcode, place_code)| Event {
            cancel,
            organisation,
            individual,
            counterparty,
            occurred_on,
            postcode,
            place_code,
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Proves that enrichment over any reference, loaded from CSV through the
    /// version folders, gives each of its columns as the naive model does.
    #[test]
    fn enrich_agrees_with_the_model(world in world(), events in prop::collection::vec(event(), 0..60)) {
        let folder = common::scratch();
        let reference = common::reference_of(folder.path(), &world.csv());
        let batch = enrich(&validated(&events), &reference).unwrap();
        let columns: Vec<Vec<String>> = common::ADDED.iter().map(|name| common::texts(&batch, name)).collect();
        for (row, event) in events.iter().enumerate() {
            let found: Vec<&String> = columns.iter().map(|column| &column[row]).collect();
            let expected = world.enriched(event, reference.version());
            prop_assert_eq!(found, expected.iter().collect::<Vec<_>>(), "{:?}", event);
        }
    }
}
