"""Runs a method's SQL in DuckDB and holds every published cell against it.

    second_engine.py BOOK_DIR INPUTS_DIR UNPROTECTED_DIR [PUBLISHED_DIR]

BOOK_DIR is a method version (`method/2026.1`), INPUTS_DIR what `commonweal
method inputs --to` wrote, UNPROTECTED_DIR what `commonweal publish
--before-disclosure --to` wrote from the same balances. The models run
unchanged, in the order of `method.toml`, each over the inputs and the models
before it. Rows are matched by all their columns: decimals, whole numbers, dates
and texts must be equal to the last digit, floats to 1e-12.

PUBLISHED_DIR is what was published of the same. It must have the same rows;
what is marked `r` must be the exact count rounded and its value in proportion,
what is marked `c` null, and all else the same. Tables that are made of protected
ones must be what their models make of those in DuckDB.

Prints one line a table; exits 1 with every difference on a line of its own.
"""

import decimal
import math
import sys
import tomllib
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

FLOAT_TOLERANCE = 1e-12
DIFFERENCES_SHOWN = 20
# Columns one of which is the count of a row, the first that is there.
COUNTS = ("quantity", "gross", "value_central")
FIGURES = COUNTS + tuple(
    f"{name}_{case}"
    for name in ("net", "value", "undiscounted", "present")
    for case in ("low", "central", "high")
    if f"{name}_{case}" not in COUNTS
)
# Tables whose values are in proportion to their count.
PROPORTIONAL = {"social_value", "lifetime_value"}
# Tables whose models are run over the protected ones.
OF_PROTECTED = {"claims", "attribution", "value_for_money", "targets"}
COMPANIONS = ("statements", "carried_forward", "stale")


def evaluate(book: Path, inputs: Path) -> duckdb.DuckDBPyConnection:
    """A database with the inputs and every model as tables."""
    database = duckdb.connect()
    for path in sorted(inputs.glob("*.parquet")):
        database.execute(f'CREATE TABLE "{path.stem}" AS SELECT * FROM read_parquet(?)', [str(path)])
    for model in tomllib.loads((book / "method.toml").read_text())["models"]:
        sql = (book / "models" / f"{model}.sql").read_text()
        try:
            database.execute(f'CREATE TABLE "{model}" AS {sql}')
        except duckdb.Error as error:
            raise SystemExit(f"{model}.sql: DuckDB refuses it: {error}") from error
    return database


def equal(mine: object, theirs: object) -> bool:
    """Whether two cells are the same."""
    if isinstance(mine, float) and isinstance(theirs, float):
        return math.isclose(mine, theirs, rel_tol=FLOAT_TOLERANCE, abs_tol=0.0)
    return type(mine) is type(theirs) and mine == theirs


def sort_key(row: dict, columns: list[str]) -> list[tuple]:
    """Nulls first, then by value; floats last, since they may differ a little."""
    exact = [name for name in columns if not isinstance(row[name], float)]
    return [(row[name] is not None, "" if row[name] is None else row[name]) for name in exact]


def differences(published: pa.Table, computed: pa.Table) -> list[str]:
    """Every cell in which two tables differ, as text."""
    missing = set(published.column_names) ^ set(computed.column_names)
    if missing:
        return [f"column {name} is in one of the two alone" for name in sorted(missing)]
    if published.num_rows != computed.num_rows:
        return [f"{published.num_rows} rows are published, {computed.num_rows} computed"]
    columns = published.column_names
    found = []
    for name in columns:
        mine, theirs = published.schema.field(name).type, computed.schema.field(name).type
        if mine != theirs and not (pa.types.is_string(mine) and pa.types.is_large_string(theirs)):
            found.append(f"column {name} is published as {mine} and computed as {theirs}")
    if found:
        return found
    mine, theirs = (
        sorted(table.select(columns).to_pylist(), key=lambda row: sort_key(row, columns))
        for table in (published, computed)
    )
    for row, other in zip(mine, theirs):
        unequal = [name for name in columns if not equal(row[name], other[name])]
        found += [f"{name} is published as {row[name]!r} and computed as {other[name]!r} in {row}" for name in unequal]
    return found


def protected_differences(published: pa.Table, exact: pa.Table, rounding_base: int, proportional: bool) -> list[str]:
    """Where a published table is not what protection makes of the exact one. Both lie in the order of their key."""
    if published.column_names != exact.column_names or published.num_rows != exact.num_rows:
        return [f"{published.num_rows} rows are published, {exact.num_rows} are there, or their columns differ"]
    found = []
    half = decimal.Decimal(rounding_base) / 2
    for row, other in zip(published.to_pylist(), exact.to_pylist()):
        mark = row.get("disclosure")
        figures = [name for name in FIGURES if other.get(name) is not None]
        companions = [name for name in COMPANIONS if name in row]
        unequal = [name for name in row if row[name] != other[name] and name != "disclosure"]
        if mark is None:
            found += [f"{name} is unmarked and differs in {row}" for name in unequal]
            continue
        found += [
            f"{name} is {row[name]!r} and was {other[name]!r} in {row}"
            for name in unequal
            if name not in figures and not (name in companions and row[name] is None)
        ]
        if mark == "c":
            found += [f"{name} is confidential and told in {row}" for name in figures + companions if row[name] is not None]
            continue
        count = next(name for name in COUNTS if name in figures)
        if mark == "r" and (row[count] % rounding_base != 0 or abs(row[count] - other[count]) > half):
            found.append(f"{count} is {row[count]} for {other[count]} in {row}")
        for name in figures:
            if row[name] is None:
                found.append(f"{name} is missing in {row}")
            elif proportional and other[count] != 0:
                expected = other[name] * row[count] / other[count]
                if abs(row[name] - expected) > max(decimal.Decimal("0.02"), abs(expected) / 10_000):
                    found.append(f"{name} is {row[name]} for {expected} in {row}")
    return found


def evaluate_over(database: duckdb.DuckDBPyConnection, book: Path, published: Path) -> dict[str, pa.Table]:
    """What models of protected tables make of the published ones, by name."""
    paths = {path.stem: path for path in published.glob("*.parquet") if path.stem not in OF_PROTECTED}
    for name, path in paths.items():
        database.execute(f'CREATE OR REPLACE TABLE "{name}" AS SELECT * FROM read_parquet(?)', [str(path)])
    made = {}
    for model in tomllib.loads((book / "method.toml").read_text())["models"]:
        if model in OF_PROTECTED:
            sql = (book / "models" / f"{model}.sql").read_text()
            database.execute(f'CREATE OR REPLACE TABLE "{model}" AS {sql}')
            made[model] = database.table(model).to_arrow_table()
    return made


def check_protection(database: duckdb.DuckDBPyConnection, book: Path, unprotected: Path, published: Path) -> int:
    """Holds what was published against what it was made of; the number of differences."""
    made = evaluate_over(database, book, published)
    rounding_base = tomllib.loads((book / "method.toml").read_text())["disclosure"]["rounding_base"]
    wrong = 0
    for path in sorted(published.glob("*.parquet")):
        told = pq.read_table(path)
        if path.stem in made:
            found = differences(told, made[path.stem])
        else:
            exact = pq.read_table(unprotected / path.name)
            found = protected_differences(told, exact, rounding_base, path.stem in PROPORTIONAL)
        for text in found[:DIFFERENCES_SHOWN]:
            print(f"{path.stem}: {text}", file=sys.stderr)
        wrong += len(found)
        if "disclosure" in told.column_names and not found:
            marks = told.column("disclosure").to_pylist()
            kept_back = marks.count("c")
            print(f"{path.stem}: {len(marks) - kept_back} rows told as they were or rounded, {kept_back} kept back")
    return wrong


def main(arguments: list[str]) -> int:
    if len(arguments) not in (3, 4):
        print(__doc__, file=sys.stderr)
        return 2
    book, inputs, folder = (Path(argument) for argument in arguments[:3])
    database = evaluate(book, inputs)
    wrong = 0
    paths = sorted(folder.glob("*.parquet"))
    if not paths:
        raise SystemExit(f"{folder}: nothing is published there")
    for path in paths:
        published = pq.read_table(path)
        computed = database.table(path.stem).to_arrow_table()
        found = differences(published, computed)
        for text in found[:DIFFERENCES_SHOWN]:
            print(f"{path.stem}: {text}", file=sys.stderr)
        wrong += len(found)
        if not found:
            cells = published.num_rows * published.num_columns
            print(f"{path.stem}: {published.num_rows} rows, {cells} cells, the same in DuckDB")
    if len(arguments) == 4:
        wrong += check_protection(database, book, folder, Path(arguments[3]))
    if wrong:
        print(f"{wrong} difference(s)", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
