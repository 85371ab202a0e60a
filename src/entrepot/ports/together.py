"""Reads of one transaction that do not wait for one another."""

from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar, overload

One = TypeVar("One")
Two = TypeVar("Two")
Three = TypeVar("Three")
Four = TypeVar("Four")
Five = TypeVar("Five")
Read = Coroutine[Any, Any, One]


class Together(Protocol):
    """Sends to a database that is far what would take a round trip each."""

    @overload
    async def together(self, one: Read[One], two: Read[Two], /) -> tuple[One, Two]: ...
    @overload
    async def together(
        self, one: Read[One], two: Read[Two], three: Read[Three], /
    ) -> tuple[One, Two, Three]: ...
    @overload
    async def together(
        self, one: Read[One], two: Read[Two], three: Read[Three], four: Read[Four], /
    ) -> tuple[One, Two, Three, Four]: ...
    @overload
    async def together(
        self,
        one: Read[One],
        two: Read[Two],
        three: Read[Three],
        four: Read[Four],
        five: Read[Five],
        /,
    ) -> tuple[One, Two, Three, Four, Five]: ...
    @overload
    async def together(self, *work: Read[One]) -> tuple[One, ...]: ...
    async def together(self, *work: Read[Any]) -> Any:
        """Return what each of `work` returns, in order; raise what one of them raises.

        They await nothing but verbs of this transaction that read, and further `together`s. Those
        of each step go in one message, where that saves any.
        """
        ...
