//! The method book: what is refused of one, the sums its models must not
//! make, and versions of one's own.
#![allow(
    clippy::pedantic,
    unreachable_pub,
    reason = "tests are read, not called: what pedantic lints guard is an interface"
)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use commonweal_publish::{
    Distribution, Extension, ForbiddenSum, MethodFaults, Origin, Shelf, difference, extend, forbidden_sums,
    unmet_examples,
};
use std::fs;
use std::path::{Path, PathBuf};
use support::book::{BASE, copy_of_the_book};
use tempfile::TempDir;

/// A shelf with a copy of the program's book that may be spoilt.
struct Spoilt {
    dir: TempDir,
}

impl Spoilt {
    fn new() -> Self {
        let copy = Self { dir: TempDir::new().unwrap() };
        copy_of_the_book(&copy.folder());
        copy.replace("method.toml", &format!("version = \"{BASE}\""), "version = \"copy\"");
        copy
    }

    fn folder(&self) -> PathBuf {
        self.dir.path().join("copy")
    }

    fn shelf(&self) -> Shelf {
        Shelf::new(self.dir.path().to_owned())
    }

    /// Replaces a text that must be there.
    fn replace(&self, file: &str, from: &str, to: &str) {
        let path = self.folder().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has {from:?}");
        fs::write(path, text.replace(from, to)).unwrap();
    }

    fn append(&self, file: &str, line: &str) {
        let path = self.folder().join(file);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(path, format!("{}\n{line}\n", text.trim_end())).unwrap();
    }

    fn faults(&self) -> Vec<String> {
        match self.shelf().open("copy") {
            Ok(_) => Vec::new(),
            Err(faults) => faults.all().iter().map(ToString::to_string).collect(),
        }
    }

    async fn forbidden(&self) -> Vec<ForbiddenSum> {
        forbidden_sums(&self.shelf().open("copy").unwrap()).await.unwrap()
    }
}

fn parameter(id: &str, values: &str, unit: &str, price_year: &str, source: &str, licence: &str, from: &str) -> String {
    format!("{id},What it is,{values},{unit},{price_year},{source},2020,C,{licence},{from},")
}

/// Proves that each thing a book may get wrong is named with its file, its row
/// and the reason; and that one reading names all of them, not the first.
#[test]
fn faults_are_named_all_at_once() {
    let book = Spoilt::new();
    assert_eq!(book.faults(), Vec::<String>::new(), "the copy is sound before it is spoilt");
    let first = fs::read_to_string(book.folder().join("parameters.csv")).unwrap().lines().count() + 1;
    let rows = [
        (parameter("a", "1,1,1", "share", "", "", "OGL-3.0", "2019-01-01"), "source is empty"),
        (parameter("b", "1,1,1", "GBP", "", "ONS", "OGL-3.0", "2019-01-01"), "money needs a price year"),
        (parameter("c", "1,1,1", "GBP", "1950", "ONS", "OGL-3.0", "2019-01-01"), "price year 1950 of c is not in"),
        (parameter("d", "2,1,3", "share", "", "ONS", "OGL-3.0", "2019-01-01"), "not in the order low, central, high"),
        (
            parameter("e", "1,1,1", "share", "", "HACT", "CC-BY-NC-ND-4.0", "2019-01-01"),
            "does not let the value be passed",
        ),
        (parameter("f", "1,1,x", "share", "", "ONS", "OGL-3.0", "2019-01-01"), "value_high \"x\" is not a decimal"),
        (parameter("g", "1,1,1", "share", "", "ONS", "OGL-3.0", "01/02/2019"), "valid_from \"01/02/2019\" is not"),
        (parameter("h", "1,1,1", "share", "", "ONS", "", "2019-01-01"), "licence is empty"),
        (
            parameter("wellby.value", "1,1,1", "GBP", "2019", "ONS", "OGL-3.0", "2019-01-01"),
            "holds at the same time in row",
        ),
    ];
    for (row, _) in &rows {
        book.append("parameters.csv", row);
    }
    book.append("deflators.csv", "2025,0,2025-12,HM Treasury,OGL-3.0");
    book.replace("models/valuations.sql", "-- parameters: gva-per-job.lcr,", "-- parameters: gva-per-job.mars,");
    let faults = book.faults();
    for (at, (row, reason)) in rows.iter().enumerate() {
        let place = format!("parameters.csv, row {}", first + at);
        let named = faults.iter().any(|fault| fault.contains(&place) && fault.contains(reason));
        assert!(named, "{place}: {reason} ({row}) is among {faults:#?}");
    }
    for words in ["deflators.csv, row 37: index 0 is not above zero", "gva-per-job.mars is named but not used"] {
        assert!(faults.iter().any(|fault| fault.contains(words)), "{words} is among {faults:#?}");
    }
}

/// Proves that what is at fault as a whole is named too.
#[test]
fn a_book_is_whole_or_refused() {
    type Case<'a> = (&'a str, &'a dyn Fn(&Spoilt), &'a str);
    let cases: [Case<'_>; 6] = [
        (
            "no model",
            &|book| fs::remove_file(book.folder().join("models/jobs.sql")).unwrap(),
            "models/jobs.sql: the file is missing",
        ),
        (
            "no deflators",
            &|book| fs::remove_file(book.folder().join("deflators.csv")).unwrap(),
            "deflators.csv: the file is missing",
        ),
        (
            "no changelog",
            &|book| fs::remove_file(book.folder().join("CHANGELOG.md")).unwrap(),
            "CHANGELOG.md: the file is missing",
        ),
        ("unknown key", &|book| book.append("method.toml", "colour = \"red\""), "method.toml"),
        (
            "perspective",
            &|book| book.replace("method.toml", "\"LCR\"", "\"MARS\""),
            "perspective \"MARS\" is not LCR or UK",
        ),
        (
            "another name",
            &|book| book.replace("method.toml", "\"copy\"", "\"other\""),
            "version \"other\" stands in the folder of copy",
        ),
    ];
    for (name, spoil, words) in cases {
        let book = Spoilt::new();
        spoil(&book);
        let faults = book.faults();
        assert!(faults.iter().any(|fault| fault.contains(words)), "{name}: {faults:?}");
    }
}

/// Proves that the program's books are sound: released ones have the content
/// they were released with, no model makes a sum that L9 forbids, and every
/// worked example comes out to the last digit.
#[tokio::test]
async fn the_programs_books_are_sound() {
    let shelf = Shelf::new(PathBuf::from("/nonexistent"));
    let versions: Vec<String> = shelf.list().unwrap().into_iter().map(|listed| listed.version).collect();
    assert!(versions.iter().any(|version| version == BASE));
    for version in &versions {
        let book = shelf.open(version).unwrap();
        assert_eq!(forbidden_sums(&book).await.unwrap(), [], "{version}");
        assert_eq!(unmet_examples(&book).await.unwrap(), [], "{version}");
    }
    let released = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../method/released.csv");
    for line in fs::read_to_string(released).unwrap().lines().skip(1) {
        let version = line.split(',').next().unwrap().to_owned();
        assert!(versions.contains(&version), "{version} was released, so its book is kept");
    }
}

/// Proves that a worked example of which a digit is wrong is told with its row,
/// beside what is published; and one whose row is nowhere.
#[tokio::test]
async fn an_example_that_does_not_come_out_is_told() {
    let book = Spoilt::new();
    book.replace(
        "examples/deflation.md",
        "2019-Q1,P,COMMITTED,1000.0000,1050.61",
        "2019-Q1,P,COMMITTED,1000.0000,1050.62",
    );
    book.replace(
        "examples/deflation.md",
        "2020-Q1,P,COMMITTED,1000.0000,1000.00",
        "2020-Q1,Q,COMMITTED,1000.0000,1000.00",
    );
    let unmet = unmet_examples(&book.shelf().open("copy").unwrap()).await.unwrap();
    assert_eq!(unmet.len(), 2, "{unmet:#?}");
    assert!(unmet.iter().all(|row| row.file == "examples/deflation.md" && row.table == "funding"));
    assert!(unmet[0].published.as_ref().is_some_and(|row| row.contains("amount_real=1050.61")), "{unmet:#?}");
    assert_eq!((unmet[1].line, unmet[1].published.as_ref()), (unmet[0].line + 1, None));
}

/// Proves that each sum that must not be is found where a model makes it:
/// currencies, measures, grants with loans, onward grants with the awards at
/// their end, levels over time, created with safeguarded posts.
#[tokio::test]
async fn forbidden_sums_are_found() {
    type Edit<'a> = (&'a str, &'a str, &'a str, [&'a str; 2]);
    let (funding, headline) = ("models/funding.sql", "models/headline.sql");
    // File, text, what stands in its place, and what is then added.
    let books: [&[Edit<'_>]; 2] = [
        &[
            (funding, "unit AS currency", "'GBP' AS currency", ["GBP", "EUR"]),
            (funding, "'UNSPECIFIED'), district, unit,", "'UNSPECIFIED'), district,", ["GBP", "EUR"]),
            ("models/money_by_quarter.sql", "WHERE in_totals", "", ["GRANT", "onward"]),
            (
                headline,
                "SUM(quantity) * CAST('0.25' AS DECIMAL(3, 2))",
                "SUM(quantity) * CAST('1.00' AS DECIMAL(3, 2))",
                ["HEADCOUNT", "quarter's end"],
            ),
        ],
        &[
            (funding, "         measure,\n", "         'COMMITTED' AS measure,\n", ["COMMITTED", "DISBURSED"]),
            (
                funding,
                "'unknown'), counterparty_id, measure,",
                "'unknown'), counterparty_id,",
                ["COMMITTED", "DISBURSED"],
            ),
            (funding, "COALESCE(instrument, 'UNSPECIFIED') AS", "'GRANT' AS", ["GRANT", "LOAN"]),
            (
                funding,
                "           COALESCE(instrument, 'UNSPECIFIED'), district",
                "           district",
                ["GRANT", "LOAN"],
            ),
            (
                headline,
                "s.job_basis = l.job_basis",
                "(s.job_basis = l.job_basis OR l.job_basis = 'SAFEGUARDED')",
                ["CREATED", "SAFEGUARDED"],
            ),
        ],
    ];
    for edits in books {
        let book = Spoilt::new();
        for (file, from, to, _) in edits {
            book.replace(file, from, to);
        }
        let found = book.forbidden().await;
        for (file, .., words) in edits {
            let named = found.iter().any(|sum| words.iter().all(|word| sum.adds.join(" + ").contains(word)));
            assert!(named, "{file}: {words:?} is among {found:#?}");
        }
    }
}

/// Proves that a version of one's own has its rows in place of, or after,
/// those of its base; is private where a licence says so; says in its
/// changelog where it comes from; and that its base is not touched.
#[test]
fn a_version_of_ones_own() {
    let dir = TempDir::new().unwrap();
    let shelf = Shelf::new(dir.path().join("method"));
    let file = dir.path().join("bank.csv");
    let header = "id,what,value_low,value_central,value_high,unit,price_year,source,source_year,confidence,licence,valid_from,valid_to";
    let wellby = parameter("wellby.value", "9000,12000,15000", "GBP", "2019", "Ours", "OGL-3.0", "1990-01-01");
    let bank = parameter("bank.volunteering", "1,2,3", "GBP", "2019", "HACT", "CC-BY-NC-ND-4.0", "1990-01-01");
    fs::write(&file, format!("{header}\n{wellby}\n{bank}\n")).unwrap();
    let extension = Extension { base: BASE, version: "ours-1", date: "2026-11-01", file: &file };
    let made = extend(&shelf, &extension).unwrap();
    assert_eq!((made.added, made.replaced), (1, 1));
    let (base, book) = (shelf.open(BASE).unwrap(), shelf.open("ours-1").unwrap());
    assert_eq!(book.distribution(), Distribution::Private);
    assert_eq!((base.distribution(), book.status(), book.date()), (Distribution::Open, "provisional", "2026-11-01"));
    let changed = difference(&base, &book).parameters;
    let names: Vec<&str> = changed.iter().map(|change| change.what.as_str()).collect();
    assert_eq!(names, ["bank.volunteering from 1990-01-01", "wellby.value from 1990-01-01"]);
    let changes = fs::read_to_string(made.folder.join("CHANGELOG.md")).unwrap();
    assert!(changes.contains("From 2026.1: 1 parameter(s) added and 1 replaced by bank.csv"), "{changes}");
    assert!(changes.contains("The worked examples of 2026.1 are left out"), "{changes}");
    assert!(book.examples().is_empty() && !base.examples().is_empty());
    let listed = shelf.list().unwrap();
    let own: Vec<_> = listed.iter().filter(|listed| listed.origin == Origin::Folder).collect();
    assert_eq!((own.len(), own[0].digest.as_str()), (1, book.digest()));

    let refused = |extension: &Extension<'_>, words: &str| {
        let faults: MethodFaults = extend(&shelf, extension).unwrap_err();
        assert!(faults.to_string().contains(words), "{faults}");
    };
    refused(&extension, "there is such a version");
    refused(&Extension { version: BASE, ..extension }, "there is such a version");
    refused(&Extension { version: "../up", ..extension }, "is no name for a version");
    refused(&Extension { version: "ours-2", base: "1066", ..extension }, "there is no such method version");
    let later = parameter("wellby.value", "1,1,1", "GBP", "2019", "Ours", "OGL-3.0", "2020-01-01");
    fs::write(&file, format!("{header}\n{later}\n")).unwrap();
    refused(&Extension { version: "ours-2", ..extension }, "holds at the same time");
    fs::write(&file, format!("{header}\n")).unwrap();
    refused(&Extension { version: "ours-2", ..extension }, "holds no parameter");
    let left: Vec<_> =
        fs::read_dir(dir.path().join("method")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["ours-1"], "a refused version leaves nothing behind");
}

/// Proves that a released version is held to the content it was released
/// with, to the byte, and that none may call itself released on its own word.
#[test]
fn a_released_version_never_changes() {
    let book = Spoilt::new();
    book.replace("method.toml", "status = \"provisional\"", "status = \"released\"");
    assert!(book.faults()[0].contains("released.csv does not list it"), "{:?}", book.faults());
    let listed = book.shelf().list().unwrap();
    let digest = &listed.iter().find(|listed| listed.version == "copy").unwrap().digest;
    fs::write(book.dir.path().join("released.csv"), format!("version,sha256\ncopy,{digest}\n")).unwrap();
    assert_eq!(book.faults(), Vec::<String>::new());
    book.append("README.md", "One more word.");
    assert!(book.faults()[0].contains("it was released as"), "{:?}", book.faults());
}
