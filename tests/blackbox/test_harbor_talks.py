"""What Harbor's own clients said to a real server, said again to another one.

The Go clients are in no registry of packages that CI reaches; `test_terraform` and
`test_harbor_cli` drive them where they are, and with `ENTREPOT_RECORD=1` write down what was said.
With it, these tests write down new answers to the old requests: look whether the clients still get
what they need. No status may change so.
"""

import json
import os
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from tests.blackbox.harbor_site import Site, harbor_site, record
from tests.blackbox.harbor_talk import (
    FORWARD_SECONDS,
    ROOT,
    TALKS,
    Exchange,
    Talk,
    body_of,
    covered,
    heard,
    known_routes,
)
from tests.blackbox.processes import Workspace
from tests.blackbox.wire import Login
from tools.corpus.shelf import Shelf

RECORDED = os.environ.get("ENTREPOT_RECORD") == "1"
# Told of the machine, or of all that happened, in the order in which it was written down.
SHAPES_ONLY = ("/systeminfo", "/health", "/statistics", "/logs", "/audit-logs", "/auditlog-exts")


def _shape(value: object) -> object:
    if isinstance(value, dict):
        return {name: _shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_shape(each) for each in value[:1]]
    return type(value).__name__


def _said_again(site: Site, said: Exchange) -> Exchange:
    headers = dict(said.headers)
    if "authorization" in headers:
        password = "wrong" if said.status == 401 else site.password
        headers["authorization"] = Login(headers["authorization"], password).basic
    connection = HTTPConnection(urlsplit(site.registry.url).netloc, timeout=FORWARD_SECONDS)
    try:
        connection.request(said.method, f"{ROOT}{said.path}", body_of(said.sent), headers)
        response = connection.getresponse()
        return heard(said, response.status, dict(response.getheaders()), response.read())
    finally:
        connection.close()


@pytest.mark.parametrize("name", sorted(path.stem for path in TALKS.glob("*.jsonl")))
def test_talk(name: str, server_workspace: Workspace, shelf: Shelf) -> None:
    found = []
    # Each has a registry of its own, in which everything gets the numbers that it got then.
    with harbor_site(server_workspace, shelf) as site:
        for line in (TALKS / f"{name}.jsonl").read_text().splitlines():
            said = Exchange.of_line(line, site.images)
            again = _said_again(site, said)
            found.append(again)
            assert again.status == said.status, (again, said)
            if RECORDED:
                continue
            if any(part in said.path for part in SHAPES_ONLY):
                assert _shape(again.answer) == _shape(said.answer)
            else:
                assert json.loads(again.line(site.images)) == json.loads(line)
        if RECORDED:
            Talk(found).save(TALKS / f"{name}.jsonl", site.images)
    assert covered(found, known_routes()) == record()[name]
