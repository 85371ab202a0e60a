"""What acts are called in Harbor."""

import re
from pathlib import Path

import pytest

import entrepot.services
from entrepot.faces.manage.harbor.auditwords import KNOWN, of_events, ours, words_of

_ACT = re.compile(r'\b_?[Aa]ct\(\s*"([a-z-]+\.[a-z-]+)"')
_EVENT = re.compile(r'^[A-Z_]+ = "([a-z-]+\.[a-z-]+)"$', re.MULTILINE)
NOTICES = {"quota.warned", "quota.exceeded", "retention.finished", "manifest.pulled"}
"""Events that tell of no change: the log has no lines of them."""


def test_every_operation_of_ours_is_known() -> None:
    """What is not is found by no question for an operation: add it to `auditwords.KNOWN`."""
    (folder,) = entrepot.services.__path__
    found = set()
    for path in Path(folder).rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        found |= {*_ACT.findall(text)}
        if path.name == "events.py":
            found |= {*_EVENT.findall(text)}
    assert len(found) > 40
    assert found - NOTICES - {*KNOWN} == set()
    assert len({*KNOWN}) == len(KNOWN)


@pytest.mark.parametrize(
    "operation, words",
    [
        ("manifest.published", ("artifact", "create")),
        ("manifest.deleted", ("artifact", "delete")),
        ("repository.pull", ("artifact", "pull")),
        ("grant.removed", ("member", "delete")),
        ("robot.created", ("robot", "create")),
        ("project.removed", ("project", "delete")),
        ("user.enabled", ("user", "update")),
        ("job.gc", ("job", "create")),
        ("job.cancelled", ("job", "update")),
        ("site.changed", ("configuration", "update")),
        ("something.new", ("something", "update")),
    ],
)
def test_words(operation: str, words: tuple[str, str]) -> None:
    found = words_of(operation)
    assert (found.resource_type, found.operation) == words


def test_ours_for_theirs() -> None:
    assert {*ours(["pull"], [])} == {"repository.pull", "api.get"}
    assert {*ours([], ["robot"])} == {
        "robot.changed",
        "robot.created",
        "robot.removed",
        "robot.rotated",
    }
    assert {*ours(["create"], ["project"])} == {"project.created"}
    assert {*ours([], [])} == {*KNOWN}


def test_event_types_of_purges() -> None:
    named, excluded = of_events(["create_artifact", "delete_project"])
    assert not excluded
    assert {"manifest.published", "project.removed"} <= {*named}
    assert "manifest.deleted" not in named
    assert of_events(["create"]) == of_events(["create_artifact"]) == of_events(["push"])
    # All but what has a name of its own and was not named.
    named, excluded = of_events(["other", "delete_artifact"])
    assert excluded
    assert "manifest.published" in named
    assert "manifest.deleted" not in named
    assert of_events(["other", "create", "delete", "pull"]) == ([], True)
