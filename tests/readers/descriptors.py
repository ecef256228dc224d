"""Validates the descriptors beside the published tables.

    descriptors.py PUBLISHED_DIR

- `datapackage.json` by frictionless: the descriptor by the standard's profile,
  then each table's rows by its Table Schema: types, what must not be missing,
  primary keys, and foreign keys over all tables. Rows are handed over as
  pyarrow reads them, since frictionless itself reads Parquet through pandas,
  where a whole number cannot be missing. Bytes, digests, rows and types are
  held against the files here, for frictionless does not count a Parquet file.
- `dcat.jsonld` by rdflib and, against `dcat.ttl`, pySHACL.
- `manifest.json` must list both with their bytes and digests.

Prints a line for each; exits 1 with every fault on a line of its own.
"""

import json
import sys
from pathlib import Path

import frictionless
import pyarrow as pa
import pyarrow.parquet as pq
import pyshacl
import rdflib

from manifest import sha256

FAULTS_SHOWN = 20
DCAT = rdflib.Namespace("http://www.w3.org/ns/dcat#")
DCT = rdflib.Namespace("http://purl.org/dc/terms/")
SCHEMA = rdflib.Namespace("https://schema.org/")
SPDX = rdflib.Namespace("http://spdx.org/rdf/terms#")


def field_type(kind: pa.DataType) -> str:
    """Table Schema's name of a type."""
    names = [
        (pa.types.is_string, "string"),
        (pa.types.is_boolean, "boolean"),
        (pa.types.is_integer, "integer"),
        (pa.types.is_date, "date"),
        (pa.types.is_decimal, "number"),
        (pa.types.is_float64, "number"),
    ]
    return next((name for holds, name in names if holds(kind)), str(kind))


def check_file(folder: Path, resource: dict) -> list[str]:
    """Where a resource differs from its file."""
    path = folder / resource["path"]
    if not path.is_file():
        return [f"{resource['name']}: there is no {path.name}"]
    schema = pq.read_schema(path)
    said = {
        "bytes": (resource["bytes"], path.stat().st_size),
        "hash": (resource["hash"], f"sha256:{sha256(path)}"),
        "rows": (resource["rows"], pq.read_metadata(path).num_rows),
        "fields": (
            [(field["name"], field["type"]) for field in resource["schema"]["fields"]],
            [(field.name, field_type(field.type)) for field in schema],
        ),
        "required": (
            [field["name"] for field in resource["schema"]["fields"] if field.get("constraints", {}).get("required")],
            [field.name for field in schema if not field.nullable],
        ),
    }
    return [f"{resource['name']}: {what} is {ours}, the file has {theirs}" for what, (ours, theirs) in said.items() if ours != theirs]


def check_package(folder: Path) -> list[str]:
    """Every fault of the data package."""
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    found = [f"datapackage.json: {error.message}" for error in frictionless.Package.metadata_validate(package)]
    if found:
        return found
    tables = {path.name for path in folder.glob("*.parquet")}
    listed = {resource["path"] for resource in package["resources"]}
    found += [f"datapackage.json: {name} is in one of the two alone" for name in sorted(tables ^ listed)]
    for resource in package["resources"]:
        found += check_file(folder, resource)
    if found:
        return found
    for resource in package["resources"]:
        resource["data"] = pq.read_table(folder / resource["path"]).to_pylist()
        for name in ("path", "format", "mediatype", "bytes", "hash", "rows"):
            resource.pop(name, None)
    # Without rows there is no header to hold a schema against.
    empty = [resource["name"] for resource in package["resources"] if not resource["data"]]
    package["resources"] = [resource for resource in package["resources"] if resource["data"]]
    for resource in package["resources"]:
        keys = resource["schema"].get("foreignKeys", [])
        resource["schema"]["foreignKeys"] = [key for key in keys if key["reference"].get("resource") not in empty]
    report = frictionless.validate(package)
    for task in report.tasks:
        found += [f"{task.name}: {error.message}" for error in task.errors]
    found += [f"datapackage.json: {error.message}" for error in report.errors]
    if not found:
        rows = sum(task.stats["rows"] for task in report.tasks)
        print(f"datapackage.json: {len(listed)} tables, {rows} rows, valid by frictionless {frictionless.__version__}")
    return found


def check_catalogue(folder: Path) -> list[str]:
    """Every fault of the catalogue."""
    path = folder / "dcat.jsonld"
    graph = rdflib.Graph()
    graph.parse(path, format="json-ld", publicID=path.absolute().as_uri())
    shapes = Path(__file__).parent / "dcat.ttl"
    conforms, _, text = pyshacl.validate(graph, shacl_graph=str(shapes), shacl_graph_format="turtle")
    found = [] if conforms else [f"dcat.jsonld: {line.strip()}" for line in text.splitlines() if "Message:" in line or "Focus" in line]
    files = {path.absolute().as_uri(): path for path in folder.glob("*.parquet")}
    told = {}
    for distribution in graph.subjects(rdflib.RDF.type, DCAT.Distribution):
        url = str(graph.value(distribution, DCAT.downloadURL))
        checksum = graph.value(graph.value(distribution, SPDX.checksum), SPDX.checksumValue)
        told[url] = (int(graph.value(distribution, DCAT.byteSize)), checksum.value.hex())
        if str(graph.value(distribution, SCHEMA.contentUrl)) != url:
            found.append(f"dcat.jsonld: schema.org tells of another address than {url}")
    held = {url: (path.stat().st_size, sha256(path)) for url, path in files.items()}
    # With an address of their own the files are compared by name.
    names = [{url.rsplit("/", 1)[-1]: facts for url, facts in side.items()} for side in (told, held)]
    if names[0] != names[1]:
        found.append(f"dcat.jsonld: tells of {names[0]}, the files are {names[1]}")
    for dataset in graph.subjects(rdflib.RDF.type, DCAT.Dataset):
        if (dataset, rdflib.RDF.type, SCHEMA.Dataset) not in graph or not graph.value(dataset, SCHEMA.variableMeasured):
            found.append(f"dcat.jsonld: {dataset} is no dataset in schema.org's words")
    if not found:
        print(f"dcat.jsonld: {len(graph)} triples, {len(told)} distributions, conforms to dcat.ttl")
    return found


def check_manifest(folder: Path) -> list[str]:
    """Where the manifest is silent, or wrong, about the descriptors."""
    listed = json.loads((folder / "manifest.json").read_text(encoding="utf-8")).get("descriptors", [])
    told = {entry["file"]: (entry["bytes"], entry["sha256"]) for entry in listed}
    paths = [folder / name for name in ("datapackage.json", "dcat.jsonld")]
    held = {path.name: (path.stat().st_size, sha256(path)) for path in paths}
    return [] if told == held else [f"manifest.json: tells of {told}, the descriptors are {held}"]


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    found = check_package(folder) + check_catalogue(folder) + check_manifest(folder)
    for text in found[:FAULTS_SHOWN]:
        print(f"fault: {text}", file=sys.stderr)
    if len(found) > FAULTS_SHOWN:
        print(f"and {len(found) - FAULTS_SHOWN} more", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
