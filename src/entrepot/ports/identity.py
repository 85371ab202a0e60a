"""Identity sources: who proved to be whom, and where."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Source(StrEnum):
    """Where somebody is known."""

    LOCAL = "local"
    HTPASSWD = "htpasswd"
    LDAP = "ldap"
    OIDC = "oidc"


class SourceFailed(Exception):
    """An identity source cannot be asked now; the message says which, why, and what to do.

    Never to be taken for a wrong password.
    """


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who proved to an identity source who they are."""

    name: str
    """The name they use here, which `rules.passwords.check_name` takes."""
    source: Source
    subject: str
    """What never changes of them in that source: `issuer subject` of OIDC, a DN or entryUUID."""
    email: str = ""
    display_name: str = ""
    groups: tuple[str, ...] = ()
    is_admin: bool = False
    """Whether the source makes them administrators of the registry."""


class Directory(Protocol):
    """A directory of people that checks passwords itself: LDAP."""

    async def authenticate(self, name: str, password: str) -> Person | None:
        """Return the person whose password this is; None for a wrong one, or nobody.

        Raises `SourceFailed`.
        """
        ...

    async def look_up(self, name: str) -> Person | None:
        """Return a person as the directory has them now, without a password."""
        ...

    async def check(self) -> None:
        """Raise `SourceFailed` unless the directory answers."""
        ...

    async def close(self) -> None: ...
