"""Sums are whole numbers, wherever they stand in a row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.adapters.catalog.postgres.connecting import READING, connect
from entrepot.adapters.catalog.postgres.wholes import decoded, encoded
from entrepot.oci.json import encode


@given(st.integers(-(10**40), 10**40))
def test_each_number_comes_back(number: int) -> None:
    assert decoded(encoded(number)) == number


@pytest.mark.parametrize("raw", ["0001ffff00000001" + "1388", "00000000c0000000"])
def test_others_are_refused(raw: str) -> None:
    with pytest.raises(ValueError, match="whole"):
        decoded(bytes.fromhex(raw))


async def test_what_the_server_sums_is_a_number_for_json(postgres_url: str) -> None:
    raw = await connect(postgres_url, READING)
    numbers = [0, 1, -1, 9_999, 10_000, 10_001, 1 << 40, -(1 << 62), 10**8]
    for number in numbers:
        found = await raw.fetchrow(
            "SELECT sum(x)::numeric, coalesce(sum(x), 0), $2::numeric, ARRAY(SELECT ROW(sum(x)))"
            " FROM (SELECT $1::bigint AS x) AS one",
            number,
            number,
        )
        assert encode([found[0], found[1], found[2], found[3][0][0]]) == encode([number] * 4)
    await raw.close(timeout=5)
