"""Secrets as files: private, durable, made once."""

import asyncio
import errno
import os
import stat
from pathlib import Path

import pytest

from entrepot.adapters.holding import SoleHolder
from entrepot.adapters.secrets import SECRET_MAX_BYTES, FileSecrets, ObjectSecrets
from tests.adapters.bucketed import MemoryObjects


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def fresh() -> bytes:
    return b"fresh"


def never() -> bytes:
    raise AssertionError("there is one already")


async def test_a_secret_is_made_once_and_found_again(tmp_path: Path) -> None:
    assert await FileSecrets(tmp_path / "secrets").ensure("key.pem", fresh) == b"fresh"
    assert await FileSecrets(tmp_path / "secrets").ensure("key.pem", never) == b"fresh"
    assert await FileSecrets(tmp_path / "secrets").ensure("other", lambda: b"2") == b"2"


async def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        await FileSecrets(tmp_path / "a" / "secrets").ensure("key", fresh)
    finally:
        os.umask(before)
    assert mode(tmp_path / "a" / "secrets") == 0o700
    assert mode(tmp_path / "a" / "secrets" / "key") == 0o600


async def test_nothing_else_is_left_behind(tmp_path: Path) -> None:
    await FileSecrets(tmp_path).ensure("key", fresh)
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


async def test_the_first_of_two_processes_wins(tmp_path: Path) -> None:
    def slower() -> bytes:
        (tmp_path / "key").write_bytes(b"theirs")
        return b"ours"

    assert await FileSecrets(tmp_path).ensure("key", slower) == b"theirs"
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP])
async def test_a_file_system_without_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refused(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", refused)
    assert await FileSecrets(tmp_path).ensure("key", fresh) == b"fresh"
    assert [path.name for path in tmp_path.iterdir()] == ["key"]
    assert mode(tmp_path / "key") == 0o600


async def test_a_full_disk_leaves_nothing_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            await FileSecrets(tmp_path).ensure("key", fresh)
    assert list(tmp_path.iterdir()) == []
    assert await FileSecrets(tmp_path).ensure("key", fresh) == b"fresh"


async def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"not a secret")
    (tmp_path / "key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match=os.strerror(errno.ELOOP)):
        await FileSecrets(tmp_path).ensure("key", never)


async def test_i13_a_secret_has_a_limit(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"x" * (SECRET_MAX_BYTES + 1))
    assert len(await FileSecrets(tmp_path).ensure("key", never)) == SECRET_MAX_BYTES


class TestObjects:
    """The same secrets for all replicas."""

    async def test_a_secret_is_made_once(self) -> None:
        objects = MemoryObjects()
        one, two = ObjectSecrets(objects, SoleHolder()), ObjectSecrets(objects, SoleHolder())
        assert await one.find("a") is None
        assert await one.ensure("a", lambda: b"first") == b"first"
        assert await two.ensure("a", lambda: b"second") == b"first"
        await two.forget("a")
        assert await one.find("a") is None

    async def test_of_replicas_that_start_at_once_one_makes_it(self) -> None:
        objects, holder = MemoryObjects(), SoleHolder()
        makers = (lambda: b"1", lambda: b"2")
        both = [ObjectSecrets(objects, holder).ensure("a", make) for make in makers]
        assert len(set(await asyncio.gather(*both))) == 1

    async def test_one_that_stood_still_does_not_write_over_what_another_has_made(self) -> None:
        objects = MemoryObjects()

        def slowly() -> bytes:
            # Meanwhile the hold is lost, and another replica seals with a secret of its own.
            objects.objects["secrets/a"] = b"theirs"
            return b"ours"

        assert await ObjectSecrets(objects, SoleHolder()).ensure("a", slowly) == b"theirs"
        assert objects.objects == {"secrets/a": b"theirs"}
