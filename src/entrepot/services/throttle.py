"""Wrong passwords: counted by name, and slowed down."""

from collections import OrderedDict
from dataclasses import dataclass

from entrepot.oci.errors import Code, Fault
from entrepot.ports.clock import Clock
from entrepot.rules.passwords import FORGET_SECONDS, PAUSE_MAX_SECONDS, throttle_seconds

NAMES_MAX = 4096
"""Names whose wrong passwords are counted; the oldest is forgotten for a new one."""


@dataclass(frozen=True, slots=True)
class _Failures:
    """Wrong passwords in a row, the last of them, and until when no other is looked at."""

    count: int
    guess: bytes
    at: float
    until: float


class Throttle:
    """Makes guessing slow for one name at a time. A guess is bytes that stand for a password."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, _Failures] = OrderedDict()

    def check(self, name: str) -> None:
        """Raise `Fault(TOOMANYREQUESTS)` while no password of this name is looked at."""
        failures = self._failures.get(name)
        wait = failures.until - self._clock.now() if failures else 0.0
        # A longer pause than there is means that the clock was set back.
        if 0 < wait <= PAUSE_MAX_SECONDS:
            raise Fault(
                Code.TOOMANYREQUESTS,
                f"too many wrong passwords for this user: try again in {wait:.0f} seconds",
                {"seconds": round(wait, 1)},
            )

    def is_repeated(self, name: str, guess: bytes) -> bool:
        """Whether this was the name's last wrong guess: no new one, and wrong without a look.

        containerd sends the same password by POST and then by GET, and robots with an old password
        try forever; neither is guessing.
        """
        failures = self._failures.get(name)
        return failures is not None and failures.guess == guess

    def failed(self, name: str, guess: bytes) -> None:
        """Count a wrong guess."""
        now = self._clock.now()
        before = self._failures.pop(name, None)
        fresh = before is None or not 0 <= now - before.at <= FORGET_SECONDS
        count = 1 if before is None or fresh else before.count + 1
        self._failures[name] = _Failures(count, guess, now, now + throttle_seconds(count))
        while len(self._failures) > NAMES_MAX:
            self._failures.popitem(last=False)

    def passed(self, name: str) -> None:
        """Forget the name's wrong guesses."""
        self._failures.pop(name, None)
