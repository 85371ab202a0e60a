"""What callers choose ends no line of a log, and turns none (CWE-117)."""

import sqlite3
from pathlib import Path
from urllib.parse import quote

from entrepot.rules.audit import AuditLine
from entrepot.rules.auditformats import RENDER
from tests.attacks.canaries import open_nest

WILD = (
    "docker\u2028admin",
    "a\u202egpj",
    "\x1b[2K\x1b[1A",
    'x\x85{"actor":"root"}',
    "\u2066root\u2069",
    "a" * 5000,
)


def test_log_injection(tmp_path: Path) -> None:
    with open_nest(tmp_path) as (nest, output):
        before = output.read_bytes().count(b"\n")
        for wild in WILD:
            credentials = nest.basic(f"{wild}\r\nactor=root", f"{wild}\n")
            agent = wild.encode().decode("latin-1")
            for path in ("/v2/app/tags/list", f"/v2/app/manifests/{quote(wild[:100])}"):
                nest.send("GET", path, {**credentials, "User-Agent": agent})
        after = output.read_bytes()
    lines = after.decode().split("\n")[before:-1]
    assert all(line.isprintable() for line in lines), lines
    with sqlite3.connect(tmp_path / "data" / "catalog.db") as catalog:
        rows = catalog.execute("SELECT * FROM audit WHERE result = 'denied'").fetchall()
    catalog.close()
    assert any("\\u202e" in row[7] for row in rows), "what is wild is there, escaped"
    for row in (AuditLine(*row) for row in rows):
        texts = (row.actor, row.address, row.client, row.operation, row.resource, row.detail)
        assert all(text.isprintable() for text in texts), row
        assert len(row.client) <= 512
        for render in RENDER.values():
            assert render(row, "registry").count(b"\n") == 1
