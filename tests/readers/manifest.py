"""Reading the manifest of a published folder; shared by the reader checks."""

import hashlib
import json
from pathlib import Path


def read_manifest(folder: Path) -> dict[str, dict]:
    """What `manifest.json` says of each table: name -> {"rows": int, "sha256": hex, ...}."""
    path = folder / "manifest.json"
    try:
        tables = json.loads(path.read_text(encoding="utf-8"))["tables"]
    except FileNotFoundError:
        raise SystemExit(f"no {path}: publish first") from None
    except (KeyError, ValueError) as error:
        raise SystemExit(f"{path} is no manifest: {error!r}") from None
    if isinstance(tables, list):
        tables = {table["table"]: table for table in tables}
    return tables


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in lowercase hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
