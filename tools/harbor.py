"""Which of Harbor's endpoints are served, and how its clients fare with them.

`harbor_endpoints.txt` has all that Harbor has; `tests/blackbox/harbor_coverage.json` what each
client was answered in the tests, which check it.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

ENDPOINTS = "tools/harbor_endpoints.txt"
COVERAGE = "tests/blackbox/harbor_coverage.json"
CLIENTS = {"harborapi": "harborapi", "terraform": "Terraform", "harbor-cli": "harbor-cli"}
WORKS, LATER, HERE = "works", "not yet", "yes"
PART = re.compile(r"\{[^}]*\}")

Asked = Mapping[str, Mapping[str, int]]
"""The least status by client, with which of its tests after a comma, and by endpoint."""


def table(endpoints: Iterable[str], served: Iterable[str], asked: Asked) -> list[str]:
    """Return the lines of the table: endpoints that are served, with each client's fate."""
    here = {PART.sub("{}", each) for each in served}
    rows = [
        f"| `{each}` | {' | '.join(_fate(asked, client, each) for client in CLIENTS)} |"
        for each in endpoints
        if PART.sub("{}", each) in here
    ]
    heads = ["| endpoint | " + " | ".join(CLIENTS.values()) + " |", "|---|" + "---|" * len(CLIENTS)]
    return [*heads, *rows]


def missing(endpoints: Iterable[str], served: Iterable[str]) -> list[str]:
    """Return those that are not served."""
    here = {PART.sub("{}", each) for each in served}
    return [each for each in endpoints if PART.sub("{}", each) not in here]


def lines(root: Path, served: Mapping[str, bool]) -> list[str]:
    """Return what the page tells between its marks; false are those that only say `not yet`."""
    endpoints = (root / ENDPOINTS).read_text(encoding="utf-8").splitlines()
    asked: Asked = json.loads((root / COVERAGE).read_text(encoding="utf-8"))
    here = [each for each, is_here in served.items() if is_here]
    absent = missing(endpoints, served)
    later = [each for each in missing(endpoints, here) if each not in absent]
    count = len(endpoints) - len(absent) - len(later)
    counted = (
        f"Of Harbor's {len(endpoints)} endpoints {count} do what they say, {len(later)} answer "
        f"that there is nothing yet, {len(absent)} are not there."
    )
    return [
        counted,
        "",
        *table(endpoints, here, asked),
        "",
        "Nothing yet, which is told by an empty list, 404 or 412:",
        "",
        *_names(later),
        "",
        "Not there at all (404):",
        "",
        *_names(absent),
    ]


def _names(endpoints: Iterable[str]) -> list[str]:
    return [f"- `{each}`" for each in endpoints]


def _fate(asked: Asked, client: str, endpoint: str) -> str:
    wanted = PART.sub("{}", endpoint)
    found = [
        status
        for tests, routes in asked.items()
        if tests.partition(",")[0] == client
        for each, status in routes.items()
        if PART.sub("{}", each) == wanted
    ]
    if not found:
        return ""
    return WORKS if min(found) < 300 else LATER
