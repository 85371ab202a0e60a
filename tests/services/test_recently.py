"""A bounded memory: the newest stay."""

from collections import OrderedDict

from hypothesis import given
from hypothesis import strategies as st

from entrepot.services.recently import remember


@given(st.lists(st.integers(0, 9)), st.integers(1, 5))
def test_the_newest_stay_each_once(keys: list[int], limit: int) -> None:
    cache: OrderedDict[int, int] = OrderedDict()
    for at, key in enumerate(keys):
        remember(cache, key, at, limit)
    newest = list(dict.fromkeys(reversed(keys)))[:limit]
    assert [*cache] == newest[::-1]
    assert all(keys[at] == key for key, at in cache.items())
