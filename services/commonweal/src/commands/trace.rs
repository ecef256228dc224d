//! `commonweal trace`: what published figures are made of.

mod json;
mod text;

use crate::cli::{Format, Settings, Trace};
use crate::settings::Loaded;
use crate::{AppError, table};
use commonweal_publish::Options;
use commonweal_publish::trace::{self, Request};
use commonweal_runtime::Exit;
use tokio::runtime::Runtime;

/// Gaps of a table that are told one by one.
const GAPS_TOLD_MAX: usize = 10;

pub(crate) fn run(settings: &Settings, asked: &Trace) -> Result<Exit, AppError> {
    let loaded = Loaded::with_logs(settings)?;
    let mut options = loaded.publish_options()?;
    if let Some(version) = &asked.method {
        options.method = loaded.shelf().open(version)?;
    }
    let runtime = loaded.runtime()?;
    if asked.all {
        return all(&runtime, &options, asked);
    }
    let request = Request {
        // Clap asks for both where `--all` is not given.
        table: asked.table.clone().unwrap_or_default(),
        condition: asked.condition.clone().unwrap_or_default(),
        as_of: asked.as_of,
        rows_max: asked.rows_max,
    };
    let trace = runtime.block_on(trace::trace(&options, &request))?;
    match asked.format {
        Format::Json => println!("{}", json::trace(&trace)),
        Format::Table => print!("{}", text::trace(&trace, asked.list_max)),
    }
    Ok(if trace.gaps.is_empty() { Exit::Ok } else { Exit::CheckFailed })
}

/// Traces everything that is published.
fn all(runtime: &Runtime, options: &Options, asked: &Trace) -> Result<Exit, AppError> {
    let traced = runtime.block_on(trace::trace_all(options, asked.as_of))?;
    let gaps: usize = traced.iter().map(|traced| traced.gaps.len()).sum();
    if asked.format == Format::Json {
        for traced in &traced {
            println!("{}", json::traced(traced));
        }
    } else {
        let mut rows = table::new(&["table", "figures", "do not add up"]);
        for traced in &traced {
            rows.add_row([traced.table.to_owned(), traced.figures.to_string(), traced.gaps.len().to_string()]);
        }
        table::align_numbers(&mut rows, 1..3);
        println!("{rows}");
        for traced in &traced {
            for gap in traced.gaps.iter().take(GAPS_TOLD_MAX) {
                println!("{}", text::gap(gap));
            }
        }
        println!(
            "every figure of every table was computed anew from its parts, and every balance from its entries: {}",
            if gaps == 0 { "all add up".to_owned() } else { format!("{gaps} do not add up") }
        );
    }
    Ok(if gaps == 0 { Exit::Ok } else { Exit::CheckFailed })
}
