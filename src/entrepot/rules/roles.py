"""Roles: named sets of permissions, in Harbor's words."""

import re
from enum import StrEnum

from entrepot.oci.errors import Code, Fault

from .permissions import Level, Permission

PERMISSIONS_MAX = 64
"""Most permissions that a custom role, a robot or a token names."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


class Role(StrEnum):
    """What a user may do by their account alone, everywhere.

    `user` may make projects and is else given what they need; the others can each do all that the
    next one can.
    """

    ADMIN = "admin"
    MAINTAINER = "maintainer"
    DEVELOPER = "developer"
    GUEST = "guest"
    USER = "user"


PROJECT_ADMIN = "projectAdmin"
MAINTAINER = "maintainer"
DEVELOPER = "developer"
GUEST = "guest"
LIMITED_GUEST = "limitedGuest"

_LIMITED_GUEST = frozenset({Permission.PULL, Permission.PROJECT_READ})
_GUEST = _LIMITED_GUEST | {
    Permission.REPOSITORY_LIST,
    Permission.HISTORY_READ,
    Permission.GRANT_READ,
    Permission.POLICY_READ,
    Permission.QUOTA_READ,
}
_DEVELOPER = _GUEST | {Permission.PUSH, Permission.TRASH_READ, Permission.LABEL_MARK}
_MAINTAINER = _DEVELOPER | {
    Permission.DELETE,
    Permission.ROLLBACK,
    Permission.TRASH_RESTORE,
    Permission.POLICY_MANAGE,
    Permission.DESCRIBE,
    Permission.LABEL_MANAGE,
    Permission.ROBOT_READ,
    Permission.WEBHOOK_READ,
}
_PROJECT_ADMIN = frozenset(one for one in Permission if one.level is not Level.REGISTRY)

BUILT_IN: dict[str, frozenset[Permission]] = {
    PROJECT_ADMIN: _PROJECT_ADMIN,
    MAINTAINER: _MAINTAINER,
    DEVELOPER: _DEVELOPER,
    GUEST: _GUEST,
    LIMITED_GUEST: _LIMITED_GUEST,
}
"""Roles that can be granted, from the widest to the narrowest; no custom role has their names."""

OF_ACCOUNT: dict[Role, frozenset[Permission]] = {
    Role.ADMIN: frozenset(Permission),
    Role.MAINTAINER: _MAINTAINER | {Permission.CATALOG, Permission.PROJECT_CREATE},
    Role.DEVELOPER: _DEVELOPER | {Permission.CATALOG, Permission.PROJECT_CREATE},
    Role.GUEST: _GUEST | {Permission.CATALOG},
    Role.USER: frozenset({Permission.PROJECT_CREATE}),
}
"""What the role of an account allows in the whole registry."""


def roles_with(permission: Permission) -> tuple[str, ...]:
    """Return the built-in roles that have a permission, the narrowest first."""
    return tuple(name for name in reversed(BUILT_IN) if permission in BUILT_IN[name])


def check_role_name(name: str) -> Fault | None:
    """Return why a custom role cannot have that name, or None."""
    if name in BUILT_IN or name in {role.value for role in Role}:
        return Fault(
            Code.REQUEST_INVALID, f"{name} is a role that is built in: choose another name"
        )
    if _NAME.fullmatch(name):
        return None
    return Fault(
        Code.REQUEST_INVALID,
        "this cannot be a role's name: use up to 64 letters, digits, _ or -, and start with a "
        "letter",
    )
