"""What people read when blobs were copied into another store."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from entrepot.faces.cli.migration import ask_for_migration, job_args, tell_migrated
from entrepot.services.migrating import Migrated

SETTLED = Migrated(passes=2, blobs=7, size_bytes=2048, copied=3, is_copied=True)


def test_it_says_what_to_set(capsys: pytest.CaptureFixture[str]) -> None:
    tell_migrated(SETTLED, "s3://bucket/prefix", as_json=False)
    told = capsys.readouterr().out
    assert "7 blobs, 2.0 KiB, are in s3://bucket/prefix, of which 3 were copied now" in told
    assert 'blobs = "s3://bucket/prefix"' in told
    tell_migrated(SETTLED, "/mnt/new", as_json=False)
    told = capsys.readouterr().out
    assert 'data = "/mnt/new"' in told
    assert "entrepot migrate-catalog --to /mnt/new" in told


def test_it_says_what_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    lost = replace(SETTLED, missing=1, damaged=2)
    tell_migrated(lost, "s3://b", as_json=False)
    assert "3 blobs are missing or damaged in the old store" in capsys.readouterr().out
    tell_migrated(replace(SETTLED, rotten=2), "s3://b", as_json=False)
    told = capsys.readouterr().out
    assert "2 blobs of s3://b were not right" in told
    assert "[storage]" not in told
    tell_migrated(replace(SETTLED, fresh=1), "s3://b", as_json=False)
    assert "s3://b is not complete: run this again" in capsys.readouterr().out


def test_programs_get_json(capsys: pytest.CaptureFixture[str]) -> None:
    tell_migrated(SETTLED, "s3://b", as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert (told["to"], told["settled"], told["report"]["copied"]) == ("s3://b", True, 3)


def test_a_directory_is_named_from_the_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert job_args("new", None, verify=True) == {"to": f"{tmp_path}/new", "verify": True}
    args = {"to": "gs://b/p", "verify": False, "bytes_per_second": 9}
    assert job_args("gs://b/p", 9, verify=False) == args


def test_without_a_server_there_is_nobody_to_ask(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="1"):
        ask_for_migration(tmp_path, {"to": "s3://b", "verify": False}, as_json=False)
    assert "entrepot:" in capsys.readouterr().err
