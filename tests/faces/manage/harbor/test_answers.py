"""How times are written."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from entrepot.faces.manage.harbor.answers import EPOCH, moment


@given(st.floats(0, 250_000_000_000))
def test_a_moment_is_what_datetime_writes(seconds: float) -> None:
    written = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    assert moment(seconds) == written.replace("+00:00", "Z")


def test_moments_that_are_known() -> None:
    assert moment(None) == EPOCH
    assert moment(0) == "1970-01-01T00:00:00.000Z"
    assert moment(59.9999999) == "1970-01-01T00:01:00.000Z"
    assert moment(1_700_000_000.123) == "2023-11-14T22:13:20.123Z"
