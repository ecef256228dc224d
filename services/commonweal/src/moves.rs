//! What would move if the events in force were enriched by another reference
//! version: entries, money and jobs, by what they are grouped by.

use crate::AppError;
use arrow::array::{Array as _, ArrayRef, AsArray as _, Decimal128Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Decimal128Type};
use commonweal_enrich::{Reference, enrich};
use commonweal_ledger::post::reclassify::{decided_columns, differing};
use commonweal_ledger::{InForce, LedgerError};
use commonweal_schemas::codes::Kind;
use commonweal_schemas::{Dataset, Measure};
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap};
use std::hash::{Hash as _, Hasher as _};

/// Columns that sums are shown by.
pub(crate) const DIMENSIONS: [&str; 7] =
    ["district", "combined_authority", "region", "imd_decile", "legal_form", "sic", "icnptso"];
/// What tells one series of levels from another.
const SERIES: [&str; 12] = [
    "source",
    "measure",
    "unit",
    "job_basis",
    "prior_status",
    "organisation_key",
    "organisation_name",
    "counterparty_key",
    "programme",
    "award_id",
    "postcode",
    "place_code",
];
/// Value of a column that is null.
const NONE: &str = "unknown";

/// Entries of a dataset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) in_force: u64,
    /// Those that differ in any column.
    pub(crate) moving: u64,
}

/// From where to where something moves.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Move {
    /// Place in [`DIMENSIONS`].
    pub(crate) dimension: usize,
    pub(crate) measure: String,
    pub(crate) unit: String,
    pub(crate) from: String,
    pub(crate) to: String,
}

/// How much moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    pub(crate) entries: u64,
    /// Ten-thousandths of the unit. Levels at different dates are not added:
    /// of each series the last counts.
    pub(crate) quantity: i128,
}

/// An entry that moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Example {
    pub(crate) dataset: Dataset,
    pub(crate) source: String,
    pub(crate) event_id: String,
    /// Columns that differ: name, before and after.
    pub(crate) columns: Vec<(String, String, String)>,
}

/// What would move.
#[derive(Debug, Default)]
pub(crate) struct Moves {
    pub(crate) datasets: BTreeMap<Dataset, Counts>,
    /// Entries that differ in a column, by its name.
    pub(crate) columns: BTreeMap<String, u64>,
    pub(crate) amounts: BTreeMap<Move, Amount>,
    /// The first that move, as many as were asked for.
    pub(crate) examples: Vec<Example>,
}

/// The last level of a series, and where it moves.
struct Level {
    day: i32,
    moves: Vec<(Move, i128)>,
}

impl Moves {
    /// Takes in the entries of one dataset that are in force. Memory holds,
    /// beside a batch, the last level of each series.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub(crate) fn add(
        &mut self,
        dataset: Dataset,
        entries: &mut InForce,
        versions: [&Reference; 2],
        examples_max: usize,
    ) -> Result<(), AppError> {
        let mut levels: HashMap<[u64; 2], Level> = HashMap::new();
        while let Some(standing) = entries.next_batch()? {
            let events = standing.events()?;
            let sides = [enrich(&events, versions[0])?, enrich(&events, versions[1])?];
            let counts = self.datasets.entry(dataset).or_default();
            counts.in_force += events.num_rows() as u64;
            let differs = differing(&sides[0], &sides[1])?;
            let moving = differs.true_count();
            counts.moving += moving as u64;
            let stated = Stated::of(&events)?;
            // Of levels those that stay where they are count too: they may be the last.
            if moving > 0 || stated.has_levels {
                let sides = [Decided::of(&sides[0])?, Decided::of(&sides[1])?];
                for row in 0..events.num_rows() {
                    let row = Row { stated: &stated, sides: &sides, at: row, differs: differs.value(row) };
                    self.row(dataset, &row, &mut levels, examples_max);
                }
            }
        }
        for (of, quantity) in levels.into_values().flat_map(|level| level.moves) {
            self.amounts.entry(of).or_default().quantity += quantity;
        }
        Ok(())
    }

    fn row(&mut self, dataset: Dataset, row: &Row<'_>, levels: &mut HashMap<[u64; 2], Level>, examples_max: usize) {
        let moves = if row.differs { row.moves() } else { Vec::new() };
        for of in &moves {
            self.amounts.entry(of.clone()).or_default().entries += 1;
        }
        if row.differs {
            let columns = row.differing_columns();
            for (name, _, _) in &columns {
                *self.columns.entry(name.clone()).or_default() += 1;
            }
            if self.examples.len() < examples_max {
                let [source, event_id] = ["source", "event_id"].map(|name| row.stated.text(name, row.at).to_owned());
                self.examples.push(Example { dataset, source, event_id, columns });
            }
        }
        let quantity = row.stated.quantity(row.at);
        if !row.stated.is_level(row.at) {
            for of in moves {
                self.amounts.entry(of).or_default().quantity += quantity;
            }
            return;
        }
        let day = row.stated.day(row.at);
        let level = levels.entry(row.stated.series(row.at)).or_insert(Level { day, moves: Vec::new() });
        if day < level.day {
            return;
        }
        if day > level.day {
            *level = Level { day, moves: Vec::new() };
        }
        level.moves.extend(moves.into_iter().map(|of| (of, quantity)));
    }
}

/// What events state, as text.
struct Stated {
    texts: HashMap<&'static str, StringArray>,
    quantities: Decimal128Array,
    days: arrow::array::Date32Array,
    has_levels: bool,
}

impl Stated {
    fn of(events: &RecordBatch) -> Result<Self, AppError> {
        let mut texts = HashMap::new();
        for name in SERIES.into_iter().chain(["event_id"]) {
            texts.insert(name, as_text(events, name)?);
        }
        let lost = || AppError::Ledger(LedgerError::Column("of the enriched schema"));
        let quantity = events.column_by_name("quantity").and_then(|column| column.as_primitive_opt::<Decimal128Type>());
        let days = events.column_by_name("occurred_on").and_then(|column| column.as_primitive_opt::<Date32Type>());
        let mut stated = Self {
            texts,
            quantities: quantity.ok_or_else(lost)?.clone(),
            days: days.ok_or_else(lost)?.clone(),
            has_levels: false,
        };
        stated.has_levels = (0..events.num_rows()).any(|row| stated.is_level(row));
        Ok(stated)
    }

    fn text(&self, name: &str, row: usize) -> &str {
        self.texts.get(name).filter(|texts| texts.is_valid(row)).map_or("", |texts| texts.value(row))
    }

    /// Whether it is a level at a day, not something that was done.
    fn is_level(&self, row: usize) -> bool {
        Measure::from_code(self.text("measure", row)).is_some_and(|measure| measure.kind() == Kind::Stock)
    }

    fn quantity(&self, row: usize) -> i128 {
        if self.quantities.is_valid(row) { self.quantities.value(row) } else { 0 }
    }

    fn day(&self, row: usize) -> i32 {
        if self.days.is_valid(row) { self.days.value(row) } else { i32::MIN }
    }

    /// The series of a level, in 128 bits: among a billion series two share
    /// one with a chance of about one in 10^21.
    fn series(&self, row: usize) -> [u64; 2] {
        [0_u8, 1].map(|seed| {
            let mut hasher = DefaultHasher::new();
            seed.hash(&mut hasher);
            for name in SERIES {
                self.text(name, row).hash(&mut hasher);
            }
            hasher.finish()
        })
    }
}

/// What enrichment decided, as text.
struct Decided(Vec<(String, StringArray)>);

impl Decided {
    fn of(enriched: &RecordBatch) -> Result<Self, AppError> {
        let columns = decided_columns().into_iter().map(|name| {
            let texts = as_text(enriched, &name)?;
            Ok((name, texts))
        });
        Ok(Self(columns.collect::<Result<_, AppError>>()?))
    }
}

/// An event in force under both versions.
struct Row<'a> {
    stated: &'a Stated,
    sides: &'a [Decided; 2],
    at: usize,
    differs: bool,
}

impl Row<'_> {
    /// Columns in which it differs.
    fn differing_columns(&self) -> Vec<(String, String, String)> {
        let [before, after] = self.sides;
        let value = |texts: &StringArray| {
            if texts.is_valid(self.at) { texts.value(self.at).to_owned() } else { NONE.to_owned() }
        };
        let pairs = before.0.iter().zip(&after.0);
        let columns = pairs.map(|((name, before), (_, after))| (name.clone(), value(before), value(after)));
        columns.filter(|(_, before, after)| before != after).collect()
    }

    fn moves(&self) -> Vec<Move> {
        let [measure, unit] = ["measure", "unit"].map(|name| self.stated.text(name, self.at));
        let of = |(name, from, to): (String, String, String)| {
            let dimension = DIMENSIONS.iter().position(|dimension| *dimension == name)?;
            Some(Move { dimension, measure: measure.to_owned(), unit: unit.to_owned(), from, to })
        };
        self.differing_columns().into_iter().filter_map(of).collect()
    }
}

fn as_text(batch: &RecordBatch, name: &str) -> Result<StringArray, AppError> {
    let column: &ArrayRef =
        batch.column_by_name(name).ok_or(AppError::Ledger(LedgerError::Column("of the enriched schema")))?;
    let texts = cast(column, &DataType::Utf8)?;
    texts.as_string_opt::<i32>().cloned().ok_or(AppError::Ledger(LedgerError::Column("of the enriched schema")))
}
