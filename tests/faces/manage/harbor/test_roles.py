"""Harbor's roles, and ours as the nearest of them."""

import pytest

from entrepot.faces.manage.harbor.roles import ROLES, nearest, role_name, role_of, widest
from entrepot.oci.errors import Fault
from entrepot.rules.permissions import Permission
from entrepot.rules.roles import BUILT_IN


def test_each_role_has_its_number_both_ways() -> None:
    assert set(ROLES.values()) == set(BUILT_IN)
    for number, name in ROLES.items():
        assert role_name(number) == name
        assert nearest(BUILT_IN[name]) == number
        assert role_of(name, (), {}) == (number, name)
    with pytest.raises(Fault):
        role_name(0)


def test_nothing_shows_as_more_than_it_is() -> None:
    for names in ([Permission.PULL], [*BUILT_IN["developer"], Permission.DELETE], []):
        number = nearest(frozenset(names))
        assert number == 0 or BUILT_IN[ROLES[number]] <= frozenset(names)
    assert nearest(BUILT_IN["developer"] | {Permission.DELETE}) == 2


def test_grants_of_ours() -> None:
    pull = (Permission.PULL.value, Permission.PROJECT_READ.value)
    assert role_of("", pull, {}) == (5, "custom")
    assert role_of("mine", (), {"mine": pull}) == (5, "mine")
    assert role_of("gone", (), {}) == (0, "gone")


def test_the_widest_of_several() -> None:
    assert widest([3, 2, 4]) == 4
    assert widest([]) == 0
