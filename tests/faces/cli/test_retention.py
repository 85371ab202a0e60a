"""`entrepot retention`: a preview, and a run that does just that."""

from pathlib import Path

from entrepot.faces.cli.retention import retention
from entrepot.oci.name import RepositoryName
from tests.faces.cli.shop import Shop
from tests.services.house import ALICE

NAME = RepositoryName("team/app")


async def test_a_text_or_a_file_is_tried(lifeshop: Shop, tmp_path: Path) -> None:
    one = await lifeshop.lifecycle.push("v", "one", NAME)
    await lifeshop.lifecycle.push("w", "two", NAME)
    told = await lifeshop.said(retention, "preview", "team", "--text", "keep n: 1")
    lines = told.splitlines()
    assert lines[1].split()[:4] == ["team/app", one[:19], "delete", "v"]
    assert lines[-2].startswith("team/app: 1 stay, 1 go")
    assert lines[-1] == "nothing was changed"
    (tmp_path / "policy").write_text("keep n: 1\n")
    given = ("--file", str(tmp_path / "policy"))
    assert await lifeshop.said(retention, "preview", "team", *given) == told
    everything = await lifeshop.asked(retention, "preview", "team", *given, "--kept")
    assert [one["action"] for one in everything["items"]].count("keep") == 1
    both = await lifeshop.run(retention, "preview", "team", "--text", "", *given)
    assert both.exit_code == 2


async def test_a_run_does_it(lifeshop: Shop) -> None:
    await lifeshop.lifecycle.push("v", "one", NAME)
    await lifeshop.lifecycle.push("w", "two", NAME)
    none = await lifeshop.run(retention, "run", "team")
    assert none.exit_code == 1
    assert "has no retention policy" in none.stderr
    await lifeshop.lifecycle.policies.put("team", "retention", {"text": "keep n: 1"}, ALICE)
    plan = await lifeshop.said(retention, "run", "team", "--dry-run")
    assert plan == await lifeshop.said(retention, "preview", "team")
    told = await lifeshop.said(retention, "run", "team", "--wait")
    assert "job 1 (retention) is done: deleted 1" in told
    after = await lifeshop.said(retention, "preview", "team")
    assert after == "team/app: all 1 stay\nnothing was changed\n"
