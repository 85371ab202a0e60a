"""The table of Harbor's endpoints and clients."""

from pathlib import Path

from tools.harbor import ENDPOINTS, missing, table

ALL = ["GET /projects", "DELETE /projects/{name_or_id}", "GET /scanners"]
SERVED = ["GET /projects", "DELETE /projects/{project_id}"]
ROOT = Path(__file__).parents[2]


def test_each_client_has_a_column() -> None:
    asked = {
        "harborapi": {"GET /projects": 200},
        "harborapi, more": {"DELETE /projects/{id}": 200},
        "terraform": {"DELETE /projects/{x}": 412},
        "harbor-cli": {"GET /scanners": 404},
    }
    assert table(ALL, SERVED, asked) == [
        "| endpoint | harborapi | Terraform | harbor-cli |",
        "|---|---|---|---|",
        "| `GET /projects` | works |  |  |",
        "| `DELETE /projects/{name_or_id}` | works | not yet |  |",
    ]


def test_what_is_not_served_is_named() -> None:
    assert missing(ALL, SERVED) == ["GET /scanners"]


def test_the_list_of_endpoints_has_each_once() -> None:
    lines = (ROOT / ENDPOINTS).read_text().splitlines()
    assert len(set(lines)) == len(lines) > 200
