//! Tables that rest on other published ones: shares, lifetimes, ratios, targets,
//! and what they are worth as evidence.

use super::facts::{
    AUTHORITY, BASE_YEAR, CONFIDENCE, DISTRICT, GRADE, LABEL, MARKER, METHOD, POUNDS, PROGRAMME, QUANTITY, QUARTER,
    REGION, UNIT,
};
use super::{Column, Disclosure, Figures, Table, Type, given, measured, optional};

const BUNDLE: Column = given("bundle", Type::Varchar, "ECONOMIC, FISCAL, WELLBEING or VOLUNTEERING; never added.");
const OUTCOME: Column = given("outcome", Type::Varchar, "What is valued; see `social_value`.");
const REAL: &str = "GBP of price_base_year";

const fn pounds(name: &'static str, doc: &'static str) -> Column {
    measured(optional(name, POUNDS, doc), REAL)
}

const fn cash(name: &'static str, doc: &'static str) -> Column {
    measured(optional(name, QUANTITY, doc), "GBP")
}

pub(super) const FUNDER_SHARES: Table = Table {
    name: "funder_shares",
    doc: "Each funder's share of what a programme was paid, in real pounds. Shares of a programme add up to one.",
    key: &["programme", "funder_id"],
    disclosure: Disclosure::NotAboutWork,
    columns: &[
        PROGRAMME,
        given("funder_id", Type::Varchar, "Who gave; `unknown` where no identifier is stated."),
        given("basis", Type::Varchar, "DISBURSED, or COMMITTED where no payment is reported."),
        given("share", Type::Decimal(12), "Share, from 0 to 1."),
        BASE_YEAR,
        LABEL,
    ],
};

pub(super) const ATTRIBUTION: Table = Table {
    name: "attribution",
    doc: "Social value by funder. What a funder contributed to is all of a programme's value and must not be added over funders; what is attributed to it is its share, and may.",
    key: &["quarter", "bundle", "outcome", "programme", "funder_id"],
    disclosure: Disclosure::OfProtected,
    columns: &[
        QUARTER,
        BUNDLE,
        OUTCOME,
        PROGRAMME,
        given("funder_id", Type::Varchar, "Who gave; `unknown` where nobody is known to have paid for it."),
        given("basis", Type::Varchar, "What the share rests on: DISBURSED, COMMITTED or none."),
        given("share", Type::Decimal(12), "The funder's share of the programme, from 0 to 1."),
        pounds("contribution_to_low", "The programme's value, low."),
        pounds("contribution_to_central", "The programme's value, central."),
        pounds("contribution_to_high", "The programme's value, high."),
        pounds("attributed_low", "The funder's share of it, low."),
        pounds("attributed_central", "The funder's share of it, central."),
        pounds("attributed_high", "The funder's share of it, high."),
        BASE_YEAR,
        GRADE,
        CONFIDENCE,
        METHOD,
        MARKER,
        LABEL,
    ],
};

pub(super) const LEVERAGE: Table = Table {
    name: "leverage",
    doc: "What other money a programme brought with it, in pounds of the day. Columns are never added: grants and repayable finance are apart, and so is what was given in kind.",
    key: &["programme", "measure"],
    disclosure: Disclosure::NotAboutWork,
    columns: &[
        PROGRAMME,
        given("measure", Type::Varchar, "COMMITTED or DISBURSED."),
        cash("lead_grants", "Grants of the programme's own funders."),
        cash("lead_repayable", "Loans and equity of the programme's own funders."),
        cash("match_grants", "Grants of those who match it."),
        cash("match_repayable", "Loans and equity of those who match it."),
        cash("unstated_grants", "Grants of funders whose role the method does not state."),
        cash("unstated_repayable", "Loans and equity of funders whose role the method does not state."),
        cash("in_kind", "What was given in kind, at its stated worth."),
        optional("leverage", Type::Double, "Match cash per pound of lead cash. Null where there is no lead cash."),
        LABEL,
    ],
};

pub(super) const LIFETIME_VALUE: Table = Table {
    name: "lifetime_value",
    doc: "The outcomes of each programme and quarter over all districts, and their value over their whole life: with `value_for_money`, the only place where anything is discounted. Values of a stock must not be added over quarters, since a post stands in each quarter it is there.",
    key: &["quarter", "bundle", "outcome", "programme"],
    disclosure: Disclosure::Protected(Figures {
        counts: &["gross"],
        values: &[
            "value_low",
            "value_central",
            "value_high",
            "undiscounted_low",
            "undiscounted_central",
            "undiscounted_high",
            "present_low",
            "present_central",
            "present_high",
        ],
        ..Figures::NONE
    }),
    columns: &[
        QUARTER,
        BUNDLE,
        OUTCOME,
        PROGRAMME,
        given("kind", Type::Varchar, "`stock`, posts at the quarter's end, or `flow`, what came about in the quarter."),
        measured(optional("gross", QUANTITY, "What was counted, over all districts."), "people, or hours"),
        pounds("value_low", "Worth in the quarter, low."),
        pounds("value_central", "Worth in the quarter, central."),
        pounds("value_high", "Worth in the quarter, high."),
        given("years_low", Type::Integer, "Years it lasts, low."),
        given("years_central", Type::Integer, "Years it lasts, central."),
        given("years_high", Type::Integer, "Years it lasts, high."),
        pounds("undiscounted_low", "Value over those years after drop-off, low."),
        pounds("undiscounted_central", "Value over those years after drop-off, central."),
        pounds("undiscounted_high", "Value over those years after drop-off, high."),
        pounds("present_low", "The same discounted to the quarter's year, low."),
        pounds("present_central", "The same discounted to the quarter's year, central."),
        pounds("present_high", "The same discounted to the quarter's year, high."),
        BASE_YEAR,
        GRADE,
        CONFIDENCE,
        METHOD,
        MARKER,
        LABEL,
    ],
};

pub(super) const REPAYABLE_FINANCE: Table = Table {
    name: "repayable_finance",
    doc: "Loans and equity per programme, from its first quarter up to each. Columns are running totals: never add them over quarters, nor to grants.",
    key: &["programme", "quarter"],
    disclosure: Disclosure::NotAboutWork,
    columns: &[
        PROGRAMME,
        QUARTER,
        cash("deployed", "Paid out so far, what was lent again included."),
        cash("repaid", "Come back so far."),
        cash("written_off", "Given up so far."),
        cash("outstanding", "Deployed, less repaid, less written off."),
        cash("injected", "Most that was ever out at once: what had to be put in."),
        optional("recycling_ratio", Type::Double, "Deployed per pound injected. Null where nothing was."),
        pounds("grant_equivalent_low", "What it comes to as a grant, low: fewest defaults. Null without a deflator."),
        pounds("grant_equivalent_central", "What it comes to as a grant, central."),
        pounds("grant_equivalent_high", "What it comes to as a grant, high: most defaults."),
        BASE_YEAR,
        CONFIDENCE,
        METHOD,
        LABEL,
    ],
};

pub(super) const VALUE_FOR_MONEY: Table = Table {
    name: "value_for_money",
    doc: "What each pound put into a programme has brought so far, by outcome. Ratios of outcomes are never added.",
    key: &["programme", "bundle", "outcome"],
    disclosure: Disclosure::OfProtected,
    columns: &[
        PROGRAMME,
        BUNDLE,
        OUTCOME,
        pounds("benefits_low", "Present value of the outcome so far, low."),
        pounds("benefits_central", "Present value of the outcome so far, central."),
        pounds("benefits_high", "Present value of the outcome so far, high."),
        optional(
            "grants_basis",
            Type::Varchar,
            "DISBURSED, or COMMITTED where no payment is reported. Null without grants.",
        ),
        pounds("grants", "Present value of the grants put in."),
        pounds("grant_equivalent", "Present value of the grant equivalent of repayable finance."),
        optional("ratio_low", Type::Double, "Benefits per pound put in, low. Null where nothing was put in."),
        optional("ratio_central", Type::Double, "Benefits per pound put in, central."),
        optional("ratio_high", Type::Double, "Benefits per pound put in, high."),
        BASE_YEAR,
        GRADE,
        CONFIDENCE,
        METHOD,
        MARKER,
        LABEL,
    ],
};

pub(super) const RECONCILIATION: Table = Table {
    name: "reconciliation",
    doc: "Whether employers' stock agrees with their hires and leavers, per quarter and district: closing = opening + hires - leavers + residual. Never by employer; an employer is compared from one statement to the next.",
    key: &["quarter", "district"],
    disclosure: Disclosure::Open(
        "It counts employers, not people; what their people do not add up by is a share to a thousandth, of three employers or more.",
    ),
    columns: &[
        QUARTER,
        DISTRICT,
        AUTHORITY,
        REGION,
        given("employers", Type::BigInt, "Employers compared."),
        given("employers_without_movements", Type::BigInt, "Employers that state a stock and no movements."),
        given("employers_out_of_tolerance", Type::BigInt, "Of those compared, those whose residual is too great."),
        optional(
            "residual_share",
            Type::Double,
            "What is not explained, per person they closed with, to a thousandth. Null where fewer than three are compared.",
        ),
        LABEL,
    ],
};

pub(super) const TARGETS: Table = Table {
    name: "targets",
    doc: "What was to be reached by when, and what has been.",
    key: &["target"],
    disclosure: Disclosure::OfProtected,
    columns: &[
        given("target", Type::Varchar, "Name of the target."),
        given("text", Type::Varchar, "What was set."),
        given("measure", Type::Varchar, "What is counted; see `measures`."),
        given("job_basis", Type::Varchar, "Relation of posts to funding, as in `jobs`; else NONE."),
        optional("instrument", Type::Varchar, "GRANT, LOAN and so on. Null where it is not money."),
        given("programme", Type::Varchar, "A programme, or `all`."),
        given("place", Type::Varchar, "GSS code of a district or combined authority, or `all`."),
        optional("from_quarter", Type::Varchar, "First quarter that counts. Null for levels."),
        given("quarter", Type::Varchar, "By the end of which quarter."),
        UNIT,
        measured(given("target_value", QUANTITY, "What was to be reached."), "see unit"),
        given("actual_quarter", Type::Varchar, "Quarter the actual figure is of: the target's, or the last so far."),
        measured(optional("actual", QUANTITY, "What was reached. Null where nothing tells of it."), "see unit"),
        measured(optional("gap", QUANTITY, "Actual less target."), "see unit"),
        measured(optional("trend", QUANTITY, "Change of the actual figure over the four quarters before."), "see unit"),
        given("status", Type::Varchar, "met, missed, open (its quarter is still to come) or unknown."),
        given("source", Type::Varchar, "Who set it."),
        given("url", Type::Varchar, "Where."),
        given("stated_on", Type::Varchar, "When, as 2020-08 or 2020-08-17."),
        MARKER,
        LABEL,
    ],
};

pub(super) const COMPLETENESS: Table = Table {
    name: "completeness",
    doc: "Whether a quarter of a source is complete: by who is expected to state a level, and by how late the source's statements were recorded before.",
    key: &["dataset", "source", "quarter"],
    disclosure: Disclosure::Open("It counts statements and series of a whole source, not people."),
    columns: &[
        given("dataset", Type::Varchar, "`funding` or `employment`."),
        given("source", Type::Varchar, "Who sent it."),
        QUARTER,
        given("statements", Type::BigInt, "Events in force of the quarter."),
        optional(
            "series_expected",
            Type::BigInt,
            "Series with a level in this quarter or one of the four before. Null for what has no levels.",
        ),
        optional("series_stated", Type::BigInt, "Of those, the ones with a level in this quarter."),
        given("last_recorded", Type::Date, "Last day on which a statement of the quarter was recorded."),
        given(
            "days_late_allowed",
            Type::Integer,
            "Days after a quarter's end within which 19 of 20 statements of the source were recorded.",
        ),
        given("complete_from", Type::Date, "Day on which the source's time for the quarter is over."),
        given("as_of", Type::Date, "Last day on which anything was recorded: what the answer is given for."),
        given("complete", Type::Varchar, "yes; no, where somebody expected is missing; later, before `complete_from`."),
        LABEL,
    ],
};
