"""Whom something can be given to."""

from enum import StrEnum


class SubjectKind(StrEnum):
    """A kind of receiver of grants."""

    USER = "user"
    GROUP = "group"
    ROBOT = "robot"
    EVERYONE = "everyone"
    """Whoever comes, without an account too."""
