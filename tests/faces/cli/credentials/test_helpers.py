"""Calls of other people's credential helpers."""

import json
from pathlib import Path

import pytest

from entrepot.faces.cli.credentials import helpers
from entrepot.faces.cli.credentials.dockerconfig import Credentials
from entrepot.faces.cli.credentials.helpers import Helper
from entrepot.faces.cli.credentials.names import CredentialError
from tests.faces.cli.credentials.places import Place, make_place

ALICE = Credentials("alice", "sesame")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    made = make_place(tmp_path)
    for name, value in made.env.items():
        monkeypatch.setenv(name, value)
    return made


def shell(place: Place, script: str) -> Helper:
    place.program("docker-credential-test", f"#!/bin/sh\n{script}\n")
    return Helper("test", seconds=0.5)


def test_our_own_helper_is_one(place: Place) -> None:
    own = Helper("entrepot")
    assert own.find("reg") is None
    for credentials in (ALICE, Credentials("", "token", is_token=True)):
        own.keep("reg", credentials)
        assert own.find("reg") == credentials
    assert own.drop("reg")
    assert not own.drop("reg")


def test_the_wire_is_dockers(place: Place) -> None:
    shell(place, f'cat > "{place.home}/$1"').keep("reg", ALICE)
    told = json.loads((place.home / "store").read_text())
    assert told == {"ServerURL": "reg", "Username": "alice", "Secret": "sesame"}


def test_a_missing_helper_is_told(place: Place) -> None:
    with pytest.raises(CredentialError, match="docker-credential-absent is not installed"):
        Helper("absent").find("reg")


@pytest.mark.parametrize(
    "script,message",
    [
        ("echo no bus; exit 1", "failed: no bus"),
        ("exit 3", "it said nothing"),
        ("echo '{}'", "none of a credential helper"),
        ("echo '[]'", "none of a credential helper"),
        ("echo x", "none of a credential helper"),
        ("exec sleep 60", "did not answer within"),
        ("sleep 2 & exit 0", "did not answer within"),
        ("exec >&-; exec sleep 60", "did not answer within"),
        ("exec cat /dev/zero", "more than 1048576 bytes"),
    ],
)
def test_a_bad_answer_is_told(place: Place, script: str, message: str) -> None:
    with pytest.raises(CredentialError, match=message):
        shell(place, script).find("reg")


def test_a_helper_that_repeats_the_secret_is_not_repeated(place: Place) -> None:
    with pytest.raises(CredentialError) as caught:
        shell(place, "cat; exit 1").keep("reg", ALICE)
    assert "sesame" not in str(caught.value)


def test_a_secret_too_long_for_a_pipe_is_refused(place: Place) -> None:
    with pytest.raises(CredentialError, match="too long"):
        shell(place, "exec sleep 60").keep("reg", Credentials("a", "x" * helpers.INPUT_MAX_BYTES))


def test_a_helper_that_reads_nothing_holds_nobody_up(place: Place) -> None:
    shell(place, "exit 0").keep("reg", Credentials("a", "x" * 50_000))
