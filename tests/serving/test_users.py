"""What is prepared and said at the start where users are kept elsewhere."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from entrepot.adapters.blobs.memory import MemoryDisk, open_store
from entrepot.adapters.catalog import open_catalog
from entrepot.adapters.htpasswd import BcryptPasswords, HtpasswdUnusable
from entrepot.adapters.registry2_tree import TREE
from entrepot.adapters.signer import Es256Signer, new_key
from entrepot.adapters.system import SystemClock, SystemRandom
from entrepot.rules.access import ANONYMOUS
from entrepot.rules.permissions import Permission
from entrepot.rules.tickets import KEY_BYTES
from entrepot.serving.users import prepare_users
from entrepot.settings import Auth, Settings, Storage
from entrepot.wiring import build
from entrepot.wiring.outside import Outside
from tests.services.people import APP, PlainPasswords


@dataclass
class Heard:
    """A log that keeps its warnings, and who is told of a new file."""

    warnings: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    told: list[tuple[Path, str, str]] = field(default_factory=list)

    def debug(self, event: str, **facts: Any) -> None:
        raise AssertionError(event)

    info = exception = debug

    def warning(self, event: str, **facts: Any) -> None:
        self.warnings.append((event, facts))

    def tell(self, path: Path, name: str, password: str) -> None:
        self.told.append((path, name, password))


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    catalog, store = await open_catalog("sqlite:///:memory:"), await open_store(MemoryDisk())
    yield Outside(
        catalog=catalog,
        store=store,
        clock=SystemClock(),
        random=SystemRandom(),
        passwords=PlainPasswords(),
        signer=Es256Signer(new_key()),
        upload_key=bytes(KEY_BYTES),
    )
    await store.close()
    await catalog.close()


def settings(tmp_path: Path, **auth: Any) -> Settings:
    return Settings(storage=Storage(data=str(tmp_path)), auth=Auth(**auth))


async def test_accounts_need_nothing(tmp_path: Path, outside: Outside) -> None:
    heard = Heard()
    assert await prepare_users(settings(tmp_path), outside, heard.tell, heard) is outside
    assert (heard.warnings, heard.told) == ([], [])


async def test_a_file_that_is_missing_is_made_and_its_user_gets_in(
    tmp_path: Path, outside: Outside
) -> None:
    heard, chosen = Heard(), settings(tmp_path, htpasswd=str(tmp_path / "auth" / "htpasswd"))
    made = await prepare_users(chosen, outside, heard.tell, heard)
    assert isinstance(made.passwords, BcryptPasswords)
    ((path, name, password),) = heard.told
    assert path == tmp_path / "auth" / "htpasswd"
    house = build(chosen, made)
    account = await house.accounts.verify(name, password)
    assert account is not None
    assert await house.accounts.ensure_admin("") is None
    assert password not in str(heard.warnings)
    # The next start finds the file.
    await prepare_users(chosen, outside, heard.tell, heard)
    assert len(heard.told) == 1


async def test_lines_of_a_file_that_do_not_count_are_logged(
    tmp_path: Path, outside: Outside
) -> None:
    heard, path = Heard(), tmp_path / "htpasswd"
    path.write_text("mallory:$apr1$x$y\n")
    chosen = settings(tmp_path, htpasswd=str(path))
    await prepare_users(chosen, outside, heard.tell, heard)
    complaints = [facts["complaint"] for _, facts in heard.warnings]
    assert "line 1: mallory has no bcrypt hash" in complaints[0]
    assert "nobody can log in" in complaints[1]


async def test_a_file_that_is_a_directory_lets_nothing_start(
    tmp_path: Path, outside: Outside
) -> None:
    heard = Heard()
    with pytest.raises(HtpasswdUnusable, match="is a directory"):
        await prepare_users(settings(tmp_path, htpasswd=str(tmp_path)), outside, heard.tell, heard)


async def test_a_registry_open_to_everyone_says_so(tmp_path: Path, outside: Outside) -> None:
    heard, chosen = Heard(), settings(tmp_path, anonymous="all")
    house = build(chosen, await prepare_users(chosen, outside, heard.tell, heard))
    ((event, facts),) = heard.warnings
    assert event.startswith("open to everyone")
    assert "REGISTRY_AUTH=htpasswd" in facts["mend"]
    for permission in (Permission.PULL, Permission.PUSH, Permission.DELETE):
        await house.access.require(ANONYMOUS, permission, APP)
    assert not await house.access.permits(ANONYMOUS, Permission.USER_MANAGE)


async def test_what_registry2_left_is_counted(tmp_path: Path, outside: Outside) -> None:
    heard = Heard()
    (tmp_path / TREE / "app" / "_manifests").mkdir(parents=True)
    await prepare_users(settings(tmp_path), outside, heard.tell, heard)
    ((event, facts),) = heard.warnings
    assert "not served yet" in event
    assert facts["repositories"] == "1"
