"""Coroutines that need not wait, run to their end at once."""

from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class WouldWait(Exception):
    """The coroutine has to wait for something; it was closed, and must be run anew as a task."""


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
