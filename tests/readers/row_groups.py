"""Shows that readers skip row groups of the journal by their statistics.

    row_groups.py JOURNAL_DIR

For the entries of both books, over the active files:

- every row group has bounds and a count of nulls for each column that readers
  filter by, and they are the values' own;
- columns are flat, text is read as plain text though files hold it as
  dictionaries, and quantities are decimals;
- what one commit posted, and what came at one offset, is read by pyarrow, Polars
  and DuckDB from fewer row groups than there are, as each of them says itself,
  with the rows that a full scan gives.

Prints what was skipped; exits 1 with every fault on a line of its own.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from journal_sums import ACTIVE, load_log

FAULTS_SHOWN = 20
BOUNDED = ["measure", "unit", "occurred_on", "quarter", "district", "origin_partition", "origin_offset", "ledger_commit"]
# Told to a process of its own: Polars says on its standard error what it skips.
POLARS = """
import sys, polars as pl
files, name, value = sys.argv[1].split("\\n"), sys.argv[2], int(sys.argv[3])
print(pl.scan_parquet(files).filter(pl.col(name) == value).select(pl.len()).collect().item())
"""


def check_groups(path: Path) -> list[str]:
    """Faults of one file's statistics and types."""
    file = pq.ParquetFile(path)
    schema = file.schema_arrow
    found = [
        f"{path.name}: column {field.name} is read as {field.type}"
        for field in schema
        if pa.types.is_nested(field.type) or pa.types.is_dictionary(field.type) or pa.types.is_floating(field.type)
    ]
    if not pa.types.is_decimal(schema.field("quantity").type):
        found.append(f"{path.name}: quantity is read as {schema.field('quantity').type}")
    coded = False
    for group in range(file.num_row_groups):
        rows = file.read_row_group(group, columns=BOUNDED)
        for number in range(file.metadata.num_columns):
            chunk = file.metadata.row_group(group).column(number)
            coded |= "RLE_DICTIONARY" in chunk.encodings or "PLAIN_DICTIONARY" in chunk.encodings
            name = chunk.path_in_schema
            if name not in BOUNDED:
                continue
            column, told = rows.column(name), chunk.statistics
            nulls = column.null_count
            if told is None or told.null_count != nulls:
                found.append(f"{path.name}, group {group}: {name} has no count of nulls, or a wrong one")
            elif nulls < len(column):
                bounds = pc.min_max(column).as_py()
                if not told.has_min_max or (told.min, told.max) != (bounds["min"], bounds["max"]):
                    found.append(f"{path.name}, group {group}: {name} is said to be {told.min} to {told.max}, not {bounds}")
    if not coded:
        found.append(f"{path.name}: no column is held as a dictionary")
    return found


def by_arrow(paths: list[str], name: str, value: int) -> tuple[int, int, int]:
    """Rows that match, row groups read, row groups there are."""
    dataset, wanted = ds.dataset(paths), pc.field(name) == value
    fragments = list(dataset.get_fragments())
    there = sum(fragment.num_row_groups for fragment in fragments)
    read = sum(len(fragment.subset(wanted).row_groups) for fragment in fragments)
    return dataset.count_rows(filter=wanted), read, there


def by_duckdb(db: duckdb.DuckDBPyConnection, paths: list[str], name: str, value: int) -> tuple[int, int]:
    """Rows that match, and row groups that DuckDB says it scanned."""
    query = f"SELECT count(*) FROM read_parquet($paths) WHERE {name} = $value"
    wanted = {"paths": paths, "value": value}
    (rows,) = db.execute(query, wanted).fetchone()
    ((_, profile),) = db.execute(f"EXPLAIN ANALYZE {query}", wanted).fetchall()

    def scans(node: object) -> int:
        if isinstance(node, list):
            return sum(map(scans, node))
        if not isinstance(node, dict):
            return 0
        return node.get("row_groups_scanned", 0) + sum(map(scans, node.values()))

    return rows, scans(json.loads(profile))


def by_polars(paths: list[str], name: str, value: int) -> tuple[int, int]:
    """Rows that match, and row groups that Polars says it reads."""
    done = subprocess.run(
        [sys.executable, "-c", POLARS, "\n".join(paths), name, str(value)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"POLARS_VERBOSE": "1"},
    )
    read = re.findall(r"Predicate pushdown: reading (\d+) / \d+ row groups", done.stderr)
    return int(done.stdout), sum(map(int, read))


def check_pruning(paths: list[str], name: str) -> list[str]:
    """Whether all three skip the same row groups for one value of a column."""
    table = pq.read_table(paths[0], columns=[name])
    value = table.column(name)[len(table) // 2].as_py()
    full = sum(pc.sum(pc.equal(pq.read_table(path, columns=[name]).column(name), value)).as_py() or 0 for path in paths)
    rows, least, there = by_arrow(paths, name, value)
    with duckdb.connect() as db:
        db.execute("PRAGMA enable_profiling = 'json'")
        answers = {"pyarrow": (rows, least), "DuckDB": by_duckdb(db, paths, name, value)}
    answers["Polars"] = by_polars(paths, name, value)
    found = [f"{reader}: {name} = {value} has {rows} rows, a full scan {full}" for reader, (rows, _) in answers.items() if rows != full]
    found += [
        f"{reader}: {name} = {value} is read from {read} of {there} row groups, {least} may hold it"
        for reader, (_, read) in answers.items()
        if not 0 < read <= least or read >= there
    ]
    if not found:
        print(f"{name} = {value}: {full} rows, read from {least} of {there} row groups by {', '.join(answers)}")
    return found


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    journal, found = Path(arguments[0]), []
    with duckdb.connect() as db:
        load_log(db, journal)
        books = {
            book: [str(journal / path) for (path,) in db.execute(ACTIVE, {"book": book}).fetchall()]
            for book in ("funding", "employment")
        }
    for book, paths in books.items():
        faults = [fault for path in paths for fault in check_groups(Path(path))]
        found += faults
        if paths and not faults:
            print(f"{book}: statistics and types of {len(paths)} files hold")
            for name in ("ledger_commit", "origin_offset"):
                found += check_pruning(paths, name)
    if not any(books.values()):
        found.append(f"{journal} holds no entries")
    for text in found[:FAULTS_SHOWN]:
        print(f"fault: {text}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
