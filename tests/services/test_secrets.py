"""Secrets at rest: sealed, listed without a value, sealed anew."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from entrepot.adapters.catalog import open_catalog
from entrepot.adapters.sealing import Keyring
from entrepot.oci.errors import Code, Fault
from entrepot.ports.catalog import Catalog
from entrepot.ports.keys import SecretRow, SigningKeyRow
from entrepot.ports.sealing import SealBroken
from entrepot.services import secrets
from entrepot.services.context import Caller
from entrepot.services.secrets import PUT, REMOVED, RESEALED, STEP, SecretService
from tests.services.house import HandClock

ALICE = Caller("alice")
ONE = b"one:" + base64.b64encode(b"1" * 32) + b"\n"
TWO = b"two:" + base64.b64encode(b"2" * 32) + b"\n"
OLD = Keyring.of_text(ONE, origin="here")
BOTH = Keyring.of_text(TWO + ONE, origin="here")
NEW = Keyring.of_text(TWO, origin="here")
VALUE = b"canary-of-an-upstream"


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    opened = await open_catalog(tmp_path / "catalog.db")
    yield opened
    await opened.close()


def service(catalog: Catalog, sealer: Keyring = OLD) -> SecretService:
    return SecretService(catalog, HandClock(), sealer)


async def test_a_secret_is_put_got_and_removed(catalog: Catalog, tmp_path: Path) -> None:
    made = service(catalog)
    await made.put("upstream/docker.io", b"before", ALICE)
    await made.put("upstream/docker.io", VALUE, ALICE)
    assert await made.get("upstream/docker.io") == VALUE
    assert await made.get("upstream/quay.io") is None
    assert VALUE not in b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert await made.remove("upstream/docker.io", ALICE)
    assert not await made.remove("upstream/docker.io", ALICE)
    assert await made.get("upstream/docker.io") is None
    name = "upstream/docker.io"
    recorded = [("alice", what, name) for what in (PUT, PUT, REMOVED)]
    assert await acts(catalog) == recorded


async def test_a_row_under_another_name_does_not_open(catalog: Catalog) -> None:
    made = service(catalog)
    await made.put("mine", VALUE, ALICE)
    async with catalog.begin(write=True) as tx:
        row = await tx.sealed_secrets.find("mine")
        assert row is not None
        await tx.sealed_secrets.put(SecretRow("theirs", row.sealed, row.changed_at))
    with pytest.raises(SealBroken):
        await made.get("theirs")


async def acts(catalog: Catalog) -> list[tuple[str, str, str]]:
    """Return who did what to which, as the audit log has it; never with a value."""
    async with catalog.begin() as tx:
        lines = await tx.audit.after(0, 100)
    assert VALUE.decode() not in repr(lines)
    return [(line.actor, line.operation, line.resource) for line in lines]


@pytest.mark.parametrize("name", ["", "Upper", "a b", "a\n", "é", "a" * 256, "../x"])
async def test_names_that_cannot_be_are_refused(catalog: Catalog, name: str) -> None:
    with pytest.raises(Fault) as refused:
        await service(catalog).put(name, VALUE, ALICE)
    assert refused.value.code is Code.REQUEST_INVALID


@pytest.mark.parametrize("size", [0, secrets.VALUE_MAX_BYTES + 1])
async def test_i13_a_value_has_limits(catalog: Catalog, size: int) -> None:
    with pytest.raises(Fault, match="1 to"):
        await service(catalog).put("a", bytes(size), ALICE)


async def fill(catalog: Catalog, sealer: Keyring, count: int) -> None:
    """Write rows of each kind that is sealed."""
    made = service(catalog, sealer)
    for number in range(count):
        await made.put(f"s{number:03}", VALUE, ALICE)
    async with catalog.begin(write=True) as tx:
        sealed = sealer.seal("signing-key:kid", b"PEM")
        await tx.signing_keys.add(SigningKeyRow("kid", sealed, 1.0, 1.0, None))


async def test_all_is_listed_in_pages_without_a_value(catalog: Catalog) -> None:
    await fill(catalog, OLD, 5)
    made, found, after = service(catalog, BOTH), [], ""
    while page := await made.page(after, 2):
        found += page
        after = page[-1].cursor
    assert [one.purpose for one in found] == [
        *(f"secret:s{number:03}" for number in range(5)),
        "signing-key:kid",
    ]
    assert {(one.key, one.is_current) for one in found} == {("one", False)}
    assert VALUE.decode() not in repr(found)


@pytest.mark.parametrize("cursor", ["factor:", "factor:x", "factor:²", "factor:" + "9" * 40])
async def test_what_is_no_cursor_is_refused(catalog: Catalog, cursor: str) -> None:
    with pytest.raises(Fault, match="no cursor"):
        await service(catalog).page(cursor, 2)


async def test_all_is_sealed_anew_and_the_old_key_can_go(catalog: Catalog) -> None:
    await fill(catalog, OLD, STEP + 3)
    made = service(catalog, BOTH)
    done = await made.reseal(ALICE)
    assert (done.resealed, done.broken) == (STEP + 4, ())
    assert (await made.reseal(ALICE)).resealed == 0
    left = service(catalog, NEW)
    assert await left.get("s000") == await left.get(f"s{STEP + 2:03}") == VALUE
    assert all(one.is_current for one in await left.page("", 1000))


async def test_what_does_not_open_is_named_and_left_as_it_is(catalog: Catalog) -> None:
    await fill(catalog, OLD, 1)
    async with catalog.begin(write=True) as tx:
        await tx.sealed_secrets.put(SecretRow("noise", b"noise", 1.0))
    done = await service(catalog, NEW).reseal(ALICE)
    assert done.resealed == 0
    assert set(done.broken) == {"secret:noise", "secret:s000", "signing-key:kid"}
    assert await service(catalog, OLD).get("s000") == VALUE
    unreadable = next(one for one in await service(catalog).page("", 9) if "noise" in one.purpose)
    assert (unreadable.key, unreadable.is_current) == ("", False)


async def test_resealing_is_recorded(catalog: Catalog) -> None:
    await service(catalog, BOTH).reseal(ALICE)
    assert await acts(catalog) == [("alice", RESEALED, "two")]
