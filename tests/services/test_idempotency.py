"""Answers kept by their keys."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from entrepot.adapters.catalog import open_catalog
from entrepot.adapters.sealing import Keyring
from entrepot.oci.errors import Code, Fault
from entrepot.ports.catalog import Catalog
from entrepot.services import idempotency
from entrepot.services.idempotency import (
    BODY_MAX_BYTES,
    KEEP_SECONDS,
    UNDER_WAY_SECONDS,
    Answered,
    Begun,
    IdempotencyService,
    Key,
)
from tests.services.house import HandClock

KEY = Key("user\nada", "one", b"POST /users ada")
MADE = Answered(201, {"Location": "/users/ada"}, b'{"name":"ada"}')
SECRET = b"a secret of a robot"


class Desk:
    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.clock = HandClock()
        self.sealer = Keyring({"test": bytes(32)})
        self.service = IdempotencyService(catalog, self.clock, self.sealer)

    async def begin(self, key: Key = KEY) -> Begun:
        begun = await self.service.begin(key)
        assert isinstance(begun, Begun)
        return begun

    async def fails(self, key: Key = KEY) -> Code:
        with pytest.raises(Fault) as caught:
            await self.service.begin(key)
        return caught.value.code

    async def count(self) -> int:
        async with self.catalog.begin() as tx:
            return await tx.idempotency.count(1000)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    catalog = await open_catalog("sqlite:///:memory:")
    try:
        yield Desk(catalog)
    finally:
        await catalog.close()


async def test_the_same_request_again_gets_the_same_answer(desk: Desk) -> None:
    await desk.service.finish(await desk.begin(), MADE)
    assert await desk.service.begin(KEY) == MADE


async def test_another_request_with_the_key_is_refused(desk: Desk) -> None:
    await desk.service.finish(await desk.begin(), MADE)
    assert await desk.fails(replace(KEY, request=b"POST /users bob")) is Code.KEY_REUSED


async def test_others_have_keys_of_their_own(desk: Desk) -> None:
    await desk.service.finish(await desk.begin(), MADE)
    await desk.begin(replace(KEY, owner="user\nbob"))
    # Where an owner ends and a key begins is no matter of their letters.
    await desk.begin(Key("user\nadao", "ne", KEY.request))


async def test_one_at_a_time(desk: Desk) -> None:
    await desk.begin()
    assert await desk.fails() is Code.CONFLICT


async def test_what_never_ended_is_begun_again_and_cannot_end_any_more(desk: Desk) -> None:
    dead = await desk.begin()
    desk.clock.seconds += UNDER_WAY_SECONDS + 1
    again = await desk.begin()
    await desk.service.finish(dead, MADE)
    await desk.service.drop(dead)
    assert await desk.fails() is Code.CONFLICT
    await desk.service.finish(again, Answered(200, {}, b"{}"))
    assert await desk.service.begin(KEY) == Answered(200, {}, b"{}")


async def test_what_was_refused_may_come_again(desk: Desk) -> None:
    await desk.service.drop(await desk.begin())
    await desk.begin(replace(KEY, request=b"mended"))


async def test_a_day_is_enough(desk: Desk) -> None:
    await desk.service.finish(await desk.begin(), MADE)
    desk.clock.seconds += KEEP_SECONDS - 1
    assert await desk.service.begin(KEY) == MADE
    desk.clock.seconds += 2
    await desk.begin(replace(KEY, text="another"))
    assert await desk.count() == 1, "what is over goes when others come"


async def test_the_oldest_go_where_there_are_too_many(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "KEPT_MAX", 40)
    for number in range(100):
        desk.clock.seconds += 1
        await desk.service.finish(await desk.begin(replace(KEY, text=str(number))), MADE)
    assert await desk.count() <= 40
    assert await desk.service.begin(replace(KEY, text="99")) == MADE


async def test_secrets_are_not_kept_in_clear(desk: Desk) -> None:
    answer = Answered(201, {}, SECRET)
    await desk.service.finish(await desk.begin(), answer, secret=True)
    async with desk.catalog.begin() as tx:
        row = await tx.idempotency.find(KEY.key_hash)
    assert row is not None
    assert SECRET not in row.body
    assert await desk.service.begin(KEY) == answer
    # With other master keys it is not told, and not done again.
    others = IdempotencyService(desk.catalog, desk.clock, Keyring({"new": bytes(31) + b"1"}))
    for service in (others, IdempotencyService(desk.catalog, desk.clock)):
        with pytest.raises(Fault, match="cannot be opened"):
            await service.begin(KEY)


async def test_a_password_in_a_request_cannot_be_guessed_from_what_is_kept(desk: Desk) -> None:
    kept = []
    for _ in range(2):
        begun = await desk.begin()
        async with desk.catalog.begin() as tx:
            row = await tx.idempotency.find(KEY.key_hash)
        assert row is not None
        kept.append(row.request_hash)
        await desk.service.drop(begun)
    assert kept[0] != kept[1], "sealed anew each time"


async def test_without_a_sealer_no_secret_is_kept(desk: Desk) -> None:
    service = IdempotencyService(desk.catalog, desk.clock)
    assert not service.seals
    with pytest.raises(ValueError, match="sealer"):
        await service.finish(await desk.begin(), MADE, secret=True)


async def test_what_is_too_large_to_keep_is_not_done_again(desk: Desk) -> None:
    large = Answered(200, {}, bytes(BODY_MAX_BYTES + 1))
    await desk.service.finish(await desk.begin(), large)
    assert await desk.fails() is Code.CONFLICT
