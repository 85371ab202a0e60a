"""Lists in memory, filtered and sorted."""

from dataclasses import dataclass

import pytest

from entrepot.faces.manage.harbor.tables import STEP, Table, gathered
from entrepot.rules.queries import Order, parse_query


@dataclass(frozen=True)
class Thing:
    name: str
    size: int
    at: float
    public: bool
    note: str | None = None


TABLE: Table[Thing] = Table(
    {
        "at": lambda one: one.at,
        "name": lambda one: one.name,
        "note": lambda one: one.note,
        "public": lambda one: one.public,
        "size": lambda one: one.size,
    },
    (Order("name"),),
    frozenset({"at"}),
)
THINGS = [
    Thing("beta", 10, 1_800_000_000.0, True),
    Thing("alpha", 9, 1_700_000_000.0, False, "first"),
    Thing("gamma", 200, 1_750_000_000.0, True),
]


@pytest.mark.parametrize(
    "query, sort, names",
    [
        ("", "", "alpha beta gamma"),
        ("", "-name", "gamma beta alpha"),
        ("", "size", "alpha beta gamma"),
        ("", "-public,-size", "gamma beta alpha"),
        ("", "note,name", "beta gamma alpha"),
        ("", "nosuch", "alpha beta gamma"),
        ("name=beta", "", "beta"),
        ("name=~A", "", "alpha beta gamma"),
        ("name=~mm", "", "gamma"),
        ("name={alpha gamma}", "", "alpha gamma"),
        ("name=(alpha)", "", "alpha"),
        ("name=(alpha gamma)", "", ""),
        ("public=true", "", "beta gamma"),
        ("size=10", "", "beta"),
        ("size=[10~]", "", "beta gamma"),
        ("size=[~10]", "", "alpha beta"),
        ("name=[1~2]", "", ""),
        ("at=[2024-01-01~2026-01-01]", "", "gamma"),
        ("nosuch=1,size=9", "", "alpha"),
        ("note=first", "", "alpha"),
    ],
)
def test_rows_are_chosen_and_sorted(query: str, sort: str, names: str) -> None:
    found = TABLE.select(THINGS, parse_query(query), sort)
    assert " ".join(one.name for one in found) == names


async def test_all_pages_are_gathered() -> None:
    names = [f"{number:06d}" for number in range(STEP * 2 + 1)]

    async def page(after: str, limit: int) -> list[str]:
        return [name for name in names if name > after][:limit]

    assert await gathered(page, lambda name: name) == names
