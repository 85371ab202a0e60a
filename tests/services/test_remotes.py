"""Other registries, and the secrets of their accounts."""

from collections.abc import Awaitable
from dataclasses import dataclass, field, replace

import pytest

from entrepot.adapters.sealing import Keyring
from entrepot.oci.errors import Code, Fault
from entrepot.ports.audit import AuditQuery
from entrepot.ports.remotes import Login, Reached
from entrepot.rules.remotes import RemoteText
from entrepot.services import remotes as module
from entrepot.services.remotes import RemoteService
from entrepot.services.replication import ReplicationService, Wanted
from tests.services.house import ALICE, House

HUB = RemoteText("hub", "https://hub.example/", "docker-hub", "", "ann")
SECRET = "correct horse"


@dataclass
class FakeRegistry:
    """Lets in those with the secret."""

    asked: list[Login] = field(default_factory=list)

    async def ping(self, login: Login) -> Reached:
        self.asked.append(login)
        return Reached(login.secret == SECRET)


@pytest.fixture
def registry() -> FakeRegistry:
    return FakeRegistry()


@pytest.fixture
def remotes(house: House, registry: FakeRegistry) -> RemoteService:
    return RemoteService(house.catalog, house.clock, registry, Keyring({"test": bytes(32)}))


async def refused(doing: Awaitable[object], code: Code) -> str:
    with pytest.raises(Fault) as caught:
        await doing
    assert caught.value.code is code, caught.value
    return caught.value.message


async def test_kept_changed_asked_and_removed(
    house: House, remotes: RemoteService, registry: FakeRegistry
) -> None:
    made = await remotes.create(HUB, SECRET, ALICE)
    assert (made.url, made.account, made.insecure) == ("https://hub.example", "ann", False)
    assert await remotes.ping(made.id) == Reached(ok=True)
    assert registry.asked == [Login("https://hub.example", "ann", SECRET)]
    house.clock.seconds += 1
    changed = await remotes.change(made.id, replace(HUB, description="x"), None, ALICE)
    assert changed.changed_at == made.changed_at + 1
    assert await remotes.change(made.id, replace(HUB, description="x"), None, ALICE) == changed
    assert (await remotes.login(made.id)).secret == SECRET
    await remotes.change(made.id, HUB, "other", ALICE)
    assert (await remotes.login(made.id)).secret == "other"
    await remotes.change(made.id, HUB, "", ALICE)
    assert (await remotes.login(made.id)).secret == ""
    assert await remotes.by_name("hub") == await remotes.find(made.id)
    assert [one.id for one in await remotes.page(0, 10)] == [made.id]
    await remotes.change(made.id, HUB, SECRET, ALICE)
    await remotes.remove(made.id, ALICE)
    await refused(remotes.find(made.id), Code.NOT_FOUND)
    async with house.catalog.begin() as tx:
        assert await tx.sealed_secrets.page("", 10) == []
        lines = (await tx.audit.page(AuditQuery(), None, 100)).lines
    assert SECRET not in str(lines)
    assert [one.operation for one in reversed(lines)] == [
        "remote.created",
        "remote.changed",
        "remote.changed",
        "remote.changed",
        "remote.changed",
        "remote.removed",
    ]


async def test_attack_a_secret_is_not_sent_to_another_server(remotes: RemoteService) -> None:
    made = await remotes.create(HUB, SECRET, ALICE)
    for text in (
        replace(HUB, url="https://evil.example"),
        replace(HUB, url="http://hub.example"),
        replace(HUB, insecure=True),
    ):
        assert "again" in await refused(
            remotes.change(made.id, text, None, ALICE), Code.REQUEST_INVALID
        )
        assert (await remotes.find(made.id)).url == "https://hub.example"
    moved = await remotes.change(made.id, replace(HUB, url="https://b.example"), "new", ALICE)
    assert moved.url == "https://b.example"
    anonymous = await remotes.create(replace(HUB, name="b", account=""), "", ALICE)
    await remotes.change(anonymous.id, replace(HUB, name="b", url="http://c"), None, ALICE)


async def test_what_is_refused(
    house: House, remotes: RemoteService, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await remotes.create(HUB, "", ALICE)
    await refused(remotes.create(HUB, "", ALICE), Code.CONFLICT)
    second = await remotes.create(replace(HUB, name="b"), "", ALICE)
    await refused(remotes.change(second.id, HUB, None, ALICE), Code.CONFLICT)
    await refused(remotes.create(replace(HUB, url="x"), "", ALICE), Code.REQUEST_INVALID)
    await refused(remotes.create(HUB, "a\nb", ALICE), Code.REQUEST_INVALID)
    for doing in (
        remotes.find(99),
        remotes.change(99, HUB, None, ALICE),
        remotes.remove(99, ALICE),
        remotes.ping(99),
    ):
        await refused(doing, Code.NOT_FOUND)
    policies = ReplicationService(house.catalog, house.clock)
    await policies.create(Wanted("nightly", first.id, {}), ALICE)
    assert "nightly" in await refused(remotes.remove(first.id, ALICE), Code.CONFLICT)
    monkeypatch.setattr(module, "REMOTES_MAX", 2)
    await refused(remotes.create(replace(HUB, name="c"), "", ALICE), Code.DENIED)


async def test_without_master_keys_no_secret_is_kept(house: House, registry: FakeRegistry) -> None:
    remotes = RemoteService(house.catalog, house.clock, registry, None)
    await refused(remotes.create(HUB, SECRET, ALICE), Code.UNSUPPORTED)
    assert await remotes.page(0, 10) == []
    assert await remotes.try_out(HUB, SECRET) == Reached(ok=True)


async def test_a_secret_of_other_keys_is_told(house: House, registry: FakeRegistry) -> None:
    old = RemoteService(house.catalog, house.clock, registry, Keyring({"a": bytes(32)}))
    made = await old.create(HUB, SECRET, ALICE)
    new = RemoteService(house.catalog, house.clock, registry, Keyring({"b": bytes(range(32))}))
    assert SECRET not in await refused(new.ping(made.id), Code.UNAVAILABLE)
