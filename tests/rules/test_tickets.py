"""Upload ids: read back by who issued them, for one repository."""

from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.name import RepositoryName
from entrepot.rules.tickets import CHANCE_CHARACTERS, KEY_BYTES, Tickets

TICKETS = Tickets(bytes(KEY_BYTES))
APP = RepositoryName("acme/app")
HEX = st.text("0123456789abcdef", min_size=CHANCE_CHARACTERS, max_size=32)
TIMES = st.integers(0, (1 << 32) - 1)


@given(now=TIMES, chance=HEX)
def test_an_id_tells_when_it_was_issued(now: int, chance: str) -> None:
    upload_id = TICKETS.issue(APP, now + 0.75, chance)
    assert len(upload_id) == 32
    assert TICKETS.issued_at(APP, upload_id) == now


@given(now=TIMES, chance=HEX, place=st.integers(0, 31), other=st.sampled_from("0123456789abcdefgé"))
def test_an_id_that_was_changed_is_none(now: int, chance: str, place: int, other: str) -> None:
    upload_id = TICKETS.issue(APP, now, chance)
    changed = upload_id[:place] + other + upload_id[place + 1 :]
    if changed != upload_id:
        assert TICKETS.issued_at(APP, changed) is None


@given(text=st.text(max_size=40))
def test_any_text_can_be_read(text: str) -> None:
    assert TICKETS.issued_at(APP, text) is None


def test_an_id_holds_for_one_repository_and_one_key() -> None:
    upload_id = TICKETS.issue(APP, 1.0, "0" * 32)
    assert TICKETS.issued_at(RepositoryName("acme/other"), upload_id) is None
    assert Tickets(b"k" * KEY_BYTES).issued_at(APP, upload_id) is None
