"""What a copy of a catalog may lack, and what not."""

import pytest

from entrepot.adapters.catalog.transfer import tables
from entrepot.rules.transfers import PASSING, Transferred


@pytest.mark.parametrize(
    "behind, is_settled",
    [((), True), (("pulls", "audit"), True), (("pulls", "tags"), False), (("grants",), False)],
)
def test_what_a_copy_may_lack(behind: tuple[str, ...], is_settled: bool) -> None:
    done = Transferred("x", {}, "", is_running=True, behind=behind)
    assert done.is_settled is is_settled


def test_tables_are_named_as_in_the_schema() -> None:
    assert {table.name for table in tables()} > PASSING
