//! A version in full.

use crate::cli::Format;
use crate::table;
use commonweal_publish::{MethodBook, Parameter};
use serde_json::json;

/// Width of a source in the table; JSON has it whole.
const SOURCE_LENGTH_MAX: usize = 60;

pub(super) fn show(book: &MethodBook, format: Format) {
    match format {
        Format::Json => println!("{}", as_json(book)),
        Format::Table => print(book),
    }
}

fn print(book: &MethodBook) {
    println!("{} {}: {}", book.version(), book.status(), book.title());
    println!("dated {}, in pounds of {}, perspective {}", book.date(), book.price_base_year(), book.perspective());
    println!("area {} {}, {}", book.area_code(), book.area_name(), book.distribution().name());
    println!("sha256 {}", book.digest());
    let header =
        ["parameter", "low", "central", "high", "unit", "prices", "from", "to", "confidence", "licence", "source"];
    let mut rows = table::new(&header);
    for parameter in book.parameters() {
        rows.add_row(row(parameter));
    }
    table::align_numbers(&mut rows, 1..4);
    println!("{rows}");
    let models: Vec<&str> = book.models().iter().map(|model| model.name.as_str()).collect();
    println!("models, in their order: {}", models.join(", "));
    for claim in book.claims() {
        println!("claim {}: {} ({}, {})", claim.id, claim.text, claim.source, claim.date);
    }
}

fn row(parameter: &Parameter) -> [String; 11] {
    [
        parameter.id.clone(),
        parameter.value_low.to_string(),
        parameter.value_central.to_string(),
        parameter.value_high.to_string(),
        parameter.unit.clone(),
        parameter.price_year.map(|year| year.to_string()).unwrap_or_default(),
        parameter.valid_from.to_string(),
        parameter.valid_to.map(|day| day.to_string()).unwrap_or_default(),
        parameter.confidence.clone(),
        parameter.licence.clone(),
        table::short(&format!("{} ({})", parameter.source, parameter.source_year), SOURCE_LENGTH_MAX),
    ]
}

/// Numbers as text: a reader's own decimals keep them exact.
fn as_json(book: &MethodBook) -> serde_json::Value {
    let parameters: Vec<_> = book
        .parameters()
        .iter()
        .map(|parameter| {
            json!({
                "id": parameter.id, "what": parameter.what,
                "value_low": parameter.value_low.to_string(),
                "value_central": parameter.value_central.to_string(),
                "value_high": parameter.value_high.to_string(),
                "unit": parameter.unit, "price_year": parameter.price_year,
                "source": parameter.source, "source_year": parameter.source_year,
                "confidence": parameter.confidence, "licence": parameter.licence,
                "valid_from": parameter.valid_from.to_string(),
                "valid_to": parameter.valid_to.map(|day| day.to_string()),
            })
        })
        .collect();
    json!({
        "version": book.version(), "title": book.title(), "status": book.status(), "date": book.date(),
        "price_base_year": book.price_base_year(), "perspective": book.perspective(),
        "distribution": book.distribution().name(), "area_code": book.area_code(), "area_name": book.area_name(),
        "sha256": book.digest(), "parameters": parameters,
        "models": book.models().iter().map(|model| model.name.as_str()).collect::<Vec<_>>(),
    })
}
