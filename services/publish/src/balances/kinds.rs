//! What is kept: the columns of each kind of segment.

use arrow::datatypes::{DataType, Field, Schema};
use commonweal_journal::Book;
use commonweal_schemas::Dataset;
use commonweal_schemas::arrow_schema::{balances_key_columns, posting_stored};

/// A kind of segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Keys of the cells of one dataset, half by half.
    Keys(Dataset),
    /// Postings of one dataset summed per cell, which names its key's halves.
    Balances(Dataset),
    /// Names of organisations as events of one dataset state them.
    Names(Dataset),
    /// Distinct refused messages: the same bytes sent again count once.
    Rejected,
    /// Contents of identities that were stated in two ways.
    Conflicts,
    /// Entries by source, quarter and day of recording.
    Recorded,
}

/// Halves of a key by number: what belongs to the party, and what to the deed.
/// In a segment of keys the first says which half a row is, 0 or 1, and rows
/// of a half are numbered from 0 in their order.
pub(super) const HALVES: [&str; 2] = ["party", "deed"];
/// Sums of a cell, after its quantity.
pub(crate) const COUNT_COLUMNS: [&str; 4] = ["entries", "cancelled", "conflict", "corrected"];

impl Kind {
    pub(crate) const ALL: [Self; 9] = [
        Self::Keys(Dataset::Funding),
        Self::Keys(Dataset::Employment),
        Self::Balances(Dataset::Funding),
        Self::Balances(Dataset::Employment),
        Self::Names(Dataset::Funding),
        Self::Names(Dataset::Employment),
        Self::Rejected,
        Self::Conflicts,
        Self::Recorded,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Keys(Dataset::Funding) => "keys-funding",
            Self::Keys(Dataset::Employment) => "keys-employment",
            Self::Balances(Dataset::Funding) => "balances-funding",
            Self::Balances(Dataset::Employment) => "balances-employment",
            Self::Names(Dataset::Funding) => "names-funding",
            Self::Names(Dataset::Employment) => "names-employment",
            Self::Rejected => "rejected",
            Self::Conflicts => "conflicts",
            Self::Recorded => "recorded",
        }
    }

    /// Columns a segment is grouped by.
    pub(crate) fn keys(self) -> Vec<&'static str> {
        match self {
            Self::Balances(_) => HALVES.to_vec(),
            Self::Keys(_) => {
                let mut keys = balances_key_columns().to_vec();
                keys.push("as_of");
                keys
            }
            Self::Names(_) => vec!["id", "name"],
            Self::Rejected => vec!["dataset", "reason", "payload_digest", "source", "stage"],
            Self::Conflicts => vec!["dataset", "source", "event_id", "revision", "content_digest"],
            Self::Recorded => vec!["dataset", "source", "quarter", "recorded_on"],
        }
    }

    /// Type of a key column.
    pub(crate) fn key_type(name: &str) -> DataType {
        key_field(name).data_type().clone()
    }

    /// Columns of a segment.
    pub(crate) fn schema(self) -> Schema {
        let mut fields: Vec<Field> = self.keys().into_iter().map(key_field).collect();
        let sums: &[&str] = match self {
            Self::Keys(_) => {
                fields.insert(0, key_field(HALVES[0]));
                &[]
            }
            Self::Balances(_) => {
                fields.push(Field::new("quantity", DataType::Decimal128(28, 4), true));
                &COUNT_COLUMNS
            }
            Self::Names(_) | Self::Recorded => &["entries"],
            Self::Rejected => &[],
            Self::Conflicts => &["standing", "conflict"],
        };
        fields.extend(sums.iter().map(|name| Field::new(*name, DataType::Int64, true)));
        Schema::new(fields)
    }

    /// Query that makes a segment of the new files of the books; none for the
    /// kinds that are summed without SQL.
    pub(super) fn fresh_sql(self) -> Option<String> {
        match self {
            Self::Keys(_) | Self::Balances(_) | Self::Names(_) => None,
            Self::Rejected => {
                let keys = self.keys().join(", ");
                Some(format!("SELECT DISTINCT {keys} FROM {}", new_table(Book::Rejections)))
            }
            Self::Conflicts => Some([Book::Funding, Book::Employment].map(conflicts_of).join(" UNION ALL ")),
            Self::Recorded => Some([Book::Funding, Book::Employment].map(recorded_of).join(" UNION ALL ")),
        }
    }

    /// Query that makes one segment of those in the table `parts`; none as
    /// above. A conflicting content stays listed whatever it sums to.
    pub(crate) fn merge_sql(self, parts: &str) -> Option<String> {
        let keys = self.keys().join(", ");
        match self {
            Self::Keys(_) | Self::Balances(_) | Self::Names(_) => None,
            Self::Rejected => Some(format!("SELECT DISTINCT {keys} FROM {parts}")),
            Self::Conflicts => Some(format!(
                "SELECT {keys}, CAST(SUM(standing) AS BIGINT) AS standing, CAST(SUM(conflict) AS BIGINT) AS conflict \
                 FROM {parts} GROUP BY {keys}"
            )),
            Self::Recorded => Some(format!(
                "SELECT {keys}, CAST(SUM(entries) AS BIGINT) AS entries FROM {parts} GROUP BY {keys} \
                 HAVING SUM(entries) <> 0"
            )),
        }
    }

    /// Whether a book's entries go into this kind.
    pub(super) fn reads(self, book: Book) -> bool {
        match self {
            Self::Keys(dataset) | Self::Balances(dataset) | Self::Names(dataset) => book.dataset() == Some(dataset),
            Self::Rejected => book == Book::Rejections,
            Self::Conflicts | Self::Recorded => book.dataset().is_some(),
        }
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

/// A content stands where its record or its cancellation is in force.
fn conflicts_of(book: Book) -> String {
    let table = new_table(book);
    format!(
        "SELECT '{book}' AS dataset, source, event_id, revision, content_digest, \
         CAST(SUM(entry + cancelled) AS BIGINT) AS standing, CAST(SUM(conflict) AS BIGINT) AS conflict \
         FROM {table} WHERE cause = 'conflict' OR conflict <> 0 \
         GROUP BY source, event_id, revision, content_digest"
    )
}

fn recorded_of(book: Book) -> String {
    let table = new_table(book);
    format!(
        "SELECT '{book}' AS dataset, source, quarter, CAST(recorded_at AS DATE) AS recorded_on, \
         CAST(SUM(entry) AS BIGINT) AS entries \
         FROM {table} WHERE entry <> 0 GROUP BY source, quarter, CAST(recorded_at AS DATE)"
    )
}

fn key_field(name: &str) -> Field {
    let data_type = match name {
        "as_of" | "recorded_on" => DataType::Date32,
        "party" | "deed" => DataType::Int32,
        "payload_digest" => DataType::Binary,
        "dataset" | "reason" | "stage" | "id" | "name" => DataType::Utf8,
        _ => posting_stored().field_with_name(name).map_or(DataType::Utf8, |field| field.data_type().clone()),
    };
    Field::new(name, data_type, true)
}
