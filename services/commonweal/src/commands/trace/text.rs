//! A trace for people: the rows asked for, then every row on the way with its
//! arithmetic, then balances with their entries, then the method's numbers.

use crate::table::{self, one_line};
use commonweal_publish::trace::{
    Amount, Balance, Cell, Entry, Factor, Figure, Gap, Number, Operation, Refused, Term, Trace, Unfolded, Values,
};
use std::fmt::{self, Display, Write as _};

/// The trace; of each list at most `list_max`.
pub(super) fn trace(trace: &Trace, list_max: usize) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _written = write(&mut text, trace, list_max);
    text
}

fn write(out: &mut String, trace: &Trace, list_max: usize) -> fmt::Result {
    let when = trace.as_of.as_deref().unwrap_or("nothing was posted");
    writeln!(
        out,
        "method {}, reference {}, ledger commit {} ({when}), {} data",
        trace.method_version, trace.reference_version, trace.ledger_version, trace.data_label
    )?;
    writeln!(out, "exact figures are for the body's own officers, not for publication")?;
    for cell in &trace.cells {
        write_cell(out, trace, cell)?;
    }
    for row in &trace.rows {
        write_row(out, row, list_max)?;
    }
    heading(out, "Balances and their entries", &trace.balances)?;
    list(out, &trace.balances, list_max, |out, balance| write_balance(out, balance, list_max))?;
    heading(out, "Refused messages", &trace.refused)?;
    list(out, &trace.refused, list_max, write_refused)?;
    heading(out, "Statements that conflict", &trace.conflicting)?;
    list(out, &trace.conflicting, list_max, write_entry)?;
    heading(out, "Numbers of the method", &trace.numbers)?;
    list(out, &trace.numbers, usize::MAX, write_number)?;
    let entries: usize = trace.balances.iter().map(|balance| balance.entries.len()).sum();
    let figures: usize = trace.rows.iter().map(|row| row.figures.len()).sum();
    writeln!(
        out,
        "\n{figures} figures in {} rows, from {} balances of {entries} entries, {} refused messages, {} numbers: {}",
        trace.rows.len(),
        trace.balances.len(),
        trace.refused.len(),
        trace.numbers.len(),
        if trace.gaps.is_empty() { "every one is what its parts come to" } else { "not all add up:" }
    )?;
    trace.gaps.iter().try_for_each(|one| writeln!(out, "{}", gap(one)))
}

/// What does not add up, in a line.
pub(super) fn gap(gap: &Gap) -> String {
    let line = format!("{}.{} of {:?} {}", gap.row.table, gap.figure, gap.row.key, gap.reason);
    one_line(&line)
}

fn write_cell(out: &mut String, trace: &Trace, cell: &Cell) -> fmt::Result {
    write!(out, "\n{}", trace.table.name)?;
    for (name, value) in &cell.key {
        write!(out, "  {name}={}", one_line(value.as_deref().unwrap_or("null")))?;
    }
    if let Some(mark) = &cell.mark {
        write!(out, "  disclosure={mark}")?;
    }
    let mut rows = table::new(&["figure", "exact", "published", "unit"]);
    let tell = |amount: Option<Amount>| amount.map_or_else(|| "null".to_owned(), |amount| amount.to_string());
    for told in &cell.told {
        rows.add_row([told.column.to_owned(), tell(told.exact), tell(told.published), told.unit.to_owned()]);
    }
    table::align_numbers(&mut rows, 1..3);
    writeln!(out, "\n{rows}")
}

fn write_row(out: &mut String, row: &Unfolded, list_max: usize) -> fmt::Result {
    writeln!(out, "\n{} {}", row.row.table, one_line(&row.row.key))?;
    for (name, figure) in &row.figures {
        write_figure(out, name, figure, list_max)?;
    }
    Ok(())
}

fn write_figure(out: &mut String, name: &str, figure: &Figure, list_max: usize) -> fmt::Result {
    let sum = [0, 1, 2].map(|variant| figure.sum(variant));
    write!(out, "  {name} = {}", Told(sum))?;
    let terms: Vec<&Term> = figure.terms.values().collect();
    writeln!(out, "{}", if terms.len() > 1 { format!(", the sum of {}", terms.len()) } else { String::new() })?;
    list(out, &terms, list_max, |out, term| {
        let product = [0, 1, 2].map(|variant| term.product(variant));
        let is_product = term.factors.iter().filter(|factor| factor.operation != Operation::From).count() > 1;
        if is_product && terms.len() > 1 {
            writeln!(out, "    + {}", Told(product))?;
        }
        let indent = if is_product && terms.len() > 1 { 8 } else { 4 };
        for (at, factor) in term.factors.iter().enumerate() {
            write_factor(out, factor, indent, at == 0)?;
        }
        Ok(())
    })
}

fn write_factor(out: &mut String, factor: &Factor, indent: usize, is_first: bool) -> fmt::Result {
    write!(out, "{:indent$}", "")?;
    match factor.operation {
        Operation::Times if is_first => write!(out, "  {}", Told(factor.values))?,
        Operation::Times => write!(out, "x {}", Told(factor.values))?,
        Operation::Over => write!(out, "/ {}", Told(factor.values))?,
        Operation::TimesRest => write!(out, "x (1 - {})", Told(factor.values))?,
        Operation::From => write!(out, "  from")?,
    }
    write!(out, "  {}", one_line(&factor.what))?;
    if let Some(part) = &factor.part {
        write!(out, "  [{}.{} of {}]", part.row.table, part.figure, one_line(&part.row.key))?;
    }
    match factor.digits {
        Some(digits) => writeln!(out, ", then rounded to {digits} decimals"),
        None => writeln!(out),
    }
}

fn write_balance(out: &mut String, balance: &Balance, list_max: usize) -> fmt::Result {
    let [entries, cancelled, corrected] = balance.counts;
    writeln!(
        out,
        "  {} {}: {} in {entries} entries in force, {cancelled} withdrawn, {corrected} corrected",
        balance.table, balance.number, balance.quantity
    )?;
    let key: Vec<String> = balance.key.iter().map(|(name, value)| format!("{name}={}", one_line(value))).collect();
    writeln!(out, "    {}", key.join(" "))?;
    list(out, &balance.entries, list_max, write_entry)
}

fn write_entry(out: &mut String, entry: &Entry) -> fmt::Result {
    write!(
        out,
        "    {:+} {}  {} of {} {} revision {}, {} [{}] @ {}, commit {} of {}",
        entry.entry,
        entry.quantity,
        entry.cause,
        one_line(&entry.source),
        one_line(&entry.event_id),
        entry.revision,
        entry.topic,
        entry.partition,
        entry.offset,
        entry.commit,
        entry.posted_at
    )?;
    for (what, value) in [("on", &entry.occurred_on), ("award", &entry.award), ("document", &entry.source_document)] {
        if let Some(value) = value {
            write!(out, ", {what} {}", one_line(value))?;
        }
    }
    writeln!(out)
}

fn write_refused(out: &mut String, refused: &Refused) -> fmt::Result {
    writeln!(
        out,
        "  {} at {}: {} [{}] @ {}, commit {}, sha256 {}",
        refused.reason, refused.stage, refused.topic, refused.partition, refused.offset, refused.commit, refused.digest
    )
}

fn write_number(out: &mut String, number: &Number) -> fmt::Result {
    write!(out, "  {} = {} {}", one_line(&number.what), Told(number.values), number.unit)?;
    let source = if number.source.is_empty() { String::new() } else { format!("; {}", one_line(&number.source)) };
    writeln!(out, "  [{}: {}]{source}", number.file, number.row.key)
}

fn heading<T>(out: &mut String, title: &str, all: &[T]) -> fmt::Result {
    if all.is_empty() { Ok(()) } else { writeln!(out, "\n{title}") }
}

fn list<T>(
    out: &mut String,
    all: &[T],
    list_max: usize,
    mut one: impl FnMut(&mut String, &T) -> fmt::Result,
) -> fmt::Result {
    all.iter().take(list_max).try_for_each(|item| one(out, item))?;
    let more = all.len().saturating_sub(list_max);
    if more > 0 {
        writeln!(out, "    ... and {more} more; --list-max, or --format json for all")?;
    }
    Ok(())
}

/// Low, central and high, or one where they are the same.
struct Told(Values);

impl Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.map(|value| value.map_or_else(|| "null".to_owned(), |value| value.normalize().to_string()));
        let [low, central, high] = text;
        if low == central && central == high { f.write_str(&central) } else { write!(f, "{low} | {central} | {high}") }
    }
}
