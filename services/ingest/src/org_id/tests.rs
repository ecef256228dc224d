#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use proptest::prelude::*;

/// Proves that identifiers as published come to their register's form.
#[test]
fn published_forms() {
    for (text, expected) in [
        ("GB-CHC-1159982", "GB-CHC-1159982"),
        ("gb-chc-1159982", "GB-CHC-1159982"),
        ("GB-CHC- 1153055 ", "GB-CHC-1153055"),
        ("GB-CHC-\u{a0}295701", "GB-CHC-295701"),
        ("GB-CHC-0295701", "GB-CHC-295701"),
        ("GB-CHC-1159982-0", "GB-CHC-1159982"),
        ("GB-CHC-1159982-12", "GB-CHC-1159982-12"),
        ("GB-COH-7597525", "GB-COH-07597525"),
        ("GB-COH-ip28755r", "GB-COH-IP28755R"),
        ("GB-COH-SP2531RS", "GB-COH-SP2531RS"),
        ("GB-COH-CE008706", "GB-COH-CE008706"),
        ("GB-COH-SC12345", "GB-COH-SC012345"),
        ("GB-COH-R0000012", "GB-COH-R0000012"),
        ("GB-SC-SC000470", "GB-SC-SC000470"),
        ("GB-SC-SCO39302", "GB-SC-SC039302"),
        ("GB-SC-SCO008639", "GB-SC-SC008639"),
        ("GB-SC-SC 036 733", "GB-SC-SC036733"),
        ("GB-SC-36733", "GB-SC-SC036733"),
        ("GB-NIC-NIC102765", "GB-NIC-102765"),
        ("GB-NIC-NI100808", "GB-NIC-100808"),
        ("GB-NIC-106946", "GB-NIC-106946"),
        ("GB-MPR-10002r", "GB-MPR-10002R"),
        ("GB-EDU-133812", "GB-EDU-133812"),
        ("GB-NHS-RJ1", "GB-NHS-RJ1"),
        ("GB-LAE-LIV", "GB-LAE-LIV"),
        ("GB-GOR-OT1211", "GB-GOR-OT1211"),
        ("GB-REV-1639/73", "GB-REV-1639/73"),
        ("ZA-NPO-004-920", "ZA-NPO-004-920"),
        ("XI-GRID-grid.5292.c", "XI-GRID-grid.5292.c"),
        ("US-EIN-04-3323467", "US-EIN-04-3323467"),
        ("360G-dulverton", "360G-dulverton"),
        ("360g-EFF-001b000003VLyGR", "360G-EFF-001b000003VLyGR"),
        ("360G-ptc-ORG:st-catherine's-church-centre", "360G-ptc-ORG:st-catherine's-church-centre"),
        (" ", ""),
    ] {
        assert_eq!(canonical(text).as_deref(), Some(expected), "{text:?}");
    }
}

/// Proves that what only resembles an identifier is refused.
#[test]
fn refused_forms() {
    for text in [
        "DUMMY01",
        "360G-dulverton-DUMMY01",
        "360G-",
        "360G-ptc-",
        "360G-ptc-a b",
        "GB-REV",
        "KE-RCO",
        "Overseas",
        "1159982",
        "GB-CHC-715",
        "GB-CHC-25121R",
        "GB-CHC-10049002",
        "GB-CHC-SC043994",
        "GB-CHC-Excepted",
        "GB-CHC-1062085/O",
        "GB-COH-",
        "GB-COH-n/a",
        "GB-COH-NA",
        "GB-COH-0NI00895",
        "GB-COH-00000000",
        "GB-COH-the-windmill-charlton",
        "GB-COH-123456789",
        "GB-SC-SC1234567",
        "GB-NIC-NIC02558",
        "GB-NIC-XR62377",
        "GB-REV-IPSA 1965",
        "GB-LAE-LIVERPOOL",
        "GB-EDU-1338",
        "GBR-CHC-1159982",
        "GB--1159982",
        "XX-YYY-none",
        "--",
    ] {
        assert_eq!(canonical(text), None, "{text:?}");
    }
}

proptest! {
    /// Proves that a canonical form is its own, recognised without a copy, and
    /// that no text at all makes the parser fail.
    #[test]
    fn canonical_forms_stay(
        list in "(GB|gb|XI)-(CHC|COH|SC|NIC|MPR|NHS|LAE|GOR|REV|zzz)|360[gG]-[a-z]{1,4}",
        identifier in "[A-Z]{0,3}[0-9Oo ]{0,8}(-[0-9]{1,2})?[a-z]{0,2}",
        any_text in any::<String>(),
    ) {
        for text in [format!("{list}-{identifier}"), any_text] {
            if let Some(form) = canonical(&text) {
                prop_assert!(matches!(canonical(&form), Some(Cow::Borrowed(same)) if same == form), "{} -> {}", text, form);
            }
        }
    }
}
