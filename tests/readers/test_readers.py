"""Proves that the reader checks find what they are there to find: each spoils
one thing in a sound folder and expects the check to fail and to name it.

    python -m unittest discover -s tests/readers
"""

import datetime
import decimal
import hashlib
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, write_deltalake

from journal_sums import KEYS
from published_types import TABLES
from second_engine import protected_differences

HERE = Path(__file__).parent
MONEY = pa.decimal128(18, 4)
POSTINGS = pa.schema(
    [("book", pa.string())]
    + [(key, pa.string()) for key in KEYS]
    + [("quantity", MONEY), ("entry", pa.int32())]
)


def check(script: str, *arguments: Path) -> tuple[int, str]:
    """Exit code and error text of a reader check."""
    done = subprocess.run(
        [sys.executable, HERE / script, *arguments], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr


def sound_table() -> pa.Table:
    """Three rows with every permitted type, each with a null."""
    return pa.table(
        {
            "count": pa.array([1, 2, None], pa.int32()),
            "rows": pa.array([2**40, None, -1], pa.int64()),
            "amount": pa.array([decimal.Decimal("0.10"), None, decimal.Decimal("-3.00")], pa.decimal128(18, 2)),
            "day": pa.array([datetime.date(2019, 12, 31), None, datetime.date(2020, 1, 1)]),
            "instant": pa.array([1_577_836_800_000_001, None, 0], pa.timestamp("us", "UTC")),
            "name": ["Ynys Môn", "", None],
            "synthetic": [True, False, None],
        }
    )


def write_manifest(folder: Path) -> None:
    """A manifest that agrees with the folder's files."""
    tables = {
        path.stem: {
            "rows": pq.read_metadata(path).num_rows,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in folder.glob("*.parquet")
    }
    (folder / "manifest.json").write_text(json.dumps({"tables": tables}))


class PublishedTypes(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        for name in TABLES:
            pq.write_table(sound_table(), self.folder / f"{name}.parquet")
        write_manifest(self.folder)

    def expect(self, text: str) -> None:
        code, said = check("published_types.py", self.folder)
        self.assertEqual((code, text in said), (1, True), said)

    def test_sound_folder_passes(self) -> None:
        self.assertEqual(check("published_types.py", self.folder), (0, ""))

    def test_types_that_bi_tools_choke_on(self) -> None:
        one = [1]
        for array in (
            pa.array([1.5]),
            pa.array(one, pa.uint32()),
            pa.array(one, pa.int16()),
            pa.array(one, pa.timestamp("ns", "UTC")),
            pa.array(one, pa.timestamp("us")),
            pa.array(one, pa.time64("us")),
            pa.array([[1]]),
            pa.array([{"x": 1}]),
            pa.array([b"x"]),
            pa.array(["x"]).dictionary_encode(),
        ):
            with self.subTest(str(array.type)):
                pq.write_table(pa.table({"odd": array}), self.folder / "jobs.parquet")
                write_manifest(self.folder)
                self.expect("jobs: column odd")

    def test_manifest_with_other_bytes(self) -> None:
        pq.write_table(sound_table(), self.folder / "jobs.parquet", compression="zstd")
        self.expect("jobs: manifest.json says SHA-256")

    def test_manifest_with_other_rows(self) -> None:
        pq.write_table(sound_table().slice(1), self.folder / "jobs.parquet")
        self.expect("jobs: manifest.json says 3 rows, the file has 2")

    def test_missing_file(self) -> None:
        (self.folder / "jobs.parquet").unlink()
        self.expect("jobs: not published")
        self.expect("jobs: listed in manifest.json, but no file")


    def test_statistics_that_are_missing(self) -> None:
        pq.write_table(sound_table(), self.folder / "jobs.parquet", write_statistics=False)
        write_manifest(self.folder)
        self.expect("jobs: column count: the statistics do not count 1 nulls")


class JournalSums(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.journal = Path(scratch.name) / "journal"
        self.published = Path(scratch.name) / "published"
        self.published.mkdir()
        # A grant, its correction (reversal and new entry), and a grant of
        # unknown programme; in three commits, then compacted: files are
        # removed from the log whose rows must not count twice.
        self.post("100.01", 1)
        self.post("-100.01", -1)
        self.post("250.50", 1)
        self.post("7.00", 1, programme=None)
        self.post("3", 1, book="employment", measure="HIRES", unit="PERSONS")
        self.post("40", 1, book="employment", measure="HEADCOUNT", unit="PERSONS")
        DeltaTable(self.journal).optimize.compact()
        self.publish("250.50", "7.00", live=2)

    def post(self, quantity: str, entry: int, **changed: str | None) -> None:
        row = {
            "book": "funding",
            "quarter": "2020-Q1",
            "measure": "COMMITTED",
            "unit": "GBP",
            "district": "E08000012",
            "programme": "KINDRED",
            "quantity": decimal.Decimal(quantity),
            "entry": entry,
        }
        batch = pa.Table.from_pylist([row | changed], POSTINGS)
        write_deltalake(self.journal, batch, partition_by=["book"], mode="append")

    def publish(self, *amounts: str, live: int, hires: str = "3.00") -> None:
        place = {"quarter": "2020-Q1", "district": "E08000012"}
        money = place | {"measure": "COMMITTED", "currency": "GBP", "events": 1}
        rows = [
            money | {"programme": programme, "amount": decimal.Decimal(amount)}
            for programme, amount in zip(["KINDRED", "unknown"], amounts, strict=False)
        ]
        pq.write_table(pa.Table.from_pylist(rows), self.published / "funding.parquet")
        flow = place | {"measure": "HIRES", "unit": "PERSONS", "programme": "KINDRED", "kind": "flow"}
        hired = pa.Table.from_pylist([flow | {"quantity": decimal.Decimal(hires)}])
        pq.write_table(hired, self.published / "jobs.parquet")
        pq.write_table(hired.slice(1), self.published / "volunteering.parquet")
        kinds = {"measure": ["HIRES", "HEADCOUNT"], "kind": ["flow", "stock"]}
        pq.write_table(pa.table(kinds), self.published / "measures.parquet")
        counts = {
            "dataset": ["employment", "funding"],
            "check_name": ["live-events"] * 2,
            "events": [2, live],
        }
        pq.write_table(pa.table(counts), self.published / "data_quality.parquet")

    def expect(self, text: str) -> None:
        code, said = check("journal_sums.py", self.journal, self.published)
        self.assertEqual((code, text in said), (1, True), said)

    def test_corrected_and_compacted_journal_agrees(self) -> None:
        self.assertEqual(check("journal_sums.py", self.journal, self.published), (0, ""))

    def test_a_penny_off(self) -> None:
        self.publish("250.51", "7.00", live=2)
        self.expect("KINDRED: journal 250.5000, published 250.51")

    def test_a_group_not_published(self) -> None:
        self.publish("250.50", live=2)
        self.expect("unknown: journal 7.0000, published 0")

    def test_a_live_event_uncounted(self) -> None:
        self.publish("250.50", "7.00", live=3)
        self.expect("funding: journal 2, published 3")

    def test_a_flow_off(self) -> None:
        self.publish("250.50", "7.00", live=2, hires="4.00")
        self.expect("employment flows: 2020-Q1 / HIRES")

    def test_a_log_with_a_hole(self) -> None:
        (self.journal / "_delta_log" / f"{1:020}.json").unlink()
        self.expect("does not run from version 0 without a hole")


class SecondEngine(unittest.TestCase):
    TOTALS = "SELECT place, CAST(SUM(amount) AS DECIMAL(18, 2)) AS amount FROM doubled GROUP BY place"

    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        root = Path(scratch.name)
        self.book, self.inputs, self.published = root / "book", root / "inputs", root / "published"
        for folder in (self.book / "models", self.inputs, self.published):
            folder.mkdir(parents=True)
        (self.book / "method.toml").write_text('models = ["doubled", "totals"]\n')
        doubled = "-- parameters: none\nSELECT place, amount * 2 AS amount FROM cells\n"
        (self.book / "models" / "doubled.sql").write_text(doubled)
        (self.book / "models" / "totals.sql").write_text(self.TOTALS)
        self.write(self.inputs / "cells.parquet", ["A", "A", None], ["0.05", "1.00", "2.00"])
        self.publish("2.10", "4.00")

    def write(self, path: Path, places: list[str | None], amounts: list[str], scale: int = 2) -> None:
        money = pa.array([decimal.Decimal(amount) for amount in amounts], pa.decimal128(18, scale))
        pq.write_table(pa.table({"place": pa.array(places, pa.string()), "amount": money}), path)

    def publish(self, known: str, unknown: str, scale: int = 2) -> None:
        self.write(self.published / "totals.parquet", [None, "A"], [unknown, known], scale)

    def check(self) -> tuple[int, str]:
        return check("second_engine.py", self.book, self.inputs, self.published)

    def expect(self, text: str) -> None:
        code, said = self.check()
        self.assertEqual((code, text in said), (1, True), said)

    def test_the_same_passes(self) -> None:
        self.assertEqual(self.check(), (0, ""))

    def test_a_penny_off(self) -> None:
        self.publish("2.11", "4.00")
        self.expect("amount is published as Decimal('2.11') and computed as Decimal('2.10')")

    def protect(self, mark: str, quantity: str | None) -> tuple[int, str]:
        """What is said of one published row that was 12."""

        def table(amount: str | None, said: str | None) -> pa.Table:
            told = pa.array([amount and decimal.Decimal(amount)], pa.decimal128(18, 2))
            return pa.table({"quantity": told, "disclosure": pa.array([said], pa.string())})

        found = protected_differences(table(quantity, mark), table("12.00", None), 5, False)
        return len(found), "".join(found)

    def test_protection(self) -> None:
        self.assertEqual(self.protect("r", "10.00"), (0, ""))
        self.assertEqual(self.protect("c", None), (0, ""))
        self.assertIn("is 12.00 for 12.00", self.protect("r", "12.00")[1])
        self.assertIn("is 15.00 for 12.00", self.protect("r", "15.00")[1])
        self.assertIn("confidential and told", self.protect("c", "10.00")[1])
        self.assertIn("is missing", self.protect("h", None)[1])

    def test_another_type(self) -> None:
        self.publish("2.10", "4.00", scale=4)
        self.expect("column amount is published as decimal128(18, 4)")

    def test_a_row_too_many(self) -> None:
        self.write(self.published / "totals.parquet", [None, "A", "B"], ["4.00", "2.10", "1.00"])
        self.expect("3 rows are published, 2 computed")

    def test_a_model_that_duckdb_refuses(self) -> None:
        (self.book / "models" / "totals.sql").write_text("SELECT nothing FROM doubled")
        self.expect("totals.sql: DuckDB refuses it")


class Descriptors(unittest.TestCase):
    """Over a folder of two tables, one of which leads to the other."""

    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        text = pa.field("measure", pa.string(), nullable=False)
        amount = pa.field("amount", pa.decimal128(18, 2))
        self.tables = {
            "measures": pa.table({"measure": ["HIRES", "FTE"]}, pa.schema([text])),
            "jobs": pa.table({"measure": ["FTE", "HIRES"], "amount": [decimal.Decimal("0.50"), None]}, pa.schema([text, amount])),
        }
        self.describe()

    def resource(self, name: str) -> dict:
        path = self.folder / f"{name}.parquet"
        kinds = {"measure": "string", "amount": "number"}
        fields = [
            {"name": field.name, "type": kinds[field.name]} | ({} if field.nullable else {"constraints": {"required": True}})
            for field in pq.read_schema(path)
        ]
        keys = [{"fields": ["measure"], "reference": {"resource": "measures", "fields": ["measure"]}}]
        schema = {"fields": fields, "missingValues": [], "primaryKey": ["measure"]}
        return {
            "name": name,
            "type": "table",
            "path": path.name,
            "format": "parquet",
            "bytes": path.stat().st_size,
            "hash": f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}",
            "rows": pq.read_metadata(path).num_rows,
            "schema": schema | ({"foreignKeys": keys} if name == "jobs" else {}),
        }

    def catalogue(self, resources: list[dict]) -> dict:
        word = lambda text: {"@language": "en", "@value": text}
        graph = [
            {
                "@id": "#all",
                "@type": "dcat:Catalog",
                "dct:title": word("All"),
                "dct:description": word("All"),
                "dct:publisher": {"@id": "#we"},
                "dcat:dataset": [{"@id": f"#{resource['name']}"} for resource in resources],
            },
            {"@id": "#we", "@type": "foaf:Agent", "foaf:name": word("We")},
        ]
        for resource in resources:
            url = {"@id": resource["path"]}
            graph += [
                {
                    "@id": f"#{resource['name']}",
                    "@type": ["dcat:Dataset", "schema:Dataset"],
                    "dct:title": word(resource["name"]),
                    "dct:description": word(resource["name"]),
                    "dct:identifier": resource["name"],
                    "dct:publisher": {"@id": "#we"},
                    "dcat:keyword": [word("jobs")],
                    "dcat:distribution": {"@id": f"#{resource['path']}"},
                    "schema:variableMeasured": [{"schema:name": "measure"}],
                },
                {
                    "@id": f"#{resource['path']}",
                    "@type": "dcat:Distribution",
                    "dct:title": word("file"),
                    "dcat:accessURL": url,
                    "dcat:downloadURL": url,
                    "dcat:mediaType": {"@id": "https://www.iana.org/assignments/media-types/application/vnd.apache.parquet"},
                    "dcat:byteSize": {"@type": "xsd:nonNegativeInteger", "@value": str(resource["bytes"])},
                    "spdx:checksum": {
                        "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
                        "spdx:checksumValue": {"@type": "xsd:hexBinary", "@value": resource["hash"][7:]},
                    },
                    "schema:contentUrl": url,
                },
            ]
        context = {
            "dcat": "http://www.w3.org/ns/dcat#",
            "dct": "http://purl.org/dc/terms/",
            "foaf": "http://xmlns.com/foaf/0.1/",
            "schema": "https://schema.org/",
            "spdx": "http://spdx.org/rdf/terms#",
            "xsd": "http://www.w3.org/2001/XMLSchema#",
        }
        return {"@context": context, "@graph": graph}

    def describe(self, change_package=lambda package: None, change_catalogue=lambda catalogue: None) -> None:
        for name, table in self.tables.items():
            pq.write_table(table, self.folder / f"{name}.parquet", store_schema=False)
        resources = [self.resource(name) for name in self.tables]
        package, catalogue = {"name": "all", "resources": resources}, self.catalogue(resources)
        change_package(package)
        change_catalogue(catalogue["@graph"])
        listed = []
        for name, content in (("datapackage.json", package), ("dcat.jsonld", catalogue)):
            path = self.folder / name
            path.write_text(json.dumps(content))
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            listed.append({"file": name, "bytes": path.stat().st_size, "sha256": digest})
        (self.folder / "manifest.json").write_text(json.dumps({"descriptors": listed}))

    def expect(self, text: str) -> None:
        code, said = check("descriptors.py", self.folder)
        self.assertEqual((code, text in said), (1, True), said)

    def test_sound_descriptors_pass(self) -> None:
        self.assertEqual(check("descriptors.py", self.folder), (0, ""))

    def test_a_key_that_leads_nowhere(self) -> None:
        self.tables["measures"] = self.tables["measures"].slice(1)
        self.describe()
        self.expect("jobs: Row at position")

    def test_a_key_twice(self) -> None:
        self.tables["measures"] = pa.concat_tables([self.tables["measures"]] * 2)
        self.describe()
        self.expect("measures: Row at position")

    def test_a_type_that_is_not_the_files(self) -> None:
        self.describe(lambda package: package["resources"][1]["schema"]["fields"][1].update(type="integer"))
        self.expect("jobs: fields is")

    def test_a_descriptor_that_breaks_the_standard(self) -> None:
        self.describe(lambda package: package.update(licenses=[{"title": "ours"}]))
        self.expect("datapackage.json: ")

    def test_a_catalogue_without_what_it_must_say(self) -> None:
        self.describe(change_catalogue=lambda graph: graph[0].pop("dct:publisher"))
        self.expect("dcat.jsonld: ")

    def test_a_manifest_that_is_silent(self) -> None:
        (self.folder / "manifest.json").write_text("{}")
        self.expect("manifest.json: tells of {}")


class RowGroups(unittest.TestCase):
    """Over a journal of two commits, each of several row groups."""

    SCHEMA = pa.schema(
        [("book", pa.string()), ("measure", pa.string()), ("unit", pa.string()), ("quarter", pa.string())]
        + [("district", pa.string()), ("occurred_on", pa.date32()), ("origin_partition", pa.int32())]
        + [("origin_offset", pa.int64()), ("ledger_commit", pa.int64()), ("quantity", MONEY)]
    )

    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.journal = Path(scratch.name)
        (self.journal / "_delta_log").mkdir()
        (self.journal / "_delta_log" / f"{0:020}.json").write_text("{}\n")
        self.commit(1)
        self.commit(2)

    def rows(self, commit: int) -> pa.Table:
        row = {
            "book": "funding",
            "measure": "COMMITTED",
            "unit": "GBP",
            "quarter": "2020-Q1",
            "district": None,
            "occurred_on": datetime.date(2020, 1, 31),
            "origin_partition": 0,
            "ledger_commit": commit,
            "quantity": decimal.Decimal("1.00"),
        }
        return pa.Table.from_pylist([row | {"origin_offset": 100 * commit + at} for at in range(30)], self.SCHEMA)

    def commit(self, number: int, rows: pa.Table | None = None, **options: object) -> None:
        path = self.journal / f"{number}.parquet"
        pq.write_table(rows or self.rows(number), path, **({"row_group_size": 10} | options))
        added = {"add": {"path": path.name, "partitionValues": {"book": "funding"}}}
        (self.journal / "_delta_log" / f"{number:020}.json").write_text(json.dumps(added) + "\n")

    def expect(self, text: str) -> None:
        code, said = check("row_groups.py", self.journal)
        self.assertEqual((code, text in said), (1, True), said)

    def test_row_groups_are_skipped(self) -> None:
        self.assertEqual(check("row_groups.py", self.journal), (0, ""))

    def test_statistics_that_are_missing(self) -> None:
        self.commit(2, write_statistics=False)
        self.expect("2.parquet, group 0: measure has no count of nulls")

    def test_one_row_group_cannot_be_skipped(self) -> None:
        (self.journal / "_delta_log" / f"{2:020}.json").unlink()
        self.commit(1, row_group_size=100)
        self.expect("is read from 1 of 1 row groups")

    def test_nested_columns(self) -> None:
        rows = self.rows(2)
        nested = pa.array([[1]] * len(rows))
        self.commit(2, rows.append_column("odd", nested))
        self.expect("2.parquet: column odd is read as list")


if __name__ == "__main__":
    unittest.main()
