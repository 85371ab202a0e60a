"""What second factors and sessions of every catalog must do."""

from dataclasses import replace

from entrepot.ports.catalog import Catalog
from entrepot.ports.factors import Factor, Kind, WebSession
from tests.adapters.catalog.rows import NOW

TOTP = Factor("alice", Kind.TOTP, "phone", "totp:1", b"sealed", NOW)
SESSION = WebSession("hash", "alice", NOW, NOW + 100, NOW, "192.0.2.1", "Firefox")


class Factors:
    async def test_rows_are_a_user_s_and_come_in_order(self, catalog: Catalog) -> None:
        passkey = replace(TOTP, kind=Kind.PASSKEY, credential="passkey:1", counter=7, used_at=NOW)
        async with catalog.begin(write=True) as tx:
            assert await tx.factors.add(TOTP)
            assert await tx.factors.add(passkey)
            assert await tx.factors.add(replace(TOTP, user_name="bob", credential="totp:2"))
        async with catalog.begin() as tx:
            found = await tx.factors.of("alice")
            assert [replace(row, id=0) for row in found] == [TOTP, passkey]
            assert found[0].id < found[1].id
            assert await tx.factors.find("passkey:1") == found[1]
            assert await tx.factors.find("passkey:2") is None
            assert await tx.factors.of("nobody") == []

    async def test_a_credential_is_there_once(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            assert await tx.factors.add(TOTP)
            assert not await tx.factors.add(replace(TOTP, user_name="bob"))
        async with catalog.begin() as tx:
            assert await tx.factors.of("bob") == []

    async def test_a_counter_is_moved_on_by_who_saw_it(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            await tx.factors.add(TOTP)
            row = (await tx.factors.of("alice"))[0]
            assert await tx.factors.use(row.id, before=0, after=5, now=NOW + 1)
            assert not await tx.factors.use(row.id, before=0, after=6, now=NOW + 2)
            assert await tx.factors.of("alice") == [replace(row, counter=5, used_at=NOW + 1)]

    async def test_one_a_kind_or_all_can_be_removed(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            await tx.factors.add(TOTP)
            for number in range(3):
                code = replace(TOTP, kind=Kind.RECOVERY, credential=f"recovery:{number}")
                await tx.factors.add(code)
            await tx.factors.add(replace(TOTP, user_name="bob", credential="totp:2"))
            row = (await tx.factors.of("alice"))[-1]
            assert await tx.factors.remove(row.id)
            assert not await tx.factors.remove(row.id)
            assert await tx.factors.remove_kind("alice", Kind.RECOVERY) == 2
            assert await tx.factors.remove_kind("alice", Kind.RECOVERY) == 0
            assert await tx.factors.remove_all("alice") == 1
            assert len(await tx.factors.of("bob")) == 1


class Sessions:
    async def test_a_session_is_found_by_its_hash(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            await tx.sessions.add(SESSION)
            assert await tx.sessions.seen("hash", NOW + 5)
            assert not await tx.sessions.seen("other", NOW)
        async with catalog.begin() as tx:
            assert await tx.sessions.find("hash") == replace(SESSION, seen_at=NOW + 5)
            assert await tx.sessions.find("other") is None

    async def test_a_user_s_are_removed_one_by_one_or_all(self, catalog: Catalog) -> None:
        second = replace(SESSION, id_hash="a second", created_at=NOW + 1)
        async with catalog.begin(write=True) as tx:
            await tx.sessions.add(second)
            await tx.sessions.add(SESSION)
            await tx.sessions.add(replace(SESSION, id_hash="of bob", user_name="bob"))
            assert await tx.sessions.of("alice") == [SESSION, second]
            assert await tx.sessions.remove("hash")
            assert not await tx.sessions.remove("hash")
            assert await tx.sessions.remove_all("alice") == 1
            assert await tx.sessions.of("alice") == []
            assert len(await tx.sessions.of("bob")) == 1

    async def test_those_that_are_over_go_some_at_a_time(self, catalog: Catalog) -> None:
        async with catalog.begin(write=True) as tx:
            for number in range(5):
                session = replace(SESSION, id_hash=f"{number}", expires_at=NOW + number)
                await tx.sessions.add(session)
            assert await tx.sessions.expire(NOW + 3, 2) == 2
            assert await tx.sessions.expire(NOW + 3, 2) == 1
            assert await tx.sessions.expire(NOW + 3, 2) == 0
            assert [each.id_hash for each in await tx.sessions.of("alice")] == ["3", "4"]
