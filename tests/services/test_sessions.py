"""Sessions by id: what the ids say by themselves, and what rows say."""

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.rules.tickets import KEY_BYTES, Tickets
from entrepot.services import sessions as sessions_module
from entrepot.services.sessions import Sessions
from tests.services.house import ALICE, APP, Counting, House

IDLE_SECONDS = 100.0


@pytest.fixture
def sessions(house: House) -> Sessions:
    tickets = Tickets(bytes(KEY_BYTES))
    return Sessions(house.catalog, house.clock, Counting(), tickets, IDLE_SECONDS)


async def test_an_id_is_enough_until_the_first_bytes(sessions: Sessions) -> None:
    upload_id = sessions.begin(APP)
    found = await sessions.find(APP, upload_id)
    assert found.row is None
    await sessions.note(found, 7, ALICE)
    found = await sessions.find(APP, upload_id)
    assert found.row is not None
    assert (found.row.offset, found.row.actor) == (7, ALICE.actor)
    await sessions.note(found, 9, ALICE)
    await sessions.end(found)
    await expect_unknown(sessions, APP, upload_id)


async def test_a_bounded_number_of_ends_is_remembered(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions_module, "ENDED_MAX", 2)
    found = [await sessions.find(APP, sessions.begin(APP)) for _ in range(3)]
    for session in found:
        await sessions.end(session)
    assert await sessions.find(APP, found[0].id) == found[0]
    for session in found[1:]:
        await expect_unknown(sessions, APP, session.id)


@pytest.mark.parametrize("seconds", [IDLE_SECONDS + 1, -IDLE_SECONDS - 1])
async def test_an_id_does_not_hold_forever(
    sessions: Sessions, house: House, seconds: float
) -> None:
    house.clock.seconds += 2 * IDLE_SECONDS
    upload_id = sessions.begin(APP)
    house.clock.seconds += seconds
    await expect_unknown(sessions, APP, upload_id)


async def test_a_row_of_another_repository_is_unknown(sessions: Sessions, house: House) -> None:
    other = RepositoryName("other/app")
    await house.add_blob(b"x", other)
    upload_id = sessions.begin(APP)
    await sessions.note(await sessions.find(APP, upload_id), 1, ALICE)
    await expect_unknown(sessions, other, upload_id)
    await expect_unknown(sessions, RepositoryName("no/app"), upload_id)


async def expect_unknown(sessions: Sessions, name: RepositoryName, upload_id: str) -> None:
    with pytest.raises(Fault) as unknown:
        await sessions.find(name, upload_id)
    assert unknown.value.code is Code.BLOB_UPLOAD_UNKNOWN
