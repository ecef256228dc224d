//! What a later release changes of an earlier one: a table of its own, made
//! when it is asked for.

use super::facts::QUANTITY;
use super::{Disclosure, Table, Type, given, measured, optional};

pub(crate) const REVISIONS: Table = Table {
    name: "revisions",
    doc: "What a later release changes of an earlier one, by cause: a row for each figure and cause that changed it. The differences of a figure add up to new less old exactly. Rows of quarters after the earlier release's last one are no revisions and are not in it. Figures of different tables, units, subjects or columns are never added.",
    key: &["table_name", "row_key", "figure", "cause"],
    disclosure: Disclosure::OfProtected,
    columns: &[
        given("table_name", Type::Varchar, "Published table that the figure is in."),
        given("row_key", Type::Varchar, "Row of that table: the values of its key columns, with a bar between."),
        given("figure", Type::Varchar, "Column of that table."),
        given(
            "cause",
            Type::Varchar,
            "new-quarter, late-data, correction, reclassification, parameter, method or disclosure; several with a plus between where they cannot be told apart without telling what is confidential.",
        ),
        optional("period", Type::Varchar, "Quarter or period of the row. Null where its table has none."),
        optional(
            "subject",
            Type::Varchar,
            "What the row is about: the headline, outcome, measure, claim or target. Null where its table has none.",
        ),
        optional("programme", Type::Varchar, "Programme of the row, or `all`. Null where its table has none."),
        optional(
            "place",
            Type::Varchar,
            "District, area or place of the row, or `all`. Null where its table has none.",
        ),
        optional("unit", Type::Varchar, "Unit of the figure. Null for what is only counted."),
        measured(
            optional(
                "old",
                QUANTITY,
                "The whole figure in the earlier release. Null where it had no such row or no figure, and where confidential.",
            ),
            "see unit",
        ),
        measured(
            optional(
                "new",
                QUANTITY,
                "The whole figure in the later release. Null where it has no such row or no figure, and where confidential.",
            ),
            "see unit",
        ),
        measured(
            optional(
                "difference",
                QUANTITY,
                "What the cause changed the figure by; what is not there counts as nothing. Null where old or new is confidential.",
            ),
            "see unit",
        ),
        given("old_release", Type::Varchar, "When the last entry of the earlier release was posted, UTC; or `empty`."),
        given("old_method", Type::Varchar, "Version of the method book that the earlier release was made by."),
        given("new_release", Type::Varchar, "The same of the later release."),
        given("new_method", Type::Varchar, "The same of the later release."),
        optional(
            "disclosure",
            Type::Varchar,
            "`c`: old or new is confidential; `r`: the figure is about work, so rounded or made of rounded ones. Null: neither.",
        ),
        optional("kept_back", Type::Varchar, "Which of the two is confidential: `old` or `new`. Null: neither."),
        given("data_label", Type::Varchar, "What kind of data the figures rest on: `recorded`, or `synthetic`."),
    ],
};
