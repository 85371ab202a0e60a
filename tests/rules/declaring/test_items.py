"""A document as items."""

from typing import Any

import pytest

from entrepot.oci.errors import Fault
from entrepot.rules.declaring.document import read_document
from entrepot.rules.declaring.items import Item, Kind, Member, Wanted, member_of, wanted_of
from entrepot.rules.subjects import SubjectKind


def wanted(**keys: Any) -> Wanted:
    return wanted_of(read_document({"projects": [{"name": "shop", **keys}]}))


def test_only_what_is_said_is_a_field() -> None:
    assert wanted().items == {Item(Kind.PROJECT, "", "shop"): {}}
    assert wanted(public=True).items[Item(Kind.PROJECT, "", "shop")] == {"public": True}


@pytest.mark.parametrize(
    "given, meant", [("100GB", 10**11), (5, 5), ("unlimited", None), (-1, None), (None, None)]
)
def test_sizes_are_bytes(given: object, meant: int | None) -> None:
    assert wanted(storage_limit=given).items[Item(Kind.PROJECT, "", "shop")] == {
        "storage_limit": meant
    }


def test_retention_is_lines_or_more() -> None:
    at = Item(Kind.POLICY, "shop", "retention")
    lines = ["keep n: 5", "keep 30d"]
    assert wanted(retention=lines).items[at] == {"document": {"text": "keep n: 5\nkeep 30d"}}
    scheduled = {"lines": lines, "schedule": "0 0 * * *"}
    assert wanted(retention=scheduled).items[at] == {
        "document": {"text": "keep n: 5\nkeep 30d", "schedule": "0 0 * * *"}
    }
    whole = {"rules": [], "algorithm": "or"}
    assert wanted(retention=whole).items[at] == {"document": whole}


@pytest.mark.parametrize(
    "entry",
    [
        {"user": "alice", "role": "developer"},
        {"group": "a b on c", "role": "guest", "on": "shop/web/**"},
        {"everyone": True, "permissions": ["repository.pull"]},
    ],
)
def test_members_are_told_by_their_names(entry: dict[str, Any]) -> None:
    found = wanted(members=[entry])
    (item,) = (one for one in found.items if one.kind is Kind.MEMBER)
    member = member_of(item)
    assert item.project == "shop"
    assert found.places[item] == "$.projects[0].members[0]"
    assert (Kind.MEMBER, "shop") in found.whole
    assert member.role == entry.get("role", "")
    assert member.scope == entry.get("on", "shop")


def test_a_member_comes_back_as_it_was() -> None:
    (item,) = (
        one
        for one in wanted(members=[{"user": "alice", "role": "x"}]).items
        if one.kind is Kind.MEMBER
    )
    assert member_of(item) == Member(SubjectKind.USER, "alice", "x", "shop")


@pytest.mark.parametrize(
    "keys, said",
    [
        ({"members": [{"role": "guest"}]}, "members[0]: name one of user"),
        ({"members": [{"user": "a", "group": "b", "role": "c"}]}, "members[0]: name one"),
        ({"members": [{"user": "a"}]}, "give a role, or permissions"),
        ({"members": [{"user": "a", "role": "r", "permissions": ["p"]}]}, "give a role"),
        ({"members": [{"user": "a", "role": "r", "on": "other/x"}]}, "members[0].on: other/x"),
        ({"members": [{"user": "a", "role": "r"}] * 2}, "is there already, at projects[0]"),
        ({"storage_limit": "much"}, "projects[0].storage_limit: "),
        ({"replication": [{"name": "r"}]}, "name the registry"),
    ],
)
def test_what_cannot_be_is_told_with_its_place(keys: dict[str, Any], said: str) -> None:
    with pytest.raises(Fault) as caught:
        wanted(**keys)
    assert said in caught.value.message


def test_the_first_part_of_a_destination_names_the_registry() -> None:
    found = wanted(replication=[{"name": "sync", "dest_namespace": "cloud/shop/x"}])
    fields = found.items[Item(Kind.REPLICATION, "shop", "sync")]
    assert fields == {"registry": "cloud", "dest_namespace": "shop/x"}
