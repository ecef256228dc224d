"""Adds up the journal by DuckDB alone and holds the published totals against it.

    journal_sums.py JOURNAL_DIR PUBLISHED_DIR

No Delta library: the active files are read from `_delta_log/*.json` (added and
not removed since), as any engine may. Then, by plain addition, for each
quarter, measure, unit, district and programme:

- SUM(quantity) and SUM(entry) of book `funding` = those of `funding.parquet`;
- SUM(quantity) of the flows in book `employment` = that of the flows in
  `jobs.parquet` and `volunteering.parquet` (stocks are levels: no sum);

and SUM(entry) of each book = the live events of `data_quality.parquet`.
Exits 1 with each difference on a line.
"""

import sys
from pathlib import Path

import duckdb

KEYS = ["quarter", "measure", "unit", "district", "programme"]
DIFFERENCES_SHOWN = 20

# Both sides of each comparison, as KEYS..., total. A missing programme is
# published as the value `unknown`.
JOURNAL = """
SELECT quarter, measure, unit, district, coalesce(programme, 'unknown') AS programme, SUM({value}) AS total
FROM {book} {where} GROUP BY ALL
"""
FUNDING = """
SELECT quarter, measure, currency AS unit, district, programme, SUM({value}) AS total
FROM '{folder}/funding.parquet' GROUP BY ALL
"""
FLOWS_ONLY = "WHERE measure IN (SELECT measure FROM '{folder}/measures.parquet' WHERE kind = 'flow')"
FLOWS = """
SELECT quarter, measure, unit, district, programme, SUM(quantity) AS total
FROM (
    SELECT quarter, measure, unit, district, programme, kind, quantity FROM '{folder}/jobs.parquet'
    UNION ALL
    SELECT quarter, measure, unit, district, programme, kind, quantity FROM '{folder}/volunteering.parquet'
)
WHERE kind = 'flow' GROUP BY ALL
"""
LIVE_EVENTS = """
SELECT dataset, SUM(events) AS total FROM '{folder}/data_quality.parquet'
WHERE check_name = 'live-events' GROUP BY dataset
"""

# One row a file action; the version is the log file's name.
ACTIONS = """
CREATE TEMP TABLE actions AS
SELECT
    regexp_extract(filename, '([0-9]{20})[.]json$', 1)::BIGINT AS version,
    url_decode(coalesce(add.path, remove.path)) AS path,
    add.path IS NOT NULL AS added,
    map_extract_value(coalesce(add.partitionValues, remove.partitionValues), 'book') AS book
FROM read_json(
    $log, format = 'newline_delimited', filename = true,
    columns = {
        'add': 'STRUCT(path VARCHAR, "partitionValues" MAP(VARCHAR, VARCHAR))',
        'remove': 'STRUCT(path VARCHAR, "partitionValues" MAP(VARCHAR, VARCHAR))'
    }
)
"""

# A compaction removes and adds in one version, never the same path.
ACTIVE = """
SELECT path FROM actions WHERE path IS NOT NULL
GROUP BY path HAVING arg_max(added, version) AND any_value(book) = $book ORDER BY path
"""


def load_log(db: duckdb.DuckDBPyConnection, journal: Path) -> None:
    """Reads the Delta log; refuses one whose beginning or middle is missing."""
    log = sorted((journal / "_delta_log").glob("[0-9]*.json"))
    versions = [int(path.stem) for path in log]
    if not versions or versions != list(range(len(versions))):
        raise SystemExit(f"{journal}/_delta_log does not run from version 0 without a hole")
    db.execute(ACTIONS, {"log": [str(path) for path in log]})


def load_book(db: duckdb.DuckDBPyConnection, journal: Path, book: str) -> int:
    """Makes view `book` over the book's active files; returns how many they are."""
    files = [str(journal / path) for (path,) in db.execute(ACTIVE, {"book": book}).fetchall()]
    if files:
        relation = db.read_parquet(files, union_by_name=True, hive_partitioning=False)
        relation.create_view(book)
    return len(files)


def differences(db: duckdb.DuckDBPyConnection, keys: list[str], ours: str, published: str) -> list[str]:
    """Rows of two `keys..., total` queries that differ; a missing row is zero.

    Both totals are exact: integers or decimals.
    """
    matched = " AND ".join(f"j.{key} IS NOT DISTINCT FROM p.{key}" for key in keys)
    named = ", ".join(f"coalesce(j.{key}, p.{key})" for key in keys)
    rows = db.execute(
        f"SELECT {named}, coalesce(j.total, 0) AS ours, coalesce(p.total, 0) AS theirs "
        f"FROM ({ours}) j FULL JOIN ({published}) p ON {matched} "
        "WHERE ours <> theirs ORDER BY ALL"
    ).fetchall()
    return [f"{' / '.join(map(str, row[:-2]))}: journal {row[-2]}, published {row[-1]}" for row in rows]


def check_sums(db: duckdb.DuckDBPyConnection, folder: Path, book: str) -> list[str]:
    """A book by its grouping columns, journal against published."""
    if book == "funding":
        sides = [
            ("amount", JOURNAL.format(value="quantity", book=book, where=""), FUNDING.format(value="amount", folder=folder)),
            ("events", JOURNAL.format(value="entry", book=book, where=""), FUNDING.format(value="events", folder=folder)),
        ]
    else:
        flows = FLOWS_ONLY.format(folder=folder)
        sides = [
            ("flows", JOURNAL.format(value="quantity", book=book, where=flows), FLOWS.format(folder=folder)),
        ]
    found = []
    for what, ours, theirs in sides:
        found += [f"{book} {what}: {text}" for text in differences(db, KEYS, ours, theirs)]
        groups, total = db.execute(f"SELECT count(*), coalesce(sum(total), 0) FROM ({ours})").fetchone()
        print(f"{book} {what}: {groups} groups, checksum {total} (measures and units mixed: no figure)")
    return found


def check_entries(db: duckdb.DuckDBPyConnection, folder: Path, books: list[str]) -> list[str]:
    """Live events of each book, journal against data_quality.parquet."""
    ours = " UNION ALL ".join(
        f"SELECT '{book}' AS dataset, SUM(entry) AS total FROM {book}" for book in books
    )
    for dataset, total in db.execute(f"{ours} ORDER BY dataset").fetchall():
        print(f"{dataset}: {total} live events")
    theirs = LIVE_EVENTS.format(folder=folder)
    return [f"live events: {text}" for text in differences(db, ["dataset"], ours, theirs)]


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    journal, published = map(Path, arguments)
    with duckdb.connect() as db:
        load_log(db, journal)
        books = [book for book in ("employment", "funding") if load_book(db, journal, book)]
        if not books:
            print(f"{journal} holds no entries", file=sys.stderr)
            return 1
        found = check_entries(db, published, books)
        for book in books:
            found += check_sums(db, published, book)
    for text in found[:DIFFERENCES_SHOWN]:
        print(f"differs: {text}", file=sys.stderr)
    if len(found) > DIFFERENCES_SHOWN:
        print(f"and {len(found) - DIFFERENCES_SHOWN} more", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
