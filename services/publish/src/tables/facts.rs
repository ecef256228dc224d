//! Tables of figures.

use super::{Column, Disclosure, Figures, Table, Type, given, measured, optional};

pub(super) const QUANTITY: Type = Type::Decimal(4);
pub(super) const POUNDS: Type = Type::Decimal(2);

pub(super) const QUARTER: Column = given("quarter", Type::Varchar, "Quarter, as 2020-Q1; see `quarters`.");
pub(super) const PROGRAMME: Column =
    given("programme", Type::Varchar, "Programme or fund; `unknown` where none is stated. See `programmes`.");
pub(super) const DISTRICT: Column =
    given("district", Type::Varchar, "GSS code of the district; `unknown` where the place is not known. See `places`.");
pub(super) const AUTHORITY: Column =
    given("combined_authority", Type::Varchar, "GSS code of the combined authority; `none` or `unknown`.");
pub(super) const REGION: Column = given("region", Type::Varchar, "GSS code of the region, or `unknown`.");
pub(super) const UNIT: Column =
    given("unit", Type::Varchar, "Unit of the quantity: PERSONS, FTE, HOURS, or a currency.");
pub(super) const GRADE: Column =
    optional("evidence_grade", Type::Integer, "Evidence grade of the counts, 1 best to 6.");
pub(super) const CONFIDENCE: Column =
    optional("confidence", Type::Varchar, "Lowest confidence of the parameters behind the value, A to C.");
pub(super) const BASE_YEAR: Column = given("price_base_year", Type::Integer, "Year in whose pounds real amounts are.");
pub(super) const LABEL: Column =
    given("data_label", Type::Varchar, "What kind of data the figures rest on: `recorded`, or `synthetic`.");
pub(super) const METHOD: Column = given("method_version", Type::Varchar, "Version of the method book.");
const STATEMENTS: Column = optional(
    "statements",
    Type::BigInt,
    "Series behind a level, or events behind a flow; 0 where only stale series are left. Null where the figure is confidential, or for a level the one of the quarter before or after.",
);
const CARRIED: Column = optional(
    "carried_forward",
    Type::BigInt,
    "Of the series, those whose last snapshot is one to four quarters old; 0 for flows. Null where `statements` is.",
);
const STALE: Column = optional(
    "stale",
    Type::BigInt,
    "Series dropped in this quarter because their last snapshot is five quarters old. Null where `statements` is.",
);
/// Columns that tell how many stand behind a figure.
const COMPANIONS: &[&str] = &["statements", "carried_forward", "stale"];
pub(super) const MARKER: Column = optional(
    "disclosure",
    Type::Varchar,
    "`c`: confidential, the figures are kept back; `r`: rounded; `h`: held at what an earlier release said, from which it differs by less than the threshold, if at all. Null: nothing was done, as there is no figure about work or no figure at all.",
);
const KIND: Column =
    given("kind", Type::Varchar, "`stock`, a level at the quarter's end, or `flow`, a sum over the quarter.");
const LEVEL: Column = optional(
    "quantity",
    QUANTITY,
    "The level or the sum, rounded. Never add levels over quarters. Null where confidential, and where only stale series are left.",
);

pub(super) const HEADLINE: Table = Table {
    name: "headline",
    doc: "A few figures per year, for all places and for the area of the method. Each row stands for itself: nothing in this table may be added.",
    key: &["area", "programme", "headline", "unit", "period"],
    disclosure: Disclosure::Protected(Figures {
        counts: &["gross", "value_central"],
        values: &["value_low", "value_central", "value_high", "net_central"],
        companions: &[],
        public: Some(("headline", &["committed-", "disbursed-", "repaid-", "written-off-"])),
        total_of: Some(("period", "total")),
    }),
    columns: &[
        given("area", Type::Varchar, "`all`, every place known or not; or the GSS code of the method's own area."),
        given(
            "programme",
            Type::Varchar,
            "`all`, or one of the twelve programmes with most money committed in pounds.",
        ),
        given("headline", Type::Varchar, "Name of the figure."),
        given("unit", Type::Varchar, "PERSONS, FTE, HOURS, or the currency."),
        given("period", Type::Varchar, "A year; `total` for all quarters; the last quarter for levels."),
        given("display_order", Type::Integer, "Order in which figures are shown."),
        optional("year", Type::Integer, "Year of the period. Null for `total`."),
        given("label", Type::Varchar, "The figure in words."),
        optional("bundle", Type::Varchar, "Bundle of a social value. Null for what is counted."),
        measured(
            optional("value_low", QUANTITY, "Low value; the recorded figure where nothing was estimated."),
            "see unit",
        ),
        measured(
            optional("value_central", QUANTITY, "Central value. Null where the method has no value for the period."),
            "see unit",
        ),
        measured(optional("value_high", QUANTITY, "High value."), "see unit"),
        measured(
            optional("gross", QUANTITY, "What was counted before additionality. Null for what is only counted."),
            "see measured_in",
        ),
        measured(optional("net_central", QUANTITY, "What is left after additionality, central."), "see measured_in"),
        optional("measured_in", Type::Varchar, "Unit of gross and net: job-years, people or hours."),
        optional("evidence_grade", Type::Integer, "Evidence grade, 1 best to 6. Null for what is only counted."),
        optional(
            "confidence",
            Type::Varchar,
            "Lowest confidence of the parameters behind it, A to C. Null where it rests on entries alone.",
        ),
        given("basis", Type::Varchar, "How the period was made of quarters, and in which prices."),
        given("quarters", Type::Integer, "Quarters with data behind the figure."),
        METHOD,
        MARKER,
        LABEL,
    ],
};

pub(super) const SOCIAL_VALUE: Table = Table {
    name: "social_value",
    doc: "Social value per outcome, gross and net, in pounds of the base year. Bundles are never added to each other; nor are jobs created, safeguarded and supported.",
    key: &["quarter", "bundle", "outcome", "programme", "district"],
    disclosure: Disclosure::Protected(Figures {
        counts: &["gross"],
        values: &["net_low", "net_central", "net_high", "value_low", "value_central", "value_high"],
        ..Figures::NONE
    }),
    columns: &[
        QUARTER,
        given(
            "bundle",
            Type::Varchar,
            "ECONOMIC (gross value added), FISCAL (public money saved), WELLBEING (WELLBYs), or VOLUNTEERING (a replacement cost, in no bundle of the method).",
        ),
        given("outcome", Type::Varchar, "What is valued."),
        PROGRAMME,
        DISTRICT,
        AUTHORITY,
        REGION,
        UNIT,
        measured(optional("gross", QUANTITY, "What was counted, rounded. Null where confidential."), "see unit"),
        measured(optional("net_low", QUANTITY, "Net of additionality, low."), "see unit"),
        measured(optional("net_central", QUANTITY, "Net of additionality, central."), "see unit"),
        measured(optional("net_high", QUANTITY, "Net of additionality, high."), "see unit"),
        measured(
            optional("value_low", POUNDS, "Value, low. Null where the method has no value for the quarter."),
            "GBP of price_base_year",
        ),
        measured(optional("value_central", POUNDS, "Value, central."), "GBP of price_base_year"),
        measured(optional("value_high", POUNDS, "Value, high."), "GBP of price_base_year"),
        BASE_YEAR,
        GRADE,
        CONFIDENCE,
        given("perspective", Type::Varchar, "From where leakage and displacement are judged: LCR or UK."),
        METHOD,
        MARKER,
        LABEL,
    ],
};

pub(super) const FUNDING: Table = Table {
    name: "funding",
    doc: "Money by quarter. Never add measures, instruments or currencies to each other; filter `in_totals` before adding the rest.",
    key: &[
        "quarter",
        "programme",
        "funder_id",
        "measure",
        "instrument",
        "district",
        "currency",
        "onward_grant",
        "in_totals",
    ],
    disclosure: Disclosure::NotAboutWork,
    columns: &[
        QUARTER,
        PROGRAMME,
        given("funder_id", Type::Varchar, "Who gave; `unknown` where no identifier is stated. See `organisations`."),
        given("measure", Type::Varchar, "COMMITTED, DISBURSED, REPAID or WRITTEN_OFF."),
        given("instrument", Type::Varchar, "GRANT, LOAN and so on; UNSPECIFIED where none is stated."),
        DISTRICT,
        given("currency", Type::Varchar, "ISO 4217 code."),
        given("onward_grant", Type::Boolean, "Whether the money is granted on to others."),
        AUTHORITY,
        REGION,
        given(
            "in_totals",
            Type::Boolean,
            "Whether totals take the row in: false for money granted on where the awards at its end are recorded too.",
        ),
        given("events", Type::BigInt, "Events behind the amount."),
        measured(given("amount", QUANTITY, "Amount in prices of the day, exact."), "see currency"),
        measured(
            optional("amount_real", POUNDS, "Amount in pounds of the base year. Null for other currencies than GBP."),
            "GBP of price_base_year",
        ),
        BASE_YEAR,
        LABEL,
    ],
};

pub(super) const JOBS: Table = Table {
    name: "jobs",
    doc: "Work by quarter and district, never by organisation. Levels (`kind` = `stock`) are never added over quarters; created, safeguarded and supported never to each other. Volunteers are not in it.",
    key: &["quarter", "measure", "programme", "district", "job_basis", "prior_status"],
    disclosure: Disclosure::Protected(Figures { counts: &["quantity"], companions: COMPANIONS, ..Figures::NONE }),
    columns: &[
        QUARTER,
        given("measure", Type::Varchar, "What is counted; see `measures`."),
        PROGRAMME,
        DISTRICT,
        given(
            "job_basis",
            Type::Varchar,
            "Relation of the posts to funding: CREATED, SAFEGUARDED, SUPPORTED; or NONE, which is all an employer employs and not the rest.",
        ),
        given("prior_status", Type::Varchar, "What the people did before, for hires and starts; else NONE."),
        KIND,
        UNIT,
        AUTHORITY,
        REGION,
        measured(LEVEL, "see unit"),
        STATEMENTS,
        CARRIED,
        STALE,
        MARKER,
        LABEL,
    ],
};

pub(super) const VOLUNTEERING: Table = Table {
    name: "volunteering",
    doc: "Volunteers and the hours they gave, by quarter and district. They are never jobs.",
    key: &["quarter", "measure", "programme", "district"],
    disclosure: Disclosure::Protected(Figures { counts: &["quantity"], companions: COMPANIONS, ..Figures::NONE }),
    columns: &[
        QUARTER,
        given("measure", Type::Varchar, "VOLUNTEERS or VOLUNTEER_HOURS."),
        PROGRAMME,
        DISTRICT,
        KIND,
        UNIT,
        AUTHORITY,
        REGION,
        measured(LEVEL, "see unit"),
        STATEMENTS,
        CARRIED,
        STALE,
        MARKER,
        LABEL,
    ],
};

pub(super) const DATA_QUALITY: Table = Table {
    name: "data_quality",
    doc: "What the figures rest on and what they leave out, per dataset, source and check. Duplicates are not counted here: how often a message came says nothing about the data.",
    key: &["dataset", "source", "check_name", "subject", "detail"],
    disclosure: Disclosure::Open(
        "counts events, messages and series that organisations sent, never people; contents about work are numbered, since a digest could be guessed at",
    ),
    columns: &[
        given("dataset", Type::Varchar, "`funding` or `employment`."),
        optional("source", Type::Varchar, "Who sent it. Null where the message could not be read."),
        given(
            "check_name",
            Type::Varchar,
            "live-events, cancelled-events, corrected-events (in force with a revision above 0), conflicting-identities, conflicting-content, rejected-messages, unknown-place, organisation-not-in-register, currency-not-valued, onward-grants-out-of-totals or stale-series.",
        ),
        given(
            "subject",
            Type::Varchar,
            "What the count is of: the reason code, the cause, the currency, the measure, the event id; else empty.",
        ),
        given("detail", Type::Varchar, "More on the subject: the stage, the quarter, the content; else empty."),
        given("events", Type::BigInt, "Distinct events, messages, contents or series."),
        LABEL,
    ],
};

pub(super) const CLAIMS: Table = Table {
    name: "claims",
    doc: "What was published about the region, in its own words, beside the figure computed here. A claim is never mixed into a figure.",
    key: &["claim"],
    disclosure: Disclosure::OfProtected,
    columns: &[
        given("claim", Type::Varchar, "Name of the claim."),
        given("text", Type::Varchar, "What was said."),
        measured(given("value", POUNDS, "The number in it."), "see unit"),
        given("unit", Type::Varchar, "PERSONS or the currency."),
        given("source", Type::Varchar, "Who said it."),
        given("url", Type::Varchar, "Where."),
        given("claimed_on", Type::Varchar, "When, as 2020-08 or 2020-08-17."),
        optional("headline", Type::Varchar, "Figure of `headline` that measures the same. Null where none does."),
        optional("programme", Type::Varchar, "Programme of that figure, or `all`."),
        optional("period", Type::Varchar, "Period of the computed figure. Null where nothing was computed."),
        optional("basis", Type::Varchar, "How that period was made of quarters, and in which prices."),
        measured(optional("computed_low", QUANTITY, "Computed figure, low."), "see unit"),
        measured(optional("computed_central", QUANTITY, "Computed figure, central."), "see unit"),
        measured(optional("computed_high", QUANTITY, "Computed figure, high."), "see unit"),
        given("area", Type::Varchar, "GSS code of the method's own area, which the claim and the figure are of."),
        METHOD,
        MARKER,
        LABEL,
    ],
};
