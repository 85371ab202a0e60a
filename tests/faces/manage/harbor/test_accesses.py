"""Harbor's words for what robots may, and ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.faces.manage.harbor.accesses import PROJECT, SYSTEM, TABLES, needed, told
from entrepot.rules.permissions import Level, Permission

READS = {"read", "list", "pull"}
WRITES = frozenset(
    one for one in Permission if one.value.endswith((".manage", ".update", ".delete"))
) | {Permission.PUSH}
NOT_TOLD = {
    Permission.EXPLAIN,
    Permission.HISTORY_READ,
    Permission.KEY_MANAGE,
    Permission.ROLE_MANAGE,
    Permission.ROLLBACK,
    Permission.SITE_MANAGE,
    Permission.TRASH_PURGE,
    Permission.TRASH_READ,
    Permission.TRASH_RESTORE,
    Permission.WORKLOAD_MANAGE,
}
"""What Harbor has no word for."""


def test_there_are_as_many_as_harbor_has() -> None:
    assert {kind: len(table) for kind, table in TABLES.items()} == {PROJECT: 70, SYSTEM: 70}


@pytest.mark.parametrize("kind", [PROJECT, SYSTEM])
def test_what_reads_gives_nothing_that_writes(kind: str) -> None:
    for (resource, action), permission in TABLES[kind].items():
        if action in READS:
            assert permission not in WRITES, (resource, action)


def test_what_is_told_is_what_was_given() -> None:
    for one in set(Permission) - NOT_TOLD:
        kind = SYSTEM if one.level is Level.REGISTRY else PROJECT
        words = told([one])
        assert words[kind], one
        assert needed(kind, words[kind]) == {one}
    assert told(NOT_TOLD) == {PROJECT: [], SYSTEM: []}


def test_accesses_to_projects_give_nothing_on_the_registry() -> None:
    for permission in TABLES[PROJECT].values():
        assert permission is None or permission.level is not Level.REGISTRY


def test_what_there_is_not() -> None:
    with pytest.raises(KeyError):
        needed(PROJECT, [("helm-chart", "read")])
    assert needed(PROJECT, [("scan", "create")]) == frozenset()


@given(st.sampled_from([PROJECT, SYSTEM]), st.data())
def test_what_is_shown_of_robots_of_our_own_means_the_same(kind: str, data: st.DataObject) -> None:
    accesses = data.draw(st.sets(st.sampled_from(sorted(TABLES[kind]))))
    permissions = needed(kind, accesses)
    words = told(permissions)
    again = {one for each in words for one in needed(each, words[each])}
    assert again == permissions
