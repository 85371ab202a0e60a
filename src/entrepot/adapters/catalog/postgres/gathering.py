"""Reads that go in one message: what several coroutines ask for, as one statement.

Each coroutine is run until it asks for rows. What all of them ask for is sent as one SELECT of
arrays, and each goes on with its own.
"""

from collections.abc import Coroutine, Generator, Sequence
from dataclasses import dataclass
from typing import Any

from entrepot.adapters.catalog.connection import Row, Statement, Values

READS_MAX = 16
"""Most reads that go in one message."""


@dataclass(frozen=True, slots=True)
class Read:
    """One statement to be sent."""

    statement: Statement
    values: Values


class Asked:
    """Yielded to whoever runs the coroutine; awaited, it gives the rows of each of its reads."""

    __slots__ = ("reads",)

    def __init__(self, reads: Sequence[Read]) -> None:
        self.reads = reads

    def __await__(self) -> Generator["Asked", list[list[Row]], list[list[Row]]]:
        return (yield self)


class Gathering:
    """What a connection needs for `together`; `_ask` sends."""

    __slots__ = ("_gathers",)

    def __init__(self) -> None:
        self._gathers = False
        """Whether a coroutine is just being run to find out what it asks for: it may not wait."""

    async def together(self, *work: Coroutine[Any, Any, Any]) -> tuple[Any, ...]:
        """Keep `ports.together.Together`."""
        results: list[Any] = [None] * len(work)
        answers: dict[int, list[list[Row]] | None] = dict.fromkeys(range(len(work)))
        try:
            while answers:
                asked: dict[int, Asked] = {}
                for number, answer in answers.items():
                    try:
                        asked[number] = self._advance(work[number], answer)
                    except StopIteration as over:
                        results[number] = over.value
                answers = await self._answered(asked)
        except BaseException:
            for each in work:
                each.close()
            raise
        return tuple(results)

    def _advance(self, work: Coroutine[Any, Any, Any], answer: list[list[Row]] | None) -> Asked:
        was, self._gathers = self._gathers, True
        try:
            asked = work.send(answer)
        finally:
            self._gathers = was
        if not isinstance(asked, Asked):
            raise TypeError("only reads of the transaction can be waited for together")
        return asked

    async def _answered(self, asked: dict[int, Asked]) -> dict[int, list[list[Row]] | None]:
        reads = [read for one in asked.values() for read in one.reads]
        rows: list[list[Row]] = []
        if reads and self._gathers:
            rows = await Asked(reads)  # within another: that one sends
        else:
            for start in range(0, len(reads), READS_MAX):
                rows += await self._ask(reads[start : start + READS_MAX])
        answers: dict[int, list[list[Row]] | None] = {}
        for number, one in asked.items():
            answers[number], rows = rows[: len(one.reads)], rows[len(one.reads) :]
        return answers

    async def _ask(self, reads: Sequence[Read]) -> list[list[Row]]:
        raise NotImplementedError
