"""Harbor's roles by number, and ours as the nearest of them."""

from entrepot.oci.errors import Code, Fault
from entrepot.rules.permissions import Permission, known
from entrepot.rules.roles import (
    BUILT_IN,
    DEVELOPER,
    GUEST,
    LIMITED_GUEST,
    MAINTAINER,
    PROJECT_ADMIN,
)

ROLES = {1: PROJECT_ADMIN, 2: DEVELOPER, 3: GUEST, 4: MAINTAINER, 5: LIMITED_GUEST}
_NUMBERS = {name: number for number, name in ROLES.items()}
NO_ROLE = 0
"""The number of what is less than any of Harbor's roles."""
_WIDEST_FIRST = (1, 4, 2, 3, 5)


def role_name(number: int) -> str:
    """Return the name of a role; `Fault(REQUEST_INVALID)` for a number that none has."""
    if number not in ROLES:
        named = ", ".join(f"{each} {name}" for each, name in ROLES.items())
        raise Fault(
            Code.REQUEST_INVALID, f"{number} is not the number of a role: use one of {named}"
        )
    return ROLES[number]


def nearest(permissions: frozenset[Permission]) -> int:
    """Return the widest of Harbor's roles that gives nothing beyond these."""
    numbers = (number for number in _WIDEST_FIRST if BUILT_IN[ROLES[number]] <= permissions)
    return next(numbers, NO_ROLE)


def role_of(
    role: str, permissions: tuple[str, ...], custom: dict[str, tuple[str, ...]]
) -> tuple[int, str]:
    """Return number and name of what was granted; `custom` holds permissions of our roles."""
    if role in _NUMBERS:
        return _NUMBERS[role], role
    names = custom.get(role, ()) if role else permissions
    return nearest(known(names)), role or "custom"


def widest(numbers: list[int]) -> int:
    """Return the one role of several that gives most; `NO_ROLE` for none."""
    return next((number for number in _WIDEST_FIRST if number in numbers), NO_ROLE)
