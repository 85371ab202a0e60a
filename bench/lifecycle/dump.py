"""Hashes of what a catalog says, row ids apart.

`python -m bench.lifecycle.dump DIR`

Two catalogs with the same hashes say the same, as one that was rebuilt from storage must.
"""

import hashlib
import sqlite3
import sys
from pathlib import Path

TABLES = {
    "tags": """
        SELECT r.name, t.name, m.digest FROM tags t
        JOIN repositories r ON r.id = t.repository_id JOIN manifests m ON m.id = t.manifest_id
        ORDER BY r.name, t.name
    """,
    "manifests": """
        SELECT r.name, m.digest, m.media_type, m.artifact_type, m.size, m.subject, m.pushed_at
        FROM manifests m JOIN repositories r ON r.id = m.repository_id ORDER BY r.name, m.digest
    """,
    "history": """
        SELECT r.name, h.tag, h.before, h.after, h.at, h.actor, h.client
        FROM tag_history h JOIN repositories r ON r.id = h.repository_id
        ORDER BY r.name, h.tag, h.id
    """,
    "policies": "SELECT project, kind, document FROM policies ORDER BY project, kind",
    "ledgers": "SELECT kind, name, used_bytes, manifests FROM ledgers ORDER BY kind, name",
}


def dump(catalog: Path) -> dict[str, tuple[int, str]]:
    """Return the number of rows and their SHA-256, by what they are about."""
    raw = sqlite3.connect(f"{catalog.absolute().as_uri()}?mode=ro", uri=True)
    found = {}
    try:
        for name, text in TABLES.items():
            count, seen = 0, hashlib.sha256()
            for row in raw.execute(text):
                seen.update(f"{row!r}\n".encode())
                count += 1
            found[name] = (count, seen.hexdigest())
    finally:
        raw.close()
    return found


def main() -> int:
    """Print the hashes of a data directory's catalog."""
    if len(sys.argv) != 2:
        print("usage: python -m bench.lifecycle.dump DIR", file=sys.stderr)
        return 2
    for name, (count, digest) in dump(Path(sys.argv[1]) / "catalog.db").items():
        print(f"{name:10} {count:10} {digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
