"""Retention over HTTP: a preview, and a run that does just that."""

from typing import Any

import pytest

from entrepot.oci.name import RepositoryName
from tests.faces.manage.lifecycle import Lifecycle
from tests.faces.manage.test_users import problem
from tests.services.house import ALICE

APPS = tuple(RepositoryName(f"team/{name}") for name in ("api", "web"))
PATH = "/projects/team/retention"


async def fill(lifecycle: Lifecycle) -> dict[str, list[str]]:
    """Push five images to each repository; return their digests, oldest first."""
    return {
        name: [await lifecycle.push(f"v{number}", f"{name}{number}", name) for number in range(5)]
        for name in APPS
    }


async def preview(
    lifecycle: Lifecycle, body: dict[str, Any], limit: int = 1000
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return all pages' decisions and totals."""
    items: list[dict[str, Any]] = []
    totals: list[dict[str, Any]] = []
    query = f"?limit={limit}"
    while True:
        answer = await lifecycle.ask("POST", f"{PATH}/preview{query}", body)
        assert answer.status == 200, answer.body
        assert len(answer.json["items"]) <= limit
        items += answer.json["items"]
        totals += answer.json["repositories"]
        if answer.json["next"] is None:
            return items, totals
        query = f"?limit={limit}&after={answer.json['next']}"


async def test_a_text_is_tried_and_nothing_changes(lifecycle: Lifecycle) -> None:
    pushed = await fill(lifecycle)
    items, totals = await preview(lifecycle, {"text": "keep n: 2"})
    expected = {digest for digests in pushed.values() for digest in digests[:3]}
    assert {one["digest"] for one in items} == expected
    assert {one["action"] for one in items} == {"delete"}
    assert all(one["reason"] for one in items)
    assert [(one["repository"], one["kept"], one["deleted"]) for one in totals] == [
        ("team/api", 2, 3),
        ("team/web", 2, 3),
    ]
    assert (await lifecycle.get("/trash"))["items"] == []


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
@pytest.mark.parametrize("kept", [False, True])
async def test_pages_come_to_the_same(lifecycle: Lifecycle, limit: int, kept: bool) -> None:
    await fill(lifecycle)
    body = {"text": "keep n: 2", "kept": kept}
    whole = await preview(lifecycle, body)
    assert len(whole[0]) == (10 if kept else 6)
    assert await preview(lifecycle, body, limit) == whole


async def test_a_run_does_what_the_preview_said(lifecycle: Lifecycle) -> None:
    await fill(lifecycle)
    await lifecycle.policies.put("team", "retention", {"text": "keep n: 2"}, ALICE)
    items, _ = await preview(lifecycle, {})
    job = await lifecycle.start("POST", f"{PATH}/run", {})
    assert (job["state"], job["progress"]["deleted"]) == ("done", 6)
    trash = (await lifecycle.get("/trash"))["items"]
    deleted = {(entry["repository"], entry["digest"], *entry["tags"]) for entry in trash}
    assert deleted == {(one["repository"], one["digest"], *one["tags"]) for one in items}
    assert {entry["batch"] for entry in trash} == {f"job:{job['id']}"}
    assert await preview(lifecycle, {}) == ([], (await preview(lifecycle, {}))[1])


async def test_without_a_policy_there_is_nothing_to_do(lifecycle: Lifecycle) -> None:
    for what in ("preview", "run"):
        answer = await lifecycle.ask("POST", f"{PATH}/{what}", {})
        assert problem(answer) == (404, "NOT_FOUND")
    assert (await lifecycle.get("/jobs"))["items"] == []


@pytest.mark.parametrize(
    "query,body",
    [
        ("", {"text": "keep everything forever"}),
        ("", {"text": 7}),
        ("", {"text": "x" * 40_000}),
        ("", {"policy": "keep n: 1"}),
        ("?after=x", {"text": "keep n: 1"}),
        ("?limit=0", {"text": "keep n: 1"}),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_bad_questions_are_told_why(lifecycle: Lifecycle, query: str, body: object) -> None:
    answer = await lifecycle.ask("POST", f"{PATH}/preview{query}", body)
    assert problem(answer) == (400, "REQUEST_INVALID")


async def test_pages_are_of_one_plan(lifecycle: Lifecycle) -> None:
    await fill(lifecycle)
    body = {"text": "keep n: 2"}
    first = (await lifecycle.ask("POST", f"{PATH}/preview?limit=1", body)).json
    await lifecycle.push("late", "late", APPS[0])
    query = f"?limit=2&after={first['next']}"
    second = (await lifecycle.ask("POST", f"{PATH}/preview{query}", body)).json
    shown = [*first["items"], *second["items"]]
    assert [one["repository"] for one in shown] == ["team/api"] * 3
    anew, _ = await preview(lifecycle, body)
    assert [one["repository"] for one in anew].count("team/api") == 4
