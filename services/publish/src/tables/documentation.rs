//! `docs/published-tables.md`, made from the definitions.

use super::{ALL, ASKED, Disclosure, Table, references};
use std::fmt::Write as _;

const OPENING: &str = "\
# Published tables

Each table is one plain Parquet file, `<data>/published/<table>.parquet`, sorted by its key. Files are replaced one by \
one, each at once and whole; `manifest.json` is written last and gives the sha256 of every file, so a reader who needs \
tables of one moment reads the manifest, then the files, and checks the sums. Equal events, method and reference give \
equal bytes: commit numbers and times stand in the manifest only.

What the figures mean is said in the method book (`method/<version>/README.md`). The same texts are in each file's \
metadata: `commonweal.table`, `commonweal.doc`, `commonweal.columns` (JSON), `commonweal.method_version`, \
`commonweal.reference_version`, `commonweal.data_label`, `commonweal.disclosure`, and `commonweal.state`, a hash of the \
rows.

Figures about people's work are kept back or rounded: `disclosure` says so row by row, `disclosure.md` how and why.

Beside the tables lie `datapackage.json`, a [Data Package](https://datapackage.org) with a Table Schema for each table \
(types, units, keys, bytes and digests), and `dcat.jsonld`, a catalogue in DCAT 3 and schema.org. Both are made from \
the definitions below and the manifest, which lists them too; title, publisher, licence and contact are settings under \
`[catalogue]`.
";

const ON_REQUEST: &str = "
# Tables made on request

Not in the manifest: each is written where its command says, with the same metadata. `revisions` is made by \
`commonweal revisions`; see `revisions.md`.
";

/// The page.
#[must_use]
pub fn documentation() -> String {
    let mut page = String::from(OPENING);
    for table in ALL {
        describe(&mut page, table);
    }
    page.push_str(ON_REQUEST);
    for table in ASKED {
        describe(&mut page, table);
    }
    page
}

fn describe(page: &mut String, table: &Table) {
    // Writing to a String cannot fail.
    let _written = writeln!(
        page,
        "\n## {}\n{}\n\nKey: {}. Disclosure: {}.\n\n| column | type | unit | what it holds |\n| --- | --- | --- | --- |",
        table.name,
        table.doc,
        table.key.join(", "),
        protection(table)
    );
    for column in table.columns {
        let null = if column.nullable { ", may be null" } else { "" };
        let _written =
            writeln!(page, "| `{}` | {}{null} | {} | {} |", column.name, column.kind.sql(), column.unit, column.doc);
    }
    let links: Vec<String> =
        references(table).map(|to| format!("`{}` to `{}.{}`", to.column, to.table, to.key)).collect();
    if !links.is_empty() {
        let _written = writeln!(page, "\nLeads on: {}.", links.join(", "));
    }
}

/// How a table stands to disclosure control, in words.
fn protection(table: &Table) -> String {
    match table.disclosure {
        Disclosure::NotAboutWork => "not about work".to_owned(),
        Disclosure::Open(why) => format!("open; {why}"),
        Disclosure::OfProtected => "made of protected tables".to_owned(),
        Disclosure::Protected(figures) => {
            let quoted = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let columns = [figures.counts, figures.values, figures.companions].concat();
            let except = figures.public.map_or_else(String::new, |(column, prefixes)| {
                let starts: Vec<String> = prefixes.iter().map(|prefix| format!("`{prefix}...`")).collect();
                format!("; but where `{column}` is {}", starts.join(", "))
            });
            let columns: Vec<&str> = columns
                .iter()
                .enumerate()
                .filter(|(at, name)| !columns[..*at].contains(name))
                .map(|(_, name)| *name)
                .collect();
            format!("protected in {}{except}", quoted(&columns))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that the page in the repository is the one made from the
    /// definitions. `COMMONWEAL_BLESS=1` rewrites it.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test that is told to rewrite what it checks")]
    fn documentation_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/published-tables.md");
        if std::env::var_os("COMMONWEAL_BLESS").is_some() {
            std::fs::write(path, documentation()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), documentation());
    }
}
