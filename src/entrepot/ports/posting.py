"""Requests to addresses that others have named: sent once, and bounded."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


class PostFailed(Exception):
    """No answer came; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A POST."""

    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    verify_tls: bool = True
    trusted: bool = False
    """Whether the operator named the address: then it may be any."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """An answer, whatever its status."""

    status: int
    answer: bytes
    """The start of its body, a few KiB."""
    retry_after: str = ""
    """What the header of that name says."""


class Poster(Protocol):
    """Sends parcels, to public addresses and those that the operator allows alone.

    A redirect is an answer like any other: it is not followed.
    """

    async def post(self, parcel: Parcel) -> Receipt:
        """Send a parcel. Raises `PostFailed`."""
        ...

    async def close(self) -> None:
        """Let go of what is open."""
        ...
