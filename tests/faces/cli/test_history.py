"""`entrepot history`, `resolve`, `diff`, `rollback`."""

import pytest

from entrepot.faces.cli.history import diff, history, resolve, rollback
from entrepot.faces.cli.trash import repositories
from entrepot.oci.name import RepositoryName
from entrepot.services.context import Caller
from tests.faces.cli.shop import Shop

NAME = RepositoryName("team/app")


async def test_moves_as_a_table_and_as_json(lifeshop: Shop) -> None:
    one = await lifeshop.lifecycle.push("v", "one", NAME)
    two = await lifeshop.lifecycle.push("v", "two", NAME)
    await lifeshop.lifecycle.push("w", "three", NAME)
    table = (await lifeshop.said(history, "team/app:v")).splitlines()
    assert table[0].split() == ["AT", "TAG", "FROM", "TO", "BY", "CLIENT"]
    assert table[1].split() == [
        "2027-01-15T08:00:10Z",
        "v",
        one[:19],
        two[:19],
        "alice",
        "docker/28",
    ]
    assert len(table) == 3
    assert len(await lifeshop.asked(history, "team/app")) == 3
    assert len(await lifeshop.asked(history, "team/app", "--limit", "2")) == 2


async def test_a_tag_at_a_moment_is_its_digest(lifeshop: Shop) -> None:
    one = await lifeshop.lifecycle.push("v", "one", NAME)
    two = await lifeshop.lifecycle.push("v", "two", NAME)
    assert await lifeshop.said(resolve, "team/app:v@2027-01-15T08:00:05Z") == f"{one}\n"
    assert await lifeshop.said(resolve, "team/app:v@now") == f"{two}\n"
    assert (await lifeshop.asked(resolve, "team/app:v@15s ago"))["digest"] == one
    await lifeshop.said(repositories, "delete", "team/app", "--wait")
    done = await lifeshop.run(resolve, "team/app:v@2027-01-15T08:00:05Z")
    assert (done.exit_code, done.stdout) == (0, f"{one}\n")
    assert "in the trash" in done.stderr


async def test_what_changed(lifeshop: Shop) -> None:
    one = await lifeshop.lifecycle.push("v", "one", NAME)
    two = await lifeshop.lifecycle.push("v", "two", NAME)
    lines = (await lifeshop.said(diff, "team/app", "2027-01-15T08:00:05Z")).splitlines()
    assert lines[1].split() == ["v", "moved", one[:19], two[:19]]


async def test_a_rollback_is_shown_done_and_done_once(lifeshop: Shop) -> None:
    one = await lifeshop.lifecycle.push("v", "one", NAME)
    two = await lifeshop.lifecycle.push("v", "two", NAME)
    words = ("team/app:v", "2027-01-15T08:00:05Z")
    plan = await lifeshop.said(rollback, *words, "--dry-run")
    assert plan.splitlines()[1].split() == ["team/app:v", "move", two[:19], one[:19]]
    assert plan.splitlines()[-1].startswith("steps that would be done: 1 of 1; nothing was changed")
    assert (await lifeshop.said(resolve, "team/app:v@now")).strip() == two
    assert await lifeshop.said(rollback, *words) == f"team/app:v is at {one} again\n"
    assert "nothing to do" in await lifeshop.said(rollback, *words)
    assert "nothing to do" in await lifeshop.said(rollback, *words, "--dry-run")
    early = await lifeshop.said(rollback, "team/app:v", "2027-01-15T07:00Z")
    assert early.startswith("team/app:v is removed")


async def test_a_repository_and_a_project_go_back_by_jobs(lifeshop: Shop) -> None:
    await lifeshop.lifecycle.push("v", "one", NAME)
    await lifeshop.lifecycle.push("w", "two", NAME)
    lifeshop.lifecycle.house.clock.seconds += 5
    told = await lifeshop.said(rollback, "team/app", "2027-01-15T08:00:05Z", "--wait")
    assert "job 1 (history.rollback) is done: removed 1" in told
    job = await lifeshop.asked(rollback, "team", "2027-01-15T08:00:15Z", "--project", "--wait")
    assert job["progress"]["moved"] == 1


@pytest.mark.parametrize(
    "words",
    [("team/app:v",), ("team/app",), ("team/app@now",), ("team/app:v@",)],
    ids=str,
)
async def test_no_tag_at_a_moment_is_a_misuse(lifeshop: Shop, words: tuple[str, ...]) -> None:
    done = await lifeshop.run(resolve, *words)
    assert done.exit_code == 2
    assert "NAME:TAG@MOMENT" in done.stderr


async def test_refusals_are_said_in_plain_words(lifeshop: Shop) -> None:
    for command, words, message in (
        (history, ("team/none",), "there is no repository team/none"),
        (resolve, ("team/none:v@now",), "there is no repository team/none"),
        (diff, ("team/none", "soon"), "'soon' is not a moment"),
        (rollback, ("team/none", "2999-01-01"), "is still to come"),
    ):
        done = await lifeshop.run(command, *words)
        assert (done.exit_code, done.stdout) == (1, "")
        assert message in done.stderr
    done = await lifeshop.run(rollback, "team:v", "now", "--project")
    assert done.exit_code == 2


async def test_a_client_is_told_by_its_first_word(
    lifeshop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = r"docker/29 go/go1.25 kernel/6.18 os/linux UpstreamClient(Docker-Client/29 \(linux\))"
    monkeypatch.setattr("tests.faces.manage.lifecycle.ALICE", Caller("alice", agent))
    await lifeshop.lifecycle.push("v", "one", NAME)
    assert (await lifeshop.said(history, "team/app")).splitlines()[1].split()[-1] == "docker/29"
    (move,) = await lifeshop.asked(history, "team/app")
    assert move["client"] == agent
