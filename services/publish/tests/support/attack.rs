//! A reader who wants what is kept back. It has the published files and the
//! description of the method, and nothing of the publisher's code: it writes
//! every published sum as a sum of cells, subtracts sums from each other,
//! takes what rounding leaves open as an interval, and narrows the intervals
//! of the cells until nothing moves any more.
//!
//! It is given more than readers have: it knows which of the cells that are
//! kept back are below the threshold, and that people are whole.

use arrow::array::{Array as _, ArrayRef};
use arrow::datatypes::Field;
use arrow::util::display::array_value_to_string;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;

/// Quantities are in ten-thousandths.
pub const ONE: i128 = 10_000;
const THRESHOLD: i128 = 10 * ONE;
const BASE: i128 = 5 * ONE;
const UNBOUNDED: i128 = 1_000_000_000 * ONE;
const PASSES_MAX: usize = 100;

/// Headline, measure, basis and prior status where only these count, and
/// quarters in a year's mean.
const HEADLINES: [(&str, &str, &str, &str, i128); 20] = [
    ("jobs", "HEADCOUNT", "NONE", "", 4),
    ("jobs-fte", "FTE", "NONE", "", 4),
    ("jobs-created", "HEADCOUNT", "CREATED", "", 4),
    ("jobs-safeguarded", "HEADCOUNT", "SAFEGUARDED", "", 4),
    ("jobs-supported", "HEADCOUNT", "SUPPORTED", "", 4),
    ("apprenticeships-in-learning", "APPRENTICESHIPS_IN_LEARNING", "NONE", "", 4),
    ("volunteers", "VOLUNTEERS", "NONE", "", 4),
    ("hires", "HIRES", "", "", 1),
    ("leavers", "LEAVERS", "", "", 1),
    ("apprenticeship-starts", "APPRENTICESHIP_STARTS", "", "", 1),
    ("apprenticeship-achievements", "APPRENTICESHIP_ACHIEVEMENTS", "", "", 1),
    ("training-hours", "TRAINING_HOURS", "", "", 1),
    ("volunteer-hours", "VOLUNTEER_HOURS", "", "", 1),
    ("gva-jobs-created", "HEADCOUNT", "CREATED", "", 4),
    ("gva-jobs-safeguarded", "HEADCOUNT", "SAFEGUARDED", "", 4),
    ("gva-jobs-supported", "HEADCOUNT", "SUPPORTED", "", 4),
    ("benefits-saved-unemployed", "HIRES", "", "UNEMPLOYED", 1),
    ("benefits-saved-inactive", "HIRES", "", "INACTIVE", 1),
    ("wellbeing-into-work", "HIRES", "", "UNEMPLOYED", 1),
    ("volunteering-replacement", "VOLUNTEER_HOURS", "", "", 1),
];

/// A row as text; nulls are left out.
type Row = BTreeMap<String, String>;

/// Rows of a Parquet file.
pub fn rows(folder: &Path, table: &str) -> Vec<Row> {
    let file = File::open(folder.join(format!("{table}.parquet"))).unwrap();
    let mut rows = Vec::new();
    for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
        let batch = batch.unwrap();
        let schema = batch.schema();
        for row in 0..batch.num_rows() {
            let given = schema.fields().iter().zip(batch.columns()).filter(|(_, column)| column.is_valid(row));
            let text = |(field, column): (&std::sync::Arc<Field>, &ArrayRef)| {
                (field.name().clone(), array_value_to_string(column, row).unwrap())
            };
            rows.push(given.map(text).collect());
        }
    }
    rows
}

/// A decimal in ten-thousandths.
pub fn decimal(text: &str) -> i128 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part = format!("{part:0<4}");
    let digits: i128 = format!("{}{}", whole.trim_start_matches('-'), &part[..4]).parse().unwrap();
    if whole.starts_with('-') { -digits } else { digits }
}

/// Measure, programme, district, basis, prior status, quarter.
pub type CellKey = [String; 6];

/// Two of them are the same figure where table and key are.
pub type SumKey = [String; 5];

/// A published count: its mark, and it where it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub mark: String,
    pub count: Option<i128>,
}

/// A sum of cells, times `share`.
#[derive(Clone, Debug)]
struct Sum {
    told: Told,
    share: i128,
    cells: BTreeSet<CellKey>,
}

/// Everything about work in one folder.
#[derive(Clone, Debug)]
pub struct Release {
    pub cells: BTreeMap<CellKey, Told>,
    sums: BTreeMap<SumKey, Sum>,
}

impl Release {
    pub fn read(folder: &Path) -> Self {
        let mut cells = BTreeMap::new();
        let mut areas = BTreeMap::new();
        for table in ["jobs", "volunteering"] {
            for row in rows(folder, table) {
                let of = |name: &str| row.get(name).cloned().unwrap_or_else(|| "NONE".to_owned());
                let key = ["measure", "programme", "district", "job_basis", "prior_status", "quarter"].map(of);
                let told = told(&row, &["quantity"]);
                // Where only stale series are left there is nothing.
                if told.count.is_some() || told.mark == "c" {
                    areas.insert(key.clone(), of("combined_authority"));
                    cells.insert(key, told);
                }
            }
        }
        let mut release = Self { cells, sums: BTreeMap::new() };
        release.read_headline(folder, &areas);
        release.read_outcomes(folder, "social_value");
        release.read_outcomes(folder, "lifetime_value");
        release
    }

    fn read_headline(&mut self, folder: &Path, areas: &BTreeMap<CellKey, String>) {
        for row in rows(folder, "headline") {
            let Some(known) = HEADLINES.iter().find(|known| known.0 == row["headline"]) else { continue };
            let (_, measure, basis, prior, quarters) = *known;
            let period = &row["period"];
            let counts = |[of, _, _, job_basis, prior_status, quarter]: &CellKey| {
                let in_period = period == "total" || period == quarter || quarter[..4] == **period;
                of == measure
                    && (basis.is_empty() || basis == job_basis)
                    && (prior.is_empty() || prior == prior_status)
                    && in_period
            };
            let in_area = |key: &&CellKey| row["area"] == "all" || areas[*key] == row["area"];
            let cells = self.cells.keys().filter(|key| counts(key)).filter(in_area).cloned().collect();
            let share = if period.contains('Q') { 1 } else { quarters };
            let told = told(&row, &["gross", "value_central"]);
            let [area, headline, unit] = ["area", "headline", "unit"].map(|part| row[part].clone());
            let key = ["headline".to_owned(), area, headline, unit, period.clone()];
            self.sums.insert(key, Sum { told, share, cells });
        }
    }

    /// Outcomes by district, or over all districts where the table has none.
    fn read_outcomes(&mut self, folder: &Path, table: &str) {
        for row in rows(folder, table) {
            let (measure, basis, prior) = match row["outcome"].as_str() {
                "JOBS_CREATED" => ("HEADCOUNT", "CREATED", ""),
                "JOBS_SAFEGUARDED" => ("HEADCOUNT", "SAFEGUARDED", ""),
                "JOBS_SUPPORTED" => ("HEADCOUNT", "SUPPORTED", ""),
                "PEOPLE_INTO_WORK" | "BENEFITS_SAVED_UNEMPLOYED" => ("HIRES", "", "UNEMPLOYED"),
                "BENEFITS_SAVED_INACTIVE" => ("HIRES", "", "INACTIVE"),
                "VOLUNTEER_HOURS" => ("VOLUNTEER_HOURS", "", ""),
                other => panic!("outcome {other} is new to the attacker"),
            };
            let counts = |key: &&CellKey| {
                let [of, programme, district, job_basis, prior_status, quarter] = key;
                of == measure
                    && *programme == row["programme"]
                    && row.get("district").is_none_or(|only| district == only)
                    && *quarter == row["quarter"]
                    && (basis.is_empty() || basis == job_basis)
                    && (prior.is_empty() || prior == prior_status)
            };
            let cells = self.cells.keys().filter(counts).cloned().collect();
            let part = |name: &str| row.get(name).cloned().unwrap_or_default();
            let key = ["outcome", "programme", "district", "quarter", "bundle"].map(part);
            self.sums.insert(key, Sum { told: told(&row, &["gross"]), share: 1, cells });
        }
    }

    /// Every figure by name, with the last quarter it is made of: what two
    /// releases are compared by.
    pub fn figures(&self) -> BTreeMap<Vec<String>, (Told, String)> {
        let cells = self.cells.iter().map(|(key, told)| (key.to_vec(), (told.clone(), key[5].clone())));
        let sums = self.sums.iter().map(|(key, sum)| {
            let last = sum.cells.iter().map(|cell| cell[5].clone()).max();
            (key.to_vec(), (sum.told.clone(), last.unwrap_or_default()))
        });
        cells.chain(sums).collect()
    }

    /// The same with other figures; each by its name.
    pub fn changed(&self, change: impl Fn(&[String], &Told) -> Told) -> Self {
        let mut release = self.clone();
        release.cells.iter_mut().for_each(|(key, told)| *told = change(key, told));
        release.sums.iter_mut().for_each(|(key, sum)| sum.told = change(key, &sum.told));
        release
    }

    /// The same by primary rules alone: what is below the threshold is kept
    /// back, the rest rounded. What a publisher does who thinks of no sums.
    pub fn naively_protected(&self) -> Self {
        let naive = |told: &Told| match told.count {
            Some(count) if count != 0 && count < THRESHOLD => Told { mark: "c".to_owned(), count: None },
            count => Told { mark: "r".to_owned(), count: count.map(|count| (2 * count + BASE) / (2 * BASE) * BASE) },
        };
        let mut release = self.clone();
        release.cells.values_mut().for_each(|told| *told = naive(told));
        release.sums.values_mut().for_each(|sum| sum.told = naive(&sum.told));
        release
    }
}

fn told(row: &Row, counts: &[&str]) -> Told {
    let count = counts.iter().find_map(|name| row.get(*name));
    Told { mark: row.get("disclosure").cloned().unwrap_or_default(), count: count.map(|count| decimal(count)) }
}

/// Where a told count lies.
fn interval(told: &Told) -> Option<(i128, i128)> {
    let count = told.count?;
    Some(match told.mark.as_str() {
        "r" if count == 0 => (0, 0),
        "r" => ((count - BASE / 2).max(THRESHOLD), count + BASE / 2),
        // Within two steps of rounding, of which one may be more than a step.
        "h" => ((count - BASE - BASE / 2).max(0), count + BASE + BASE / 2),
        _ => (count, count),
    })
}

/// A count that was to be protected and is known to within less than the
/// rounding base.
#[derive(Clone, Debug)]
pub struct Recovered {
    pub measure: String,
    pub what: Vec<String>,
    pub interval: (i128, i128),
    pub truth: i128,
}

/// Attacks releases together, taking cells of one key for the same count in
/// all of them. `truth` is the last of them before disclosure control.
pub fn attack(releases: &[&Release], truth: &Release) -> Vec<Recovered> {
    let measures: BTreeSet<&String> = truth.cells.keys().map(|key| &key[0]).collect();
    measures.into_iter().flat_map(|measure| Attack::new(releases, truth, measure).run(truth)).collect()
}

/// Sets of cells, and where their sum lies.
type Known = BTreeMap<Vec<usize>, (i128, i128)>;

struct Attack {
    cells: Vec<CellKey>,
    bounds: Vec<(i128, i128)>,
    known: Known,
    whole: bool,
    /// Sums that are kept back: name and cells.
    wanted: Vec<(SumKey, Vec<usize>, i128)>,
}

impl Attack {
    fn new(releases: &[&Release], truth: &Release, measure: &str) -> Self {
        let of_measure = |key: &&CellKey| key[0] == measure;
        let cells: BTreeSet<CellKey> =
            releases.iter().flat_map(|release| release.cells.keys()).filter(of_measure).cloned().collect();
        let cells: Vec<CellKey> = cells.into_iter().collect();
        let whole = !matches!(measure, "FTE" | "TRAINING_HOURS" | "VOLUNTEER_HOURS");
        let mut bounds = Vec::with_capacity(cells.len());
        for key in &cells {
            let small = truth.cells.get(key).and_then(|told| told.count).is_some_and(|count| count < THRESHOLD);
            let mut bound = (0, if small { THRESHOLD - 1 } else { UNBOUNDED });
            for told in releases.iter().filter_map(|release| release.cells.get(key)) {
                if let Some((least, most)) = interval(told) {
                    bound = (bound.0.max(least), bound.1.min(most));
                }
            }
            bounds.push(bound);
        }
        let mut attack = Self { cells, bounds, known: Known::new(), whole, wanted: Vec::new() };
        for release in releases {
            for (key, sum) in &release.sums {
                let set: Vec<usize> =
                    sum.cells.iter().filter_map(|cell| attack.cells.binary_search(cell).ok()).collect();
                if set.is_empty() || sum.cells.iter().any(|cell| cell[0] != measure) {
                    continue;
                }
                match interval(&sum.told) {
                    Some((least, most)) => attack.learn(set, (least * sum.share, most * sum.share)),
                    None if sum.told.mark == "c" => attack.wanted.push((key.clone(), set, sum.share)),
                    None => {}
                }
            }
        }
        attack
    }

    fn learn(&mut self, set: Vec<usize>, (least, most): (i128, i128)) {
        let bound = self.known.entry(set).or_insert((least, most));
        *bound = (bound.0.max(least), bound.1.min(most));
    }

    /// Subtracts sums from those that contain them, and what is left from what
    /// is left.
    fn eliminate(&mut self) {
        for _ in 0..2 {
            let known: Vec<(Vec<usize>, (i128, i128))> =
                self.known.iter().filter(|(set, _)| set.len() > 1).map(|(set, bound)| (set.clone(), *bound)).collect();
            for (set, (least, most)) in &known {
                for (part, (part_least, part_most)) in &known {
                    if part.len() >= set.len() || !part.iter().all(|cell| set.binary_search(cell).is_ok()) {
                        continue;
                    }
                    let rest = set.iter().filter(|cell| part.binary_search(cell).is_err()).copied().collect();
                    self.learn(rest, ((least - part_most).max(0), most - part_least));
                }
            }
        }
    }

    /// Narrows the cells' intervals; false where they contradict each other,
    /// as when a cell has changed between two releases.
    fn narrow(&mut self) -> bool {
        for _ in 0..PASSES_MAX {
            let mut moved = false;
            for (set, (least, most)) in &self.known {
                let low: i128 = set.iter().map(|cell| self.bounds[*cell].0).sum();
                let high: i128 = set.iter().map(|cell| self.bounds[*cell].1).sum();
                if low > *most || high < *least {
                    return false;
                }
                for cell in set {
                    let before = self.bounds[*cell];
                    let mut bound = (before.0.max(least - (high - before.1)), before.1.min(most - (low - before.0)));
                    if self.whole {
                        bound = (-(-bound.0).div_euclid(ONE) * ONE, bound.1.div_euclid(ONE) * ONE);
                    }
                    if bound.0 > bound.1 {
                        return false;
                    }
                    if bound != before {
                        self.bounds[*cell] = bound;
                        moved = true;
                        // `low` and `high` are those of before: wider, so still true.
                    }
                }
            }
            if !moved {
                break;
            }
        }
        true
    }

    fn run(mut self, truth: &Release) -> Vec<Recovered> {
        self.eliminate();
        if !self.narrow() {
            return Vec::new();
        }
        let exact = |key: &CellKey| truth.cells.get(key).and_then(|told| told.count);
        let mut recovered = Vec::new();
        for (key, bound) in self.cells.iter().zip(&self.bounds) {
            let Some(count) = exact(key).filter(|count| *count != 0 && *count < THRESHOLD) else { continue };
            recovered.extend(close(&key[0], key.as_slice(), *bound, count));
        }
        for (key, set, share) in &self.wanted {
            let Some(sum) = truth.sums.get(key) else { continue };
            let Some(count) = sum.told.count.filter(|count| *count != 0 && *count < THRESHOLD) else { continue };
            // Years of jobs are quarters of people: so many there are on average.
            let quarters: BTreeSet<&String> = set.iter().map(|cell| &self.cells[*cell][5]).collect();
            if *share > 1 && count * share >= THRESHOLD * quarters.len() as i128 {
                continue;
            }
            // What follows from cells that are told was not to be protected.
            if set.iter().all(|cell| exact(&self.cells[*cell]).is_some_and(|count| count >= THRESHOLD)) {
                continue;
            }
            let low: i128 = set.iter().map(|cell| self.bounds[*cell].0).sum();
            let high: i128 = set.iter().map(|cell| self.bounds[*cell].1).sum();
            let (least, most) = self.known.get(set).copied().unwrap_or((low, high));
            // In people of a quarter: what part of a year they count for tells
            // nothing more of them.
            let interval = (low.max(least), high.min(most));
            recovered.extend(close(&self.cells[set[0]][0], key.as_slice(), interval, count * share));
        }
        recovered
    }
}

fn close(measure: &str, what: &[String], interval: (i128, i128), truth: i128) -> Option<Recovered> {
    let is_close = interval.1 - interval.0 < BASE && interval.0 <= truth && truth <= interval.1;
    is_close.then(|| Recovered { measure: measure.to_owned(), what: what.to_vec(), interval, truth })
}
