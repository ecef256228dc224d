//! `commonweal reference diff`: what sets two versions apart, and what of the
//! journal would move.

use crate::AppError;
use crate::cli::Format;
use crate::moves::{DIMENSIONS, Moves};
use crate::settings::Loaded;
use crate::table::{self, decimal};
use commonweal_enrich::{KindDifference, Reference, RowDifference, difference};
use commonweal_journal::{Journal, JournalError};
use commonweal_ledger::InForce;
use commonweal_runtime::Exit;
use commonweal_schemas::Dataset;
use serde_json::{Map, Value, json};

/// Longest value shown in a table.
const SHOWN_MAX: usize = 60;

pub(super) fn diff(loaded: &Loaded, names: [&str; 2], format: Format, rows: usize) -> Result<Exit, AppError> {
    let [before, after] = [loaded.reference_named(names[0])?, loaded.reference_named(names[1])?];
    let kinds = difference(&before, &after, rows)?;
    let moves = moves(loaded, [&before, &after], rows)?;
    let versions = [before.version(), after.version()];
    match format {
        Format::Json => println!("{}", as_json(versions, &kinds, moves.as_ref())),
        Format::Table => {
            print_kinds(versions, &kinds);
            match &moves {
                Some(moves) => print_moves(moves, rows),
                None => println!("\nthere is no journal at {}", loaded.config.journal_dir().display()),
            }
        }
    }
    Ok(Exit::Ok)
}

/// What of the journal would move; none where there is no journal.
fn moves(loaded: &Loaded, versions: [&Reference; 2], examples: usize) -> Result<Option<Moves>, AppError> {
    let dir = loaded.config.journal_dir();
    let journal = match loaded.runtime()?.block_on(Journal::open(&dir)) {
        Ok(journal) => journal,
        Err(JournalError::Missing(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut moves = Moves::default();
    for dataset in Dataset::ALL {
        let mut entries = InForce::open(&journal, dataset, i64::MAX, loaded.config.ledger.batch_rows)?;
        moves.add(dataset, &mut entries, versions, examples)?;
    }
    Ok(Some(moves))
}

fn print_kinds([before, after]: [&str; 2], kinds: &[KindDifference]) {
    let mut rows = table::new(&["kind", before, after, "added", "removed", "changed"]);
    for kind in kinds {
        let numbers = [kind.rows[0], kind.rows[1], kind.added, kind.removed, kind.changed].map(|n| n.to_string());
        rows.add_row([kind.kind.name().to_owned()].into_iter().chain(numbers));
    }
    table::align_numbers(&mut rows, 1..6);
    println!("{rows}");
    for kind in kinds.iter().filter(|kind| !kind.examples.is_empty()) {
        let mut rows = table::new(&[kind.kind.name(), "column", "before", "after"]);
        for example in &kind.examples {
            let key: Vec<&str> = example.key.iter().map(|(_, value)| value.as_str()).collect();
            let key = match example.present {
                [true, true] => key.join(" "),
                [true, false] => format!("{} (removed)", key.join(" ")),
                _ => format!("{} (added)", key.join(" ")),
            };
            for (column, before, after) in &example.columns {
                let shown = |value: &Option<String>| table::short(value.as_deref().unwrap_or("-"), SHOWN_MAX);
                rows.add_row([key.clone(), (*column).to_owned(), shown(before), shown(after)]);
            }
            if example.columns.is_empty() {
                rows.add_row([key, "-".to_owned(), "-".to_owned(), "-".to_owned()]);
            }
        }
        let differing = kind.added + kind.removed + kind.changed;
        let more = differing.saturating_sub(kind.examples.len() as u64);
        println!("\n{rows}{}", left_out(more));
    }
}

fn left_out(more: u64) -> String {
    if more == 0 { String::new() } else { format!("\nand {more} more; --rows shows them") }
}

fn print_moves(moves: &Moves, rows_max: usize) {
    println!();
    for (dataset, counts) in &moves.datasets {
        println!("{dataset}: {} of {} entries in force would be posted anew", counts.moving, counts.in_force);
    }
    if moves.columns.is_empty() {
        return;
    }
    let mut rows = table::new(&["column", "entries that differ"]);
    for (column, entries) in &moves.columns {
        rows.add_row([column.clone(), entries.to_string()]);
    }
    table::align_numbers(&mut rows, 1..2);
    println!("\n{rows}");
    let mut rows = table::new(&["by", "measure", "unit", "from", "to", "entries", "quantity"]);
    for (of, amount) in moves.amounts.iter().take(rows_max) {
        rows.add_row([
            DIMENSIONS[of.dimension].to_owned(),
            of.measure.clone(),
            of.unit.clone(),
            of.from.clone(),
            of.to.clone(),
            amount.entries.to_string(),
            decimal(amount.quantity),
        ]);
    }
    table::align_numbers(&mut rows, 5..7);
    println!(
        "\n{rows}{}\nof levels at a day the quantity is that last stated in each series",
        left_out(moves.amounts.len().saturating_sub(rows_max) as u64)
    );
    let mut rows = table::new(&["entry", "column", "before", "after"]);
    for example in &moves.examples {
        let entry = table::short(&format!("{} {} {}", example.dataset, example.source, example.event_id), SHOWN_MAX);
        for (column, before, after) in &example.columns {
            rows.add_row([entry.clone(), column.clone(), table::one_line(before), table::one_line(after)]);
        }
    }
    let moving: u64 = moves.datasets.values().map(|counts| counts.moving).sum();
    println!("\n{rows}{}", left_out(moving.saturating_sub(moves.examples.len() as u64)));
}

fn as_json([before, after]: [&str; 2], kinds: &[KindDifference], moves: Option<&Moves>) -> Value {
    let kind = |kind: &KindDifference| {
        json!({
            "kind": kind.kind.name(), "before": kind.rows[0], "after": kind.rows[1],
            "added": kind.added, "removed": kind.removed, "changed": kind.changed,
            "rows": kind.examples.iter().map(row_json).collect::<Vec<_>>(),
        })
    };
    json!({
        "before": before,
        "after": after,
        "kinds": kinds.iter().map(kind).collect::<Vec<_>>(),
        "journal": moves.map(moves_json),
    })
}

fn row_json(row: &RowDifference) -> Value {
    let key: Map<String, Value> = row.key.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let columns = row.columns.iter().map(|(name, before, after)| changed(name, &json!(before), &json!(after)));
    json!({ "key": key, "in_before": row.present[0], "in_after": row.present[1], "columns": columns.collect::<Vec<_>>() })
}

fn changed(column: &str, before: &Value, after: &Value) -> Value {
    json!({ "column": column, "before": before, "after": after })
}

fn moves_json(moves: &Moves) -> Value {
    let datasets: Map<String, Value> = moves
        .datasets
        .iter()
        .map(|(dataset, counts)| (dataset.to_string(), json!({ "in_force": counts.in_force, "moving": counts.moving })))
        .collect();
    let amounts = moves.amounts.iter().map(|(of, amount)| {
        json!({
            "by": DIMENSIONS[of.dimension], "measure": of.measure, "unit": of.unit, "from": of.from, "to": of.to,
            "entries": amount.entries, "quantity": decimal(amount.quantity),
        })
    });
    let entries = moves.examples.iter().map(|example| {
        let columns = example.columns.iter();
        let columns: Vec<Value> =
            columns.map(|(name, before, after)| changed(name, &json!(before), &json!(after))).collect();
        json!({
            "dataset": example.dataset.to_string(), "source": example.source, "event_id": example.event_id,
            "columns": columns,
        })
    });
    json!({
        "datasets": datasets,
        "columns": moves.columns,
        "moves": amounts.collect::<Vec<_>>(),
        "entries": entries.collect::<Vec<_>>(),
    })
}
