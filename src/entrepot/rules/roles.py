"""Roles of local users, in Harbor's words."""

from enum import StrEnum


class Role(StrEnum):
    """What a local user may do in every repository; each can do all that the next one can."""

    ADMIN = "admin"
    MAINTAINER = "maintainer"
    DEVELOPER = "developer"
    GUEST = "guest"
