//! What is summed: the columns of each kind of segment, the query that makes
//! one from new journal files, and the query that merges several.

use arrow::datatypes::{DataType, Field, Schema};
use commonweal_journal::Book;
use commonweal_schemas::arrow_schema::{balances_key_columns, posting_stored};
use commonweal_schemas::codes::{Kind as MeasureKind, Measure};

/// A kind of segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Postings summed per cell.
    Balances,
    /// Distinct refused messages: the same bytes sent again count once.
    Rejected,
    /// Contents of identities that were stated in two ways.
    Conflicts,
    /// Names of organisations as live events state them.
    Names,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Balances, Self::Rejected, Self::Conflicts, Self::Names];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Balances => "balances",
            Self::Rejected => "rejected",
            Self::Conflicts => "conflicts",
            Self::Names => "names",
        }
    }

    /// Whether a book's entries go into this kind.
    pub(super) fn reads(self, book: Book) -> bool {
        match self {
            Self::Rejected => book == Book::Rejections,
            Self::Balances | Self::Conflicts | Self::Names => book.dataset().is_some(),
        }
    }

    /// Columns of a segment.
    pub(crate) fn schema(self) -> Schema {
        let mut fields: Vec<Field> = self.keys().into_iter().map(key_field).collect();
        fields.extend(self.sums().iter().map(|name| Field::new(*name, sum_type(name), true)));
        Schema::new(fields)
    }

    fn keys(self) -> Vec<&'static str> {
        match self {
            Self::Balances => {
                let mut keys = vec!["dataset"];
                keys.extend(balances_key_columns());
                keys.push("as_of");
                keys
            }
            Self::Rejected => vec!["dataset", "reason", "payload_digest", "source", "stage"],
            Self::Conflicts => vec!["dataset", "source", "event_id", "revision", "content_digest"],
            Self::Names => vec!["id", "name"],
        }
    }

    const fn sums(self) -> &'static [&'static str] {
        match self {
            Self::Balances => &["quantity", "entries", "cancelled", "conflict", "corrected"],
            Self::Rejected => &[],
            Self::Conflicts => &["standing", "conflict"],
            Self::Names => &["entries"],
        }
    }

    /// Query that makes a segment from the tables of new files.
    pub(super) fn fresh_sql(self) -> String {
        match self {
            Self::Balances => per_dataset(balances_of),
            Self::Rejected => {
                let keys = self.keys().join(", ");
                format!("SELECT DISTINCT {keys} FROM {}", new_table(Book::Rejections))
            }
            Self::Conflicts => per_dataset(conflicts_of),
            Self::Names => names_sql(),
        }
    }

    /// Query that makes one segment of those in the table `parts`. Cells whose
    /// every sum is zero are dropped from balances and names; a conflicting
    /// content stays listed whatever it sums to.
    pub(crate) fn merge_sql(self, parts: &str) -> String {
        let keys = self.keys().join(", ");
        let sums = self.sums();
        if sums.is_empty() {
            return format!("SELECT DISTINCT {keys} FROM {parts}");
        }
        let columns: Vec<String> = sums
            .iter()
            .map(|name| format!("CAST(SUM({name}) AS {}) AS {name}", sum_sql_type(name)))
            .collect();
        let having = match self {
            Self::Balances | Self::Names => format!(" HAVING {}", any_not_zero(sums)),
            Self::Rejected | Self::Conflicts => String::new(),
        };
        format!("SELECT {keys}, {} FROM {parts} GROUP BY {keys}{having}", columns.join(", "))
    }

    /// Query that nets balances over the day of booking, for the models: what
    /// a reversal took back is gone, so no trace is left of the order in which
    /// events came. `conflict` stays out: which cell carries it depends on
    /// that order.
    pub(crate) fn net_balances_sql(parts: &str) -> String {
        let keys: Vec<&str> = Self::Balances.keys().into_iter().filter(|key| *key != "booked_on").collect();
        let keys = keys.join(", ");
        let sums = ["quantity", "entries", "cancelled", "corrected"];
        let columns: Vec<String> =
            sums.iter().map(|name| format!("CAST(SUM({name}) AS {}) AS {name}", sum_sql_type(name))).collect();
        let having = any_not_zero(&sums);
        format!("SELECT {keys}, {} FROM {parts} GROUP BY {keys} HAVING {having}", columns.join(", "))
    }
}

/// Table of a book's new files.
pub(super) fn new_table(book: Book) -> String {
    format!("new_{book}")
}

/// Table of the segments that are merged.
pub(super) fn merged_table(kind: Kind) -> String {
    format!("merged_{}", kind.name())
}

fn any_not_zero(sums: &[&str]) -> String {
    sums.iter().map(|name| format!("SUM({name}) <> 0")).collect::<Vec<_>>().join(" OR ")
}

fn per_dataset(query: fn(Book, &str) -> String) -> String {
    [Book::Funding, Book::Employment].map(|book| query(book, &new_table(book))).join(" UNION ALL ")
}

fn balances_of(book: Book, table: &str) -> String {
    let keys = balances_key_columns().join(", ");
    let stocks: Vec<String> = Measure::ALL
        .into_iter()
        .filter(|measure| measure.kind() == MeasureKind::Stock)
        .map(|measure| format!("'{}'", measure.code()))
        .collect();
    // Money and flows are added over time, so their date is not kept; a level
    // is not, so its is.
    let as_of = match book {
        Book::Employment => format!("CASE WHEN measure IN ({}) THEN occurred_on END", stocks.join(", ")),
        _ => "CAST(NULL AS DATE)".to_owned(),
    };
    let grouped = match book {
        Book::Employment => format!("{keys}, {as_of}"),
        _ => keys.clone(),
    };
    format!(
        "SELECT '{book}' AS dataset, {keys}, {as_of} AS as_of, \
         CAST(COALESCE(SUM(quantity), 0) AS {}) AS quantity, \
         CAST(SUM(entry) AS BIGINT) AS entries, CAST(SUM(cancelled) AS BIGINT) AS cancelled, \
         CAST(SUM(conflict) AS BIGINT) AS conflict, \
         CAST(SUM(CASE WHEN revision > 0 THEN entry ELSE 0 END) AS BIGINT) AS corrected \
         FROM {table} GROUP BY {grouped}",
        sum_sql_type("quantity"),
    )
}

/// A content stands where its record or its cancellation is in force.
fn conflicts_of(book: Book, table: &str) -> String {
    format!(
        "SELECT '{book}' AS dataset, source, event_id, revision, content_digest, \
         CAST(SUM(entry + cancelled) AS BIGINT) AS standing, CAST(SUM(conflict) AS BIGINT) AS conflict \
         FROM {table} WHERE cause = 'conflict' OR conflict <> 0 \
         GROUP BY source, event_id, revision, content_digest"
    )
}

fn names_sql() -> String {
    let mut stated = Vec::new();
    for book in [Book::Funding, Book::Employment] {
        for party in ["organisation", "counterparty"] {
            let table = new_table(book);
            stated.push(format!(
                "SELECT {party}_id AS id, {party}_name AS name, SUM(entry) AS entries FROM {table} \
                 WHERE {party}_name IS NOT NULL AND {party}_id <> 'unknown' GROUP BY {party}_id, {party}_name"
            ));
        }
    }
    let stated = stated.join(" UNION ALL ");
    format!("SELECT id, name, CAST(SUM(entries) AS BIGINT) AS entries FROM ({stated}) AS stated GROUP BY id, name")
}

fn key_field(name: &str) -> Field {
    let data_type = match name {
        "as_of" => DataType::Date32,
        "payload_digest" => DataType::Binary,
        "dataset" | "reason" | "stage" | "id" | "name" => DataType::Utf8,
        _ => posting_stored().field_with_name(name).map_or(DataType::Utf8, |field| field.data_type().clone()),
    };
    Field::new(name, data_type, true)
}

fn sum_type(name: &str) -> DataType {
    if name == "quantity" { DataType::Decimal128(28, 4) } else { DataType::Int64 }
}

fn sum_sql_type(name: &str) -> &'static str {
    if name == "quantity" { "DECIMAL(28, 4)" } else { "BIGINT" }
}
