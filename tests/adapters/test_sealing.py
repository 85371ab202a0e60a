"""Sealed values: opened whole, for what they were sealed for, or not."""

import base64
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.adapters import sealing
from entrepot.adapters.sealing import (
    KEYS_MAX,
    KEYS_MAX_BYTES,
    PLAIN_MAX_BYTES,
    VARIABLE,
    Keyring,
    given_keys,
    new_master_keys,
)
from entrepot.ports.sealing import SealBroken

OLD = b"old:" + base64.b64encode(b"o" * 32) + b"\n"
NEW = b"new:" + base64.b64encode(b"n" * 32) + b"\n"
RING = Keyring.of_text(NEW + OLD, origin="here")
PURPOSE = "secret:upstream/docker.io"
purposes = st.text(max_size=40)


@given(purposes, st.binary(max_size=2000))
def test_what_was_sealed_is_opened(purpose: str, plain: bytes) -> None:
    sealed = RING.seal(purpose, plain)
    assert RING.open(purpose, sealed) == plain
    assert RING.key_id(sealed) == RING.current == "new"
    assert sealed != RING.seal(purpose, plain)
    assert len(plain) < 8 or plain not in sealed


@given(st.binary(max_size=100), st.data())
def test_any_bit_that_is_flipped_is_refused(plain: bytes, data: st.DataObject) -> None:
    sealed = bytearray(RING.seal(PURPOSE, plain))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SealBroken):
        RING.open(PURPOSE, bytes(sealed))


@given(st.binary(max_size=100), st.data())
def test_any_cut_is_refused(plain: bytes, data: st.DataObject) -> None:
    sealed = RING.seal(PURPOSE, plain)
    with pytest.raises(SealBroken):
        RING.open(PURPOSE, sealed[: data.draw(st.integers(0, len(sealed) - 1))])
    with pytest.raises(SealBroken):
        RING.open(PURPOSE, sealed + b"\0")


@given(purposes, purposes)
def test_a_value_cannot_be_moved_to_another_row(purpose: str, other: str) -> None:
    if purpose != other:
        with pytest.raises(SealBroken, match="does not open"):
            RING.open(other, RING.seal(purpose, b"value"))


@given(st.binary(max_size=200))
def test_nonsense_is_refused(sealed: bytes) -> None:
    with pytest.raises(SealBroken):
        RING.open(PURPOSE, sealed)


def test_an_older_key_opens_and_seals_no_more() -> None:
    sealed = Keyring.of_text(OLD, origin="here").seal(PURPOSE, b"value")
    assert RING.open(PURPOSE, sealed) == b"value"
    assert RING.key_id(sealed) == "old"
    assert RING.key_id(RING.seal(PURPOSE, b"value")) == "new"


def test_a_missing_key_is_named_with_what_to_do() -> None:
    sealed = Keyring.of_text(OLD, origin="there").seal(PURPOSE, b"value")
    with pytest.raises(SealBroken, match="master key old, which is not in here: add its line"):
        Keyring.of_text(NEW, origin="here").open(PURPOSE, sealed)


def test_another_key_under_the_same_id_is_told() -> None:
    sealed = RING.seal(PURPOSE, b"value")
    other = Keyring.of_text(b"new:" + base64.b64encode(b"x" * 32), origin="here")
    with pytest.raises(SealBroken, match="has another key"):
        other.open(PURPOSE, sealed)


def test_i13_what_is_sealed_has_limits() -> None:
    assert RING.open(PURPOSE, RING.seal(PURPOSE, bytes(PLAIN_MAX_BYTES))) == bytes(PLAIN_MAX_BYTES)
    with pytest.raises(ValueError, match="more than"):
        RING.seal(PURPOSE, bytes(PLAIN_MAX_BYTES + 1))
    with pytest.raises(ValueError, match="purpose"):
        RING.seal("p" * 1025, b"")


@pytest.mark.parametrize(
    "text, told",
    [
        (b"", "no master key"),
        (b"# nothing\n\n", "no master key"),
        (b"a:" + base64.b64encode(b"k" * 31), "31 bytes instead of 32"),
        (b"a:" + base64.b64encode(b"k" * 33), "33 bytes instead of 32"),
        (b"a:***", "no master key; write"),
        (b"a", "id has up to 32"),
        (b":" + base64.b64encode(b"k" * 32), "id has up to 32"),
        (b"\xff\xfe:" + base64.b64encode(b"k" * 32), "id has up to 32"),
        (b"a" * 33 + b":" + base64.b64encode(b"k" * 32), "id has up to 32"),
        (NEW + NEW, "line 2: the id new is there twice"),
        (b"x" * (KEYS_MAX_BYTES + 1), "longer than"),
        (b"".join(NEW.replace(b"new", b"%d" % n) for n in range(KEYS_MAX + 1)), "more than"),
    ],
)
def test_keys_that_cannot_be_used_are_explained(text: bytes, told: str) -> None:
    with pytest.raises(SealBroken, match=told) as refused:
        Keyring.of_text(text, origin="keys.txt")
    assert str(refused.value).startswith("keys.txt")
    assert base64.b64encode(b"k" * 32).decode()[:20] not in str(refused.value)


def test_keys_are_made_for_the_first_start() -> None:
    text = new_master_keys()
    assert text != new_master_keys()
    assert (
        Keyring.of_text(b"# of today\n" + text, origin="new").current
        == text.split(b":")[0].decode()
    )


def test_keys_are_where_they_are_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert given_keys("", ()) is None
    file = tmp_path / "keys"
    file.write_bytes(NEW)
    assert given_keys(str(file), ()) == (NEW, str(file))
    with pytest.raises(FileNotFoundError):
        given_keys(str(tmp_path / "none"), ())
    monkeypatch.setenv(VARIABLE, OLD.decode())
    found = given_keys("", ())
    assert found is not None
    assert found[0] == OLD
    with pytest.raises(SealBroken, match="one of them"):
        given_keys(str(file), ())


def program(tmp_path: Path, text: str) -> tuple[str, ...]:
    file = tmp_path / "kms.py"
    file.write_text(text)
    return (sys.executable, "-S", str(file), "$(id)")


@pytest.fixture
def no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


def test_a_program_prints_the_keys(tmp_path: Path, no_variable: None) -> None:
    words = program(tmp_path, f"import sys; sys.stdout.write({NEW.decode()!r})")
    found = given_keys("", words)
    assert found is not None
    assert found[0] == NEW
    assert "secrets.keys_command" in found[1]


def test_no_shell_reads_a_programs_words(tmp_path: Path, no_variable: None) -> None:
    words = program(tmp_path, "import sys; print('x:' + sys.argv[1])")
    assert given_keys("", words) == (b"x:$(id)\n", sealing.origin_of(words))


@pytest.mark.parametrize(
    "text, told",
    [
        ("raise SystemExit(3)", "ended with status 3"),
        ("while True: print('a' * 1000)", "prints more than"),
        ("import time; time.sleep(60)", "did not end within"),
        ("import os, time; os.close(1); time.sleep(60)", "did not end within"),
        ("import os, time; os.fork() or time.sleep(60)", "did not end within"),
    ],
)
def test_i13_a_program_that_fails_is_explained_in_time(
    text: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_variable: None
) -> None:
    monkeypatch.setattr(sealing, "COMMAND_SECONDS", 0.5)
    began = time.monotonic()
    with pytest.raises(SealBroken, match=told):
        given_keys("", program(tmp_path, text))
    assert time.monotonic() - began < 5


def test_a_program_that_is_not_there_is_named(no_variable: None) -> None:
    with pytest.raises(SealBroken, match=r"/no/such/program .* cannot be run: No such file"):
        given_keys("", ("/no/such/program",))
