//! Tables that figures are read with.

use super::{Disclosure, Table, Type, given, optional};

pub(super) const ORGANISATIONS: Table = Table {
    name: "organisations",
    doc: "Organisations that give, receive or employ in an entry in force, and a row `unknown`.",
    key: &["organisation_id"],
    disclosure: Disclosure::Open("says which organisations employ anybody, not how many"),
    columns: &[
        given("organisation_id", Type::Varchar, "org-id, resolved to the preferred one of the same body; `unknown`."),
        given("name", Type::Varchar, "Name; the identifier where none is known."),
        given("name_basis", Type::Varchar, "`register`, `stated` (by events) or `none`."),
        given("legal_form", Type::Varchar, "Legal form in the register, or `unknown`."),
        given("sic", Type::Varchar, "SIC 2007 code in the register, or `unknown`."),
        optional("sic_title", Type::Varchar, "Title of the SIC code."),
        given("icnptso", Type::Varchar, "ICNP/TSO code in the register, or `unknown`."),
        optional("icnptso_title", Type::Varchar, "Title of the ICNP/TSO code."),
        given("is_funder", Type::Boolean, "Whether it gives."),
        given("is_recipient", Type::Boolean, "Whether it receives."),
        given("is_employer", Type::Boolean, "Whether it employs or hosts volunteers."),
    ],
};

pub(super) const PLACES: Table = Table {
    name: "places",
    doc: "Districts, combined authorities and regions of the reference, and rows for what is unknown or in none.",
    key: &["code"],
    disclosure: Disclosure::NotAboutWork,
    columns: &[
        given("code", Type::Varchar, "GSS code; `unknown`; `none` for a district in no combined authority."),
        given("name", Type::Varchar, "Name."),
        given("level", Type::Varchar, "`district`, `combined-authority`, `region`, `unknown` or `none`."),
        optional("parent_code", Type::Varchar, "Place it lies in."),
    ],
};

pub(super) const QUARTERS: Table = Table {
    name: "quarters",
    doc: "Quarters from the first to the last one with an entry in force, without a gap.",
    key: &["quarter"],
    disclosure: Disclosure::Open("the quarters there are, from the first entry to the last"),
    columns: &[
        given("quarter", Type::Varchar, "As 2020-Q1."),
        given("year", Type::Integer, "Calendar year."),
        given("quarter_of_year", Type::Integer, "1 to 4."),
        given("ordinal", Type::Integer, "Quarters since the first of year 0: consecutive, for counting back."),
        given("first_day", Type::Date, "First day."),
        given("last_day", Type::Date, "Last day."),
    ],
};

pub(super) const MEASURES: Table = Table {
    name: "measures",
    doc: "What is counted.",
    key: &["measure"],
    disclosure: Disclosure::NotAboutWork,
    columns: &[
        given("measure", Type::Varchar, "Code in the other tables."),
        given("dataset", Type::Varchar, "`funding` or `employment`."),
        given("kind", Type::Varchar, "`money`, `stock` or `flow`."),
        optional("unit", Type::Varchar, "Unit. Null for money, which is counted in its currency."),
        given("additive_over_time", Type::Boolean, "Whether quarters may be added: not for stocks."),
        given("definition", Type::Varchar, "One sentence."),
    ],
};

pub(super) const PROGRAMMES: Table = Table {
    name: "programmes",
    doc: "Programmes and funds with an entry in force.",
    key: &["programme"],
    disclosure: Disclosure::Open(
        "says whether work is attributed to a programme, not how much; what it counts is funding",
    ),
    columns: &[
        given("programme", Type::Varchar, "Canonical code; `unknown` for entries that state none."),
        given("first_quarter", Type::Varchar, "First quarter with an entry."),
        given("last_quarter", Type::Varchar, "Last quarter with an entry."),
        given("funding_events", Type::BigInt, "Funding events, of every measure."),
        given("funders", Type::BigInt, "Funders with an identifier."),
        given("has_employment", Type::Boolean, "Whether work is attributed to it."),
    ],
};
