"""Validates a 360Giving file against the standard's schema.

    giving_schema.py SCHEMA_DIR FILE

SCHEMA_DIR holds `360-giving-package-schema.json`, `360-giving-schema.json` and
the code lists of version 1.4.3. Formats (dates, addresses) are held to, and so
are the closed code lists, which the schema names in words of its own. No id may
stand twice. Prints what was found; exits 1 with every fault on a line.
"""

import csv
import json
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

FAULTS_SHOWN = 20
# Unknown formats would be passed over: these must be there.
FORMATS = {"date-time", "uri"}
CLOSED = {"regrantType": "regrantType.csv"}


def validator(folder: Path) -> Draft202012Validator:
    """The package schema's validator, which finds the grant schema offline."""
    package = json.loads((folder / "360-giving-package-schema.json").read_text(encoding="utf-8"))
    # Its "$schema" is an address that the draft does not have.
    grant = DRAFT202012.create_resource(json.loads((folder / "360-giving-schema.json").read_text(encoding="utf-8")))
    # The package of 1.4.3 names the grants' schema by the version before.
    named = package["properties"]["grants"]["items"]["$ref"]
    registry = Registry().with_resources([(named, grant), (grant.id(), grant)])
    checker = FormatChecker()
    missing = FORMATS - set(checker.checkers)
    if missing:
        raise SystemExit(f"no check of {', '.join(sorted(missing))} is installed")
    return Draft202012Validator(package, registry=registry, format_checker=checker)


def code_faults(folder: Path, grants: list[dict]) -> list[str]:
    """Codes that are not in their closed list."""
    found = []
    for name, file in CLOSED.items():
        with (folder / "codelists" / file).open(newline="", encoding="utf-8") as text:
            codes = {row["Code"] for row in csv.DictReader(text)}
        stated = [grant for grant in grants if name in grant]
        found += [f"{grant['id']}: {name} is {grant[name]}" for grant in stated if grant[name] not in codes]
    return found


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    folder, path = map(Path, arguments)
    package = json.loads(path.read_text(encoding="utf-8"))
    found = [f"{error.json_path}: {error.message[:300]}" for error in validator(folder).iter_errors(package)]
    grants = package.get("grants", []) if not found else []
    found += code_faults(folder, grants)
    twice = [name for name, count in Counter(grant["id"] for grant in grants).items() if count > 1]
    found += [f"{name}: more than one grant has this id" for name in twice]
    for text in found[:FAULTS_SHOWN]:
        print(f"fault: {text}", file=sys.stderr)
    if not found:
        exact = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)["grants"]
        total = sum(Decimal(grant["amountAwarded"]) for grant in exact)
        print(f"{path.name}: {len(grants)} grants, {total} in all currencies, valid by the 360Giving schema")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
