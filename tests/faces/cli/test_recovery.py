"""What people read after a rebuild, a backup, a restore."""

import json
from pathlib import Path

import pytest

from entrepot.faces.cli.recovery import (
    SHOWN_MAX,
    ask_for_backup,
    tell_copied,
    tell_findings,
    tell_rebuilt,
    tell_restored,
)
from entrepot.ports.upkeep import Finding
from entrepot.services.backup import Copied
from entrepot.services.rebuild import Report


def test_what_is_lost_is_named_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report(events=7, blobs=3, accounts=None)
    for number in range(SHOWN_MAX + 5):
        report.manifests.add(f"app@sha256:{number}")
    tell_rebuilt(report, Path("old.db"), is_swapped=True)
    told = capsys.readouterr().out
    assert f"manifests that are lost: {SHOWN_MAX + 5}" in told
    assert "  and 5 more" in told
    assert "accounts, grants, robots, access tokens, keys and the audit log are lost" in told
    assert "old.db" in told
    assert "trash" not in told


def test_a_catalog_that_stays_is_said_to_stay(capsys: pytest.CaptureFixture[str]) -> None:
    tell_rebuilt(Report(accounts=2), None, is_swapped=False)
    told = capsys.readouterr().out
    assert "nothing was changed" in told
    assert "2 accounts" in told


def test_missing_blobs_and_changed_files_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    copied = Copied(blobs=2, size_bytes=2048, missing=1, names=["sha256:a"])
    tell_copied(copied)
    assert "2.0 KiB" in capsys.readouterr().out
    tell_restored(["journal/1.jsonl"], copied, [Finding("I2", "wrong")])
    told = capsys.readouterr().out
    for part in ("sha256:a is missing", "journal/1.jsonl is not", "I2: wrong", "1 findings"):
        assert part in told


def test_programs_get_json(capsys: pytest.CaptureFixture[str]) -> None:
    copied = Copied(blobs=2, size_bytes=2048, missing=1, names=["sha256:a"])
    finding = {"invariant": "I2", "message": "wrong"}
    tell_copied(copied, as_json=True)
    tell_restored(["journal/1.jsonl"], copied, [Finding("I2", "wrong")], as_json=True)
    tell_rebuilt(Report(accounts=2), Path("old.db"), is_swapped=True, as_json=True)
    tell_findings([Finding("I2", "wrong")], 3, as_json=True)
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (told[0]["blobs"], told[0]["missing"]) == (2, 1)
    assert told[1]["copied"] == told[0]
    assert (told[1]["changed"], told[1]["findings"]) == (["journal/1.jsonl"], [finding])
    assert (told[2]["report"]["accounts"], told[2]["kept"]) == (2, "old.db")
    assert told[3] == {"findings": [finding], "debris": 3}


def test_findings_are_told_one_by_one(capsys: pytest.CaptureFixture[str]) -> None:
    tell_findings([Finding("I2", "wrong")], 3, as_json=False)
    told = capsys.readouterr().out
    assert told == "I2: wrong\n1 findings; 3 blobs that nothing refers to\n"


def test_without_a_server_one_is_told_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        ask_for_backup(tmp_path, tmp_path / "backup")
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("entrepot: ")
