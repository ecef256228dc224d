"""Prints the SHA-256 and size of each published file, for people to compare.

files_digest.py PUBLISHED_DIR
"""

import sys
from pathlib import Path

from manifest import sha256


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    files = sorted(Path(arguments[0]).glob("*.parquet"))
    for path in files:
        print(f"{sha256(path)}  {path.stat().st_size:>12}  {path.name}")
    if not files:
        print(f"no Parquet files in {arguments[0]}", file=sys.stderr)
    return 0 if files else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
