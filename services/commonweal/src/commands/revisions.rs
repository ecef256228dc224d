//! `commonweal revisions`: what a later release changes of an earlier one.

use crate::cli::{self, Format};
use crate::settings::Loaded;
use crate::{AppError, table};
use commonweal_publish::{CONFIDENTIAL, Ends, HeadlineRevision, ReleaseFacts, Revisions, revisions};
use commonweal_runtime::Exit;
use serde_json::{Map, Value, json};

/// Beside what was revised by more than one per cent.
const CALLED_OUT: &str = "!";

pub(crate) fn run(settings: &cli::Settings, asked: &cli::Revisions) -> Result<Exit, AppError> {
    let loaded = Loaded::with_logs(settings)?;
    let options = loaded.publish_options()?;
    let new = asked.new.clone().unwrap_or_else(|| loaded.config.published_dir());
    let earlier = [asked.against.clone(), loaded.config.publish.against.clone()].concat();
    let ends = Ends { old: &asked.old, new: &new, earlier: &earlier };
    let found = loaded.runtime()?.block_on(revisions(&options, &loaded.shelf(), ends))?;
    if let Some(file) = &asked.to {
        found.write(file)?;
    }
    match asked.format {
        Format::Json => println!("{}", as_json(&found)),
        Format::Table => {
            print(&found);
            if let Some(file) = &asked.to {
                println!("wrote {} rows to {}", found.rows.len(), file.display());
            }
        }
    }
    Ok(Exit::Ok)
}

fn print(found: &Revisions) {
    for (which, release) in [("old", &found.old), ("new", &found.new)] {
        let ReleaseFacts { ledger_version, method, reference_version, .. } = release;
        let name = release.name();
        println!("{which}: {name}, ledger commit {ledger_version}, method {method}, reference {reference_version}");
    }
    println!("figures about work: {}", found.disclosure());
    let headlines = found.headlines();
    if headlines.is_empty() {
        println!("headlines: none was revised");
    } else {
        println!("{}", headline_table(&headlines));
        let large = headlines.iter().filter(|headline| headline.is_large()).count();
        println!("{CALLED_OUT} revised by more than 1 %: {large} of {} revised headlines", headlines.len());
    }
    if found.rows.is_empty() {
        return;
    }
    let mut counts = table::new(&["table", "figures revised", "of them not told"]);
    for (name, [figures, untold]) in found.revised() {
        counts.add_row([name.to_owned(), figures.to_string(), untold.to_string()]);
    }
    table::align_numbers(&mut counts, 1..3);
    println!("{counts}");
}

fn headline_table(headlines: &[HeadlineRevision<'_>]) -> comfy_table::Table {
    let mut rows =
        table::new(&["", "headline", "area", "programme", "period", "unit", "old", "new", "change", "cause"]);
    for headline in headlines {
        let row = headline.row;
        let text = |part: &Option<String>| table::one_line(part.as_deref().unwrap_or_default());
        let amount = |which: &str, amount: Option<i128>| match amount {
            Some(amount) => table::decimal(amount),
            None if row.kept_back == Some(which) => CONFIDENTIAL.to_owned(),
            None => "-".to_owned(),
        };
        let causes = headline.by_cause.iter().map(|(cause, difference)| match difference {
            Some(difference) => format!("{cause} {}", signed(*difference)),
            None => (*cause).to_owned(),
        });
        rows.add_row([
            if headline.is_large() { CALLED_OUT.to_owned() } else { String::new() },
            text(&row.facts.label),
            text(&row.facts.place),
            text(&row.facts.programme),
            text(&row.facts.period),
            text(&row.unit),
            amount("old", row.old),
            amount("new", row.new),
            headline.difference().map_or_else(|| CONFIDENTIAL.to_owned(), signed),
            causes.collect::<Vec<_>>().join("\n"),
        ]);
    }
    table::align_numbers(&mut rows, 6..9);
    rows
}

fn signed(amount: i128) -> String {
    let sign = if amount > 0 { "+" } else { "" };
    format!("{sign}{}", table::decimal(amount))
}

/// Amounts as text: a reader's own decimals keep them exact.
fn as_json(found: &Revisions) -> Value {
    let release = |release: &ReleaseFacts| {
        json!({
            "as_of": release.as_of, "ledger_version": release.ledger_version, "method": release.method,
            "reference_version": release.reference_version,
        })
    };
    let amount = |amount: Option<i128>| amount.map(table::decimal);
    let headline = |headline: &HeadlineRevision<'_>| {
        let row = headline.row;
        let causes = headline.by_cause.iter();
        let by_cause: Map<String, Value> =
            causes.map(|(cause, difference)| ((*cause).to_owned(), json!(amount(*difference)))).collect();
        json!({
            "headline": row.facts.subject, "label": row.facts.label, "area": row.facts.place,
            "programme": row.facts.programme, "period": row.facts.period, "unit": row.unit,
            "old": amount(row.old), "new": amount(row.new), "difference": amount(headline.difference()),
            "by_cause": by_cause, "over_one_per_cent": headline.is_large(), "kept_back": row.kept_back,
        })
    };
    let tables: Vec<Value> = found
        .revised()
        .into_iter()
        .map(|(name, [figures, untold])| json!({ "table": name, "figures": figures, "not_told": untold }))
        .collect();
    json!({
        "old": release(&found.old), "new": release(&found.new), "disclosure": found.disclosure(),
        "headlines": found.headlines().iter().map(headline).collect::<Vec<_>>(), "tables": tables,
    })
}
