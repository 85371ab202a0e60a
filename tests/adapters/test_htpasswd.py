"""Users in a file: what its lines may be, and what happens when it changes."""

import asyncio
import os
import string
from dataclasses import dataclass, field
from pathlib import Path

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.adapters.htpasswd import (
    BcryptPasswords,
    Htpasswd,
    HtpasswdUnusable,
    file,
    provision,
)
from entrepot.adapters.htpasswd.file import CHECK_SECONDS
from entrepot.adapters.htpasswd.lines import COST_MAX, parse
from entrepot.ports.accounts import Account
from entrepot.rules.roles import Role

SALT = bcrypt.gensalt(4)


@dataclass
class Clock:
    """Later than any file of a test, so that files have settled."""

    seconds: float = 4e9

    def now(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def hashed(password: str, kind: str = "2y") -> str:
    return bcrypt.hashpw(password.encode(), SALT).decode().replace("$2b$", f"${kind}$", 1)


def line(name: str, password: str = "secret") -> str:
    return f"{name}:{hashed(password)}\n"


@dataclass
class Kept:
    """A file, its users as the registry knows them, and what was complained of."""

    path: Path
    clock: Clock = field(default_factory=Clock)
    complaints: list[str] = field(default_factory=list)
    users: Htpasswd | None = None

    def open(self) -> "Kept":
        self.users = Htpasswd(self.path, self.clock, self.complaints.append)
        return self

    async def names(self) -> list[str]:
        assert self.users is not None
        return [account.name for account in await self.users.page("", 100)]

    async def find(self, name: str) -> Account | None:
        assert self.users is not None
        return await self.users.find(name)

    async def later(self, text: str | None = None) -> list[str]:
        """Put another file in place if there is a text; return the names after a while."""
        if text is not None:
            fresh = self.path.with_suffix(".new")
            fresh.write_text(text)
            fresh.replace(self.path)
        self.clock.seconds += CHECK_SECONDS
        return await self.names()


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    path = tmp_path / "htpasswd"
    path.write_text(line("alice") + line("bob"))
    return Kept(path).open()


# --- lines ---


@pytest.mark.parametrize("kind", ["2y", "2a", "2b"])
def test_bcrypt_in_all_its_names(kind: str) -> None:
    text = f"# users\n\n  alice:{hashed('x', kind)}  \r\n"
    users = parse(text.encode())
    assert [*users.hashes] == ["alice"]
    assert users.complaints == ()


def test_the_last_line_of_a_name_counts() -> None:
    text = f"alice:{hashed('old')}\nalice:{hashed('new')}\n"
    assert parse(text.encode()).hashes == {"alice": hashed("new")}


@pytest.mark.parametrize(
    "other",
    [
        "$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/",
        "$1$abcdefgh$i9KqS4xGZ2BZ9ZyA0B3q1.",
        "$6$salt$hash",
        "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
        "rqXexS6ZhobKA",
    ],
)
def test_other_hashes_are_refused_by_line_and_the_rest_counts(other: str) -> None:
    users = parse(f"{line('alice')}mallory:{other}\n".encode())
    assert [*users.hashes] == ["alice"]
    (complaint,) = users.complaints
    assert complaint.startswith("line 2: mallory has no bcrypt hash")
    assert "htpasswd -B" in complaint
    assert other not in complaint
    assert not users.torn


def test_a_later_line_that_is_refused_leaves_no_way_in() -> None:
    users = parse(f"{line('alice')}alice:$apr1$x$y\n".encode())
    assert users.hashes == {}


def test_a_hash_that_takes_minutes_is_refused() -> None:
    slow = hashed("x").replace("$04$", f"${COST_MAX + 1}$")
    users = parse(f"alice:{slow}\n".encode())
    assert users.hashes == {}
    assert "cost" in users.complaints[0]


@pytest.mark.parametrize("bad", ["alice", ":hash", "al\x1bice:x", "alice:plain", "alice:$2y$10$ab"])
def test_what_is_no_line_tells_that_the_file_is_not_whole(bad: str) -> None:
    users = parse(f"{line('bob')}{bad}\n".encode())
    assert users.torn
    assert [*users.hashes] == ["bob"]
    assert "plain" not in users.complaints[0]


def test_names_are_as_operators_wrote_them() -> None:
    names = ["_json_key", "ci+robot", "first last", "пользователь", "a" * 255]
    text = "".join(line(name) for name in names)
    assert [*parse(text.encode()).hashes] == names
    assert parse(line("a" * 256).encode()).hashes == {}


@given(st.binary(max_size=300))
def test_any_bytes_are_parsed(data: bytes) -> None:
    users = parse(data)
    assert not users.hashes or b"$2" in data


@given(st.integers(0, 70))
def test_each_beginning_of_a_line_is_no_other_user(length: int) -> None:
    whole = line("alice").encode()
    cut = parse(whole[:length])
    assert cut.hashes in ({}, {"alice": hashed("secret")})
    assert cut.torn or cut.hashes or length == 0


# --- the file ---


async def test_users_of_a_file(kept: Kept) -> None:
    assert await kept.names() == ["alice", "bob"]
    alice = await kept.find("alice")
    assert alice is not None
    assert (alice.role, alice.password_hash) == (Role.MAINTAINER, hashed("secret"))
    assert await kept.find("carol") is None
    assert kept.complaints == []
    assert kept.users is not None
    assert [a.name for a in await kept.users.page("alice", 1)] == ["bob"]
    assert await kept.users.page("bob", 1) == []


async def test_a_changed_file_is_read_again(kept: Kept) -> None:
    assert await kept.later(line("alice", "other") + line("carol")) == ["alice", "carol"]
    alice = await kept.find("alice")
    assert alice is not None
    assert alice.password_hash == hashed("other")


async def test_it_is_looked_at_no_more_than_once_a_second(kept: Kept) -> None:
    kept.path.write_text(line("carol"))
    assert await kept.names() == ["alice", "bob"]
    assert await kept.later() == ["carol"]


async def test_a_clock_that_was_set_back_stops_nothing(kept: Kept) -> None:
    kept.path.write_text(line("carol"))
    kept.clock.seconds -= 3600
    assert await kept.names() == ["carol"]


async def test_a_file_written_in_place_with_its_old_time_and_size(kept: Kept) -> None:
    before = kept.path.stat()
    kept.path.write_text(line("carol"[:5]) + line("bob"))
    kept.path.write_text(line("clair") + line("bob"))
    os.utime(kept.path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert before.st_size == kept.path.stat().st_size
    assert await kept.later() == ["bob", "clair"]


async def test_a_file_that_is_quite_fresh_is_read_once_more(kept: Kept) -> None:
    """Two writes within one tick of the file system's clock look alike."""
    reads = 0
    really = file._read

    def counting(path: Path) -> object:
        nonlocal reads
        reads += 1
        return really(path)

    kept.clock.seconds = kept.path.stat().st_ctime + 1 - CHECK_SECONDS
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file, "_read", counting)
        await kept.later()
        assert reads == 1
        for _ in range(3):
            await kept.later()
    assert reads == 1
    assert kept.complaints == []


async def test_an_unchanged_hash_keeps_tokens_and_a_changed_one_ends_them(kept: Kept) -> None:
    before = await kept.find("alice")
    bob = await kept.find("bob")
    await kept.later(line("carol") + line("alice") + line("bob", "other"))
    assert await kept.find("alice") == before
    after = await kept.find("bob")
    assert bob is not None
    assert after is not None
    assert after.changed_at != bob.changed_at
    # Another process, or this one after a restart, must agree.
    assert await Kept(kept.path).open().find("bob") == after


@pytest.mark.parametrize("text", ["mallory", "alice:$2y$10$abc\n", "alice:plain text\n"])
async def test_a_broken_new_file_leaves_the_users(kept: Kept, text: str) -> None:
    assert await kept.later(line("carol") + text) == ["alice", "bob"]
    assert await kept.later() == ["alice", "bob"]
    (complaint,) = kept.complaints
    assert "line 2" in complaint
    assert "users stay as they were" in complaint
    assert await kept.later(line("carol")) == ["carol"]


async def test_a_missing_file_leaves_the_users(kept: Kept) -> None:
    kept.path.unlink()
    assert await kept.later() == ["alice", "bob"]
    assert await kept.later() == ["alice", "bob"]
    assert len(kept.complaints) == 1
    assert await kept.later(line("carol")) == ["carol"]
    kept.path.unlink()
    await kept.later()
    assert len(kept.complaints) == 2


async def test_a_file_that_is_too_long_leaves_the_users(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file, "FILE_MAX_BYTES", 100)
    assert await kept.later(line("carol") * 2) == ["alice", "bob"]


async def test_an_empty_file_lets_nobody_in(kept: Kept) -> None:
    assert await kept.later("") == []
    assert "nobody can log in" in kept.complaints[0]


async def test_a_refused_line_is_told_once(kept: Kept) -> None:
    text = line("alice") + "bob:$apr1$x$y\n"
    assert await kept.later(text) == ["alice"]
    for _ in range(3):
        await kept.later()
    assert len(kept.complaints) == 1


async def test_many_at_once_cause_one_look(kept: Kept) -> None:
    kept.path.write_text(line("carol"))
    kept.clock.seconds += CHECK_SECONDS
    found = await asyncio.gather(*(kept.find("alice") for _ in range(20)))
    # Who came first waited for the new file, the others had the old one.
    assert found[0] is None
    assert all(account is not None for account in found[1:])
    assert await kept.find("alice") is None


def test_at_the_start_what_is_good_counts(tmp_path: Path) -> None:
    path = tmp_path / "htpasswd"
    path.write_text(line("alice") + "mallory\n")
    kept = Kept(path).open()
    assert "line 2" in kept.complaints[0]


@pytest.mark.parametrize("kind", ["missing", "directory", "too long"])
def test_at_the_start_a_file_must_be_there(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "htpasswd"
    if kind == "directory":
        path.mkdir()
    elif kind == "too long":
        monkeypatch.setattr(file, "FILE_MAX_BYTES", 10)
        path.write_text(line("alice"))
    with pytest.raises(HtpasswdUnusable, match=str(path)):
        Kept(path).open()


async def test_nobody_costs_as_much_as_the_dearest_user(tmp_path: Path) -> None:
    path = tmp_path / "htpasswd"
    path.write_text(line("alice") + line("bob").replace("$04$", "$06$"))
    users = Kept(path).open().users
    assert users is not None
    nobody = users.hash_of_nobody()
    assert nobody.startswith("$2b$06$")
    assert not await BcryptPasswords().verify(nobody, "secret")
    assert bcrypt.checkpw(b"x", nobody.encode()) is False


# --- a new one, and passwords ---


async def test_a_file_is_made_with_one_user(tmp_path: Path) -> None:
    path = tmp_path / "auth" / "htpasswd"
    password = provision(path)
    assert path.stat().st_mode & 0o777 == 0o600
    kept = Kept(path).open()
    docker = await kept.find("docker")
    assert docker is not None
    assert docker.password_hash.startswith("$2y$10$")
    assert await BcryptPasswords().verify(docker.password_hash, password)
    with pytest.raises(HtpasswdUnusable):
        provision(path)
    assert await kept.find("docker") == docker


def test_a_file_that_cannot_be_made_is_told_with_the_mend(tmp_path: Path) -> None:
    (tmp_path / "auth").write_text("a file")
    with pytest.raises(HtpasswdUnusable, match="htpasswd -B -c"):
        provision(tmp_path / "auth" / "htpasswd")


async def test_passwords() -> None:
    passwords = BcryptPasswords()
    made = await passwords.hash("right")
    assert await passwords.verify(made, "right")
    assert not await passwords.verify(made, "wrong")
    assert not await passwords.verify(hashed("right"), "")
    for kind in ("2a", "2b", "2y"):
        assert await passwords.verify(hashed("ключ", kind), "ключ")
    assert not await passwords.verify("$argon2id$v=19$m=1,t=1,p=1$x$y", "right")
    assert not await passwords.verify("", "right")


async def test_long_passwords_are_compared_as_registry2_does() -> None:
    long = string.ascii_letters + string.digits + string.punctuation
    passwords = BcryptPasswords()
    assert await passwords.verify(hashed(long[:72]), long)
    assert not await passwords.verify(hashed(long[:72]), long[:71])
    assert await passwords.verify(await passwords.hash(long), long)
