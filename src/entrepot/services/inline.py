"""Coroutines that need not wait, run to their end at once."""

import types
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

Result = TypeVar("Result")


class WouldWait(Exception):
    """The coroutine has to wait for something; it was closed, and must be run anew as a task."""


@types.coroutine
def may_wait() -> Generator[None, None, None]:
    """Let the loop turn once: who must not wait turns back here, before anything is open."""
    yield


def at_once(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Return what a coroutine returns, if it gets there without waiting; else raise `WouldWait`.

    Only for one that changes nothing before it waits. What it raises passes through.
    """
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: Result = done.value
        return result
    coroutine.close()
    raise WouldWait
