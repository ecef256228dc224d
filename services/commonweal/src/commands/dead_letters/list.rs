//! Dead letters counted, or listed page by page.

use super::{Letters, instant};
use crate::AppError;
use crate::cli::{Format, Selection};
use crate::settings::Loaded;
use crate::table;
use commonweal_ledger::letters::{Letter, Parts};
use commonweal_runtime::Exit;
use serde_json::json;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// Letters of one reason from one topic.
#[derive(Default)]
struct Total {
    letters: u64,
    replayed: u64,
    /// Of the messages' values.
    bytes: i64,
    /// The most that one of them was replayed before it was refused.
    attempt_max: u32,
    /// Earliest and latest time of posting, UTC microseconds.
    posted: Option<(i64, i64)>,
}

impl Total {
    fn add(&mut self, letter: &Letter, replayed: bool) {
        self.letters += 1;
        self.replayed += u64::from(replayed);
        self.bytes = self.bytes.saturating_add(letter.letter.payload_bytes);
        self.attempt_max = self.attempt_max.max(letter.attempt());
        let (first, last) = self.posted.unwrap_or((letter.posted_at, letter.posted_at));
        self.posted = Some((first.min(letter.posted_at), last.max(letter.posted_at)));
    }
}

/// Counts the letters by topic of origin and reason.
pub(super) fn totals(loaded: &Loaded, selection: &Selection, format: Format) -> Result<Exit, AppError> {
    let letters = Letters::open(loaded)?;
    let mut totals: BTreeMap<(String, String), Total> = BTreeMap::new();
    letters.each(selection, Parts::Heads, |letter, replayed| {
        let key = (letter.letter.origin_topic.clone(), letter.letter.reason.clone());
        totals.entry(key).or_default().add(&letter, replayed);
        Ok(ControlFlow::Continue(()))
    })?;
    if format == Format::Json {
        for ((topic, reason), total) in &totals {
            let (first, last) = total.posted.unwrap_or_default();
            let line = json!({
                "topic": topic, "reason": reason, "letters": total.letters, "replayed": total.replayed,
                "bytes": total.bytes, "attempt_max": total.attempt_max,
                "first_posted_at": instant(first), "last_posted_at": instant(last),
            });
            println!("{line}");
        }
        return Ok(Exit::Ok);
    }
    let header = ["topic", "reason", "letters", "replayed", "bytes", "attempts", "first posted", "last posted"];
    let mut shown = table::new(&header);
    for ((topic, reason), total) in &totals {
        let (first, last) = total.posted.unwrap_or_default();
        shown.add_row([
            topic.clone(),
            reason.clone(),
            total.letters.to_string(),
            total.replayed.to_string(),
            total.bytes.to_string(),
            total.attempt_max.to_string(),
            instant(first),
            instant(last),
        ]);
    }
    table::align_numbers(&mut shown, 2..6);
    let (count, replayed) =
        totals.values().fold((0, 0), |(letters, replayed), total| (letters + total.letters, replayed + total.replayed));
    println!("{count} dead letters, {replayed} of them replayed, as of commit {}", letters.journal.version());
    if count > 0 {
        println!("{shown}");
    }
    Ok(Exit::Ok)
}

/// Which of the letters to list.
pub(super) struct Page {
    pub(super) skip: usize,
    pub(super) limit: usize,
}

/// Lists letters one by one.
pub(super) fn each(loaded: &Loaded, selection: &Selection, page: &Page, format: Format) -> Result<Exit, AppError> {
    let letters = Letters::open(loaded)?;
    let mut shown = table::new(&["origin", "reason", "attempt", "replayed", "bytes", "posted", "what is wrong"]);
    let (mut seen, mut listed) = (0, 0);
    let mut more = false;
    letters.each(selection, Parts::Heads, |letter, replayed| {
        seen += 1;
        if seen <= page.skip {
            return Ok(ControlFlow::Continue(()));
        }
        if listed == page.limit {
            more = true;
            return Ok(ControlFlow::Break(()));
        }
        listed += 1;
        match format {
            Format::Json => println!("{}", line(&letter, replayed)),
            Format::Table => {
                shown.add_row(row(&letter, replayed));
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    if format == Format::Table {
        table::align_numbers(&mut shown, 2..3);
        table::align_numbers(&mut shown, 4..5);
        println!("{shown}");
        if more {
            println!("there are more: --skip {}", page.skip + listed);
        }
    }
    Ok(Exit::Ok)
}

fn row(letter: &Letter, replayed: bool) -> [String; 7] {
    [
        letter.origin().to_string(),
        letter.letter.reason.clone(),
        letter.attempt().to_string(),
        if replayed { "yes" } else { "no" }.to_owned(),
        letter.letter.payload_bytes.to_string(),
        instant(letter.posted_at),
        table::short(&letter.letter.message, 80),
    ]
}

fn line(letter: &Letter, replayed: bool) -> serde_json::Value {
    let of = &letter.letter;
    json!({
        "origin": letter.origin().to_string(), "topic": of.origin_topic, "partition": of.origin_partition,
        "offset": of.origin_offset, "dataset": of.dataset, "stage": of.stage, "reason": of.reason,
        "field": of.field, "message": of.message, "source": letter.source, "event_id": letter.event_id,
        "attempt": letter.attempt(), "replayed": replayed, "bytes": of.payload_bytes,
        "commit": letter.commit, "posted_at": instant(letter.posted_at),
    })
}
