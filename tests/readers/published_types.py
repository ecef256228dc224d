"""Opens every published table as BI tools do, and holds the readers against
each other.

    published_types.py PUBLISHED_DIR

DuckDB, Polars, pandas and pyarrow must see the same rows and values, in types
that every BI tool takes: integers of 32 or 64 bits, exact decimals, floats of
64 bits for ratios, dates, text, booleans and microsecond UTC instants, nothing
nested. pandas is asked twice: with Arrow's types, where all is exact, and with its
own, where a whole number that may be missing becomes a float of the same value. Every column must have statistics,
and true ones. `manifest.json` must name each file with its row count and SHA-256.
Prints one line a table; exits 1 with every mismatch on a line of its own.
"""

import sys
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from manifest import read_manifest, sha256

TABLES = {
    "attribution",
    "claims",
    "completeness",
    "data_quality",
    "funder_shares",
    "funding",
    "headline",
    "jobs",
    "leverage",
    "lifetime_value",
    "measures",
    "organisations",
    "places",
    "programmes",
    "quarters",
    "reconciliation",
    "repayable_finance",
    "social_value",
    "targets",
    "value_for_money",
    "volunteering",
}

# The only floats there are: nothing that is money or a count.
RATIOS = {"leverage", "recycling_ratio", "residual_share", "ratio_low", "ratio_central", "ratio_high"}

# Text under which each reader shows a permitted type. DECIMAL carries its
# precision and scale, so its prefix decides.
DUCKDB_TYPES = {"INTEGER", "BIGINT", "DATE", "DOUBLE", "VARCHAR", "BOOLEAN", "TIMESTAMP WITH TIME ZONE"}
POLARS_TYPES = {pl.Int32, pl.Int64, pl.Float64, pl.Date, pl.String, pl.Boolean}
POLARS_INSTANT = pl.Datetime("us", "UTC")

# DuckDB and Polars hold no wider decimal.
DECIMAL_PRECISION_MAX = 38


def permitted_arrow(kind: pa.DataType) -> bool:
    """Whether pyarrow's type is one that every BI tool takes."""
    return (
        kind in (pa.int32(), pa.int64(), pa.date32(), pa.string(), pa.bool_())
        or kind == pa.timestamp("us", tz="UTC")
        or (pa.types.is_decimal(kind) and kind.precision <= DECIMAL_PRECISION_MAX and kind.scale >= 0)
    )


def permitted_polars(kind: pl.DataType) -> bool:
    """Whether Polars' type is one that every BI tool takes."""
    return kind in POLARS_TYPES or kind == POLARS_INSTANT or isinstance(kind, pl.Decimal)


def type_mismatches(path: Path, schema: pa.Schema, frame: pl.DataFrame) -> list[str]:
    """Columns whose type some reader shows as none of the permitted ones."""
    found = []
    for field in schema:
        ratio = field.type == pa.float64() and field.name in RATIOS
        if not (ratio or permitted_arrow(field.type)):
            found.append(f"column {field.name}: pyarrow reads {field.type}")
    for name, kind in frame.schema.items():
        if not permitted_polars(kind):
            found.append(f"column {name}: Polars reads {kind}")
    described = duckdb.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
    for name, kind, *_ in described:
        if kind not in DUCKDB_TYPES and not kind.startswith("DECIMAL("):
            found.append(f"column {name}: DuckDB reads {kind}")
    return found


def value_mismatches(reader: str, table: pa.Table, other: pa.Table) -> list[str]:
    """Where `other`, as `reader` had it, differs from pyarrow's `table`."""
    if other.column_names != table.column_names:
        return [f"{reader} reads columns {other.column_names}, pyarrow {table.column_names}"]
    if other.num_rows != table.num_rows:
        return [f"{reader} reads {other.num_rows} rows, pyarrow {table.num_rows}"]
    found = []
    for name in table.column_names:
        mine = table.column(name).combine_chunks()
        # Readers differ in how they hold text in memory (string, large_string,
        # string_view); a cast that would lose anything raises.
        theirs = other.column(name).combine_chunks().cast(mine.type)
        if not theirs.equals(mine):
            row = next(i for i in range(len(mine)) if mine[i] != theirs[i])
            found.append(
                f"column {name}, row {row}: {reader} reads {theirs[row]}, pyarrow {mine[row]}"
            )
    return found


def pandas_mismatches(path: Path, table: pa.Table) -> list[str]:
    """Where pandas' own types lose a value."""
    frame = pd.read_parquet(path)
    found = []
    for name in table.column_names:
        for mine, theirs in zip(table.column(name).to_pylist(), frame[name].tolist()):
            if mine is None and pd.isna(theirs):
                continue
            if isinstance(theirs, float) and mine is not None:
                theirs = int(theirs) if theirs.is_integer() else theirs
            if mine != theirs:
                found.append(f"column {name}: pandas reads {theirs!r}, pyarrow {mine!r}")
                break
    return found


def statistics_mismatches(path: Path, table: pa.Table) -> list[str]:
    """Columns without statistics, or with bounds that are not the values'."""
    metadata = pq.read_metadata(path)
    found, first = [], 0
    for group in range(metadata.num_row_groups):
        part = table.slice(first, metadata.row_group(group).num_rows)
        first += part.num_rows
        for number, name in enumerate(table.column_names):
            chunk, column = metadata.row_group(group).column(number), part.column(name)
            told = chunk.statistics
            nulls = column.null_count
            if told is None or not told.has_null_count or told.null_count != nulls:
                found.append(f"column {name}: the statistics do not count {nulls} nulls")
            elif nulls < len(column):
                bounds = pc.min_max(column).as_py()
                # Bounds of long text are cut, downwards and upwards.
                low, high = told.min, told.max
                if not told.has_min_max or low > bounds["min"] or high < bounds["max"]:
                    found.append(f"column {name}: the statistics say {low!r} to {high!r}, not {bounds}")
    return found


def check_table(path: Path, listed: dict) -> list[str]:
    """Every mismatch of one published file, as text."""
    table = pq.read_table(path)
    frame = pl.read_parquet(path)
    found = type_mismatches(path, table.schema, frame)
    if not found:
        found += value_mismatches("DuckDB", table, duckdb.read_parquet(str(path)).to_arrow_table())
        found += value_mismatches("Polars", table, frame.to_arrow())
        exact = pd.read_parquet(path, dtype_backend="pyarrow")
        found += value_mismatches("pandas", table, pa.Table.from_pandas(exact, preserve_index=False))
        found += pandas_mismatches(path, table)
        found += statistics_mismatches(path, table)
    if listed is None:
        return [*found, "manifest.json does not list it"]
    if listed["rows"] != table.num_rows:
        found.append(f"manifest.json says {listed['rows']} rows, the file has {table.num_rows}")
    if listed["sha256"] != sha256(path):
        found.append(f"manifest.json says SHA-256 {listed['sha256']}, the file has {sha256(path)}")
    return found


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    # Instants are compared as UTC, whatever the machine's own zone.
    duckdb.execute("SET TimeZone = 'UTC'")
    listed = read_manifest(folder)
    files = {path.stem: path for path in sorted(folder.glob("*.parquet"))}
    mismatches = [f"{name}: not published" for name in sorted(TABLES - files.keys())]
    mismatches += [f"{name}: not a table we publish" for name in sorted(files.keys() - TABLES)]
    mismatches += [f"{name}: listed in manifest.json, but no file" for name in sorted(listed.keys() - files.keys())]
    for name, path in files.items():
        found = check_table(path, listed.get(name))
        mismatches += [f"{name}: {text}" for text in found]
        if not found:
            metadata = pq.read_metadata(path)
            print(f"{name}: {metadata.num_rows} rows, {metadata.num_columns} columns, the same in four readers")
    for text in mismatches:
        print(f"mismatch: {text}", file=sys.stderr)
    return 1 if mismatches else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
