"""No secret is found in what a registry writes, whichever way it came in."""

import json
import sqlite3
from pathlib import Path

from tests.attacks.canaries import PLANTERS, open_nest


def test_secrets_are_in_no_log_nor_file(tmp_path: Path) -> None:
    with open_nest(tmp_path) as (nest, output):
        for planter in PLANTERS:
            planter(nest)
        raw = [line for line in output.read_bytes().splitlines() if line]
        assert len([line for line in raw if b"/service/token" in line]) > 5, "the access log is on"
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert tmp_path / "data" / "catalog.db" in files
    assert output in files
    found = [
        (kind, str(path.relative_to(tmp_path)))
        for path in files
        for content in [path.read_bytes()]
        for secret, kind in nest.planted.items()
        if secret.encode() in content
    ]
    assert found == []
    assert len(nest.planted) > 60
    # There was something to find: the attempts are in the log, without what was sent.
    with sqlite3.connect(tmp_path / "data" / "catalog.db") as catalog:
        lines = catalog.execute("SELECT operation, actor, result, detail FROM audit").fetchall()
    catalog.close()
    refused = [line for line in lines if line[2] == "denied"]
    assert ("login", "admin") in {line[:2] for line in refused}
    assert all(json.loads(line[3])["reason"] for line in refused)
