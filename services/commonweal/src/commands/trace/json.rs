//! A trace as one JSON object. Numbers that add up are text: JSON's own are
//! floating-point.

use commonweal_publish::trace::{
    Amount, Balance, Cell, Entry, Factor, Figure, Gap, Number, Refused, Trace, Traced, Unfolded, VARIANTS, Values,
};
use serde_json::{Map, Value, json};

pub(super) fn trace(trace: &Trace) -> Value {
    json!({
        "method_version": trace.method_version,
        "reference_version": trace.reference_version,
        "data_label": trace.data_label,
        "ledger_version": trace.ledger_version,
        "as_of": trace.as_of,
        "table": trace.table.name,
        "cells": trace.cells.iter().map(cell).collect::<Vec<_>>(),
        "rows": trace.rows.iter().map(row).collect::<Vec<_>>(),
        "balances": trace.balances.iter().map(balance).collect::<Vec<_>>(),
        "refused": trace.refused.iter().map(refused).collect::<Vec<_>>(),
        "conflicting": trace.conflicting.iter().map(entry).collect::<Vec<_>>(),
        "numbers": trace.numbers.iter().map(number).collect::<Vec<_>>(),
        "gaps": trace.gaps.iter().map(gap).collect::<Vec<_>>(),
    })
}

/// What came of a whole table.
pub(super) fn traced(traced: &Traced) -> Value {
    json!({
        "table": traced.table, "figures": traced.figures, "gaps": traced.gaps.iter().map(gap).collect::<Vec<_>>(),
    })
}

fn cell(cell: &Cell) -> Value {
    let figures = cell.told.iter().map(|told| {
        let figure = json!({ "exact": amount(told.exact), "published": amount(told.published), "unit": told.unit });
        (told.column.to_owned(), figure)
    });
    let key = cell.key.iter().map(|(name, value)| ((*name).to_owned(), json!(value)));
    json!({
        "row_key": cell.row.key,
        "key": key.collect::<Map<_, _>>(),
        "disclosure": cell.mark,
        "figures": figures.collect::<Map<_, _>>(),
    })
}

fn amount(amount: Option<Amount>) -> Value {
    match amount {
        Some(Amount::Double(value)) => json!(value),
        Some(amount) => json!(amount.to_string()),
        None => Value::Null,
    }
}

fn row(unfolded: &Unfolded) -> Value {
    let figures = unfolded.figures.iter().map(|(name, figure)| (name.clone(), self::figure(figure)));
    json!({
        "table": unfolded.row.table, "row_key": unfolded.row.key, "figures": figures.collect::<Map<_, _>>(),
    })
}

fn figure(figure: &Figure) -> Value {
    let term = |term: &commonweal_publish::trace::Term| {
        json!({
            "product": values([0, 1, 2].map(|variant| term.product(variant))),
            "factors": term.factors.iter().map(factor).collect::<Vec<_>>(),
        })
    };
    json!({
        "sum": values([0, 1, 2].map(|variant| figure.sum(variant))),
        "terms": figure.terms.values().map(term).collect::<Vec<_>>(),
    })
}

fn factor(factor: &Factor) -> Value {
    let part = factor
        .part
        .as_ref()
        .map(|part| json!({ "table": part.row.table, "row_key": part.row.key, "figure": part.figure }));
    json!({
        "what": factor.what,
        "operation": factor.operation.code(),
        "values": values(factor.values),
        "rounded_to": factor.digits,
        "part": part,
    })
}

/// One value where all three are the same.
fn values(values: Values) -> Value {
    let [low, central, high] = values.map(|value| json!(value.map(|value| value.normalize().to_string())));
    if low == central && central == high {
        return central;
    }
    let told = VARIANTS.iter().zip([low, central, high]);
    told.map(|(name, value)| ((*name).to_owned(), value)).collect::<Map<_, _>>().into()
}

fn balance(balance: &Balance) -> Value {
    let key = balance.key.iter().map(|(name, value)| (name.clone(), json!(value)));
    let [entries, cancelled, corrected] = balance.counts;
    json!({
        "table": balance.table,
        "row_key": balance.number.to_string(),
        "key": key.collect::<Map<_, _>>(),
        "quantity": balance.quantity.to_string(),
        "entries": entries,
        "cancelled": cancelled,
        "corrected": corrected,
        "postings": balance.entries.iter().map(entry).collect::<Vec<_>>(),
    })
}

fn entry(entry: &Entry) -> Value {
    json!({
        "ledger_commit": entry.commit, "posted_at": entry.posted_at, "cause": entry.cause,
        "entry": entry.entry, "cancelled": entry.cancelled, "quantity": entry.quantity.to_string(),
        "source": entry.source, "event_id": entry.event_id, "revision": entry.revision,
        "recorded_at": entry.recorded_at, "occurred_on": entry.occurred_on,
        "topic": entry.topic, "partition": entry.partition, "offset": entry.offset,
        "award_id": entry.award, "source_document": entry.source_document,
    })
}

fn refused(refused: &Refused) -> Value {
    json!({
        "payload_sha256": refused.digest, "reason": refused.reason, "stage": refused.stage,
        "topic": refused.topic, "partition": refused.partition, "offset": refused.offset,
        "ledger_commit": refused.commit,
    })
}

fn number(number: &Number) -> Value {
    json!({
        "table": number.row.table, "row_key": number.row.key, "what": number.what, "values": values(number.values),
        "unit": number.unit, "source": number.source, "file": number.file,
    })
}

fn gap(gap: &Gap) -> Value {
    json!({ "table": gap.row.table, "row_key": gap.row.key, "figure": gap.figure, "reason": gap.reason })
}
