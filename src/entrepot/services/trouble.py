"""What fails again and again is told when it begins, and when it is over."""

from typing import Any, Protocol


class Log(Protocol):
    """A structured logger, as far as it is needed here."""

    def info(self, event: str, **facts: Any) -> Any: ...
    def warning(self, event: str, **facts: Any) -> Any: ...


class Trouble:
    """One line when something begins to fail, one when it is done again; none between them.

    For what is tried every few moments while catalog or store are away.
    """

    def __init__(self, log: Log, begins: str, ends: str, **facts: Any) -> None:
        """`begins` and `ends` are the two events, both with these `facts`."""
        self._log = log
        self._begins = begins
        self._ends = ends
        self._facts = facts
        self._failures = 0

    def met(self, error: BaseException) -> None:
        """It has failed, once more or for the first time."""
        if not self._failures:
            cause = str(error) or type(error).__name__
            self._log.warning(self._begins, cause=cause, **self._facts)
        self._failures += 1

    def over(self) -> None:
        """It has not failed."""
        if self._failures:
            self._log.info(self._ends, failures=self._failures, **self._facts)
            self._failures = 0
