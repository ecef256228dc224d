//! Two versions side by side.

use crate::cli::Format;
use crate::settings::Loaded;
use crate::{AppError, table};
use commonweal_journal::JournalError;
use commonweal_publish::{Amounts, Change, Difference, Effect, Figure, Options, PublishError, difference, effects};
use commonweal_runtime::Exit;
use serde_json::{Value, json};

pub(super) fn diff(loaded: &Loaded, before: &str, after: &str, format: Format) -> Result<Exit, AppError> {
    let shelf = loaded.shelf();
    let (old, new) = (shelf.open(before)?, shelf.open(after)?);
    let difference = difference(&old, &new);
    let options = Options { method: old, ..loaded.publish_options()? };
    let effects = match loaded.runtime()?.block_on(effects(&options, &new)) {
        Ok(effects) => Some(effects),
        // Without a journal there are no headlines to change.
        Err(PublishError::Journal(JournalError::Missing(_))) => None,
        Err(error) => return Err(error.into()),
    };
    match format {
        Format::Json => println!("{}", as_json(&difference, effects.as_deref())),
        Format::Table => print(&difference, effects.as_deref(), &loaded.config.journal_dir().display().to_string()),
    }
    Ok(Exit::Ok)
}

fn print(difference: &Difference, effects: Option<&[Effect]>, journal: &str) {
    let amounts =
        |(amounts, stated): &(Amounts, String)| format!("{} ({stated})", amounts.map(|a| a.to_string()).join(" / "));
    section("said of itself", &difference.about, Clone::clone);
    section("parameter: low / central / high", &difference.parameters, amounts);
    section("deflator ratio", &difference.deflators, ToString::to_string);
    section("model", &difference.models, |lines| format!("{lines} lines"));
    match effects {
        None => println!("headlines: there is no journal at {journal} to compute them from"),
        Some([]) => println!("headlines: none changes"),
        Some(effects) => {
            let mut rows =
                table::new(&["headline", "area", "programme", "period", "unit", "before", "after", "change"]);
            for Effect { key: [area, programme, _, unit, period], label, before, after } in effects {
                let change = before.told().zip(after.told()).map(|(before, after)| after - before);
                let change = change.map_or_else(|| "-".to_owned(), |change| change.to_string());
                let [before, after] = [before, after].map(ToString::to_string);
                rows.add_row([label, area, programme, period, unit, &before, &after, &change]);
            }
            table::align_numbers(&mut rows, 5..8);
            println!("{rows}");
        }
    }
}

fn section<T>(title: &str, changes: &[Change<T>], show: impl Fn(&T) -> String) {
    if changes.is_empty() {
        println!("{title}: no difference");
        return;
    }
    let mut rows = table::new(&[title, "before", "after"]);
    for change in changes {
        let shown = |value: &Option<T>| value.as_ref().map_or_else(|| "-".to_owned(), &show);
        rows.add_row([change.what.clone(), shown(&change.before), shown(&change.after)]);
    }
    println!("{rows}");
}

fn as_json(difference: &Difference, effects: Option<&[Effect]>) -> Value {
    let amounts =
        |(amounts, stated): &(Amounts, String)| json!({ "values": amounts.map(|a| a.to_string()), "stated": stated });
    let headlines = effects.map(|effects| {
        let one = |Effect { key: [area, programme, headline, unit, period], before, after, .. }: &Effect| {
            let text = |figure: &Figure| (*figure != Figure::Missing).then(|| figure.to_string());
            let [before, after]: [Option<String>; 2] = [text(before), text(after)];
            json!({
                "area": area, "programme": programme, "headline": headline, "unit": unit, "period": period,
                "before": before, "after": after,
            })
        };
        effects.iter().map(one).collect::<Vec<_>>()
    });
    json!({
        "about": listed(&difference.about, |text| json!(text)),
        "parameters": listed(&difference.parameters, amounts),
        "deflators": listed(&difference.deflators, |ratio| json!(ratio.to_string())),
        "models": listed(&difference.models, |lines| json!(lines)),
        "headlines": headlines,
    })
}

fn listed<T>(changes: &[Change<T>], show: impl Fn(&T) -> Value) -> Vec<Value> {
    let one = |change: &Change<T>| json!({ "what": change.what, "before": change.before.as_ref().map(&show), "after": change.after.as_ref().map(&show) });
    changes.iter().map(one).collect()
}
