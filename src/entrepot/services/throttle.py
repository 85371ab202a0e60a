"""Wrong passwords: counted by name and place, and slowed down."""

from collections import OrderedDict
from dataclasses import dataclass

from entrepot.oci.errors import Code, Fault
from entrepot.ports.clock import Clock
from entrepot.rules.passwords import (
    FORGET_SECONDS,
    PACE_FREE_FAILURES,
    PACE_MAX_SECONDS,
    PACE_SECONDS,
    PAUSE_MAX_SECONDS,
    throttle_seconds,
)

from .recently import remember

NAMES_MAX = 4096
"""Names, and names at a place, whose wrong passwords are counted; the oldest is forgotten."""
PLACES_MAX = 16384
"""Names at a place that were right lately."""


@dataclass(frozen=True, slots=True)
class _Failures:
    """Wrong passwords in a row, the last of them, and until when no other is looked at."""

    count: int
    guess: bytes
    at: float
    until: float


@dataclass(frozen=True, slots=True)
class _Pace:
    """Wrong passwords for a name from everywhere, and when the next login's turn is."""

    count: int
    at: float
    turn: float


class Throttle:
    """Makes guessing slow for one name at a time. A guess is bytes that stand for a password.

    A place is a class of addresses, as `rules.passwords.address_class` has them. Guesses from one
    place make their name pause for that place alone; guesses from many make everybody wait who was
    never right there, and refuse nobody. So nobody is locked out by guesses at their name.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: OrderedDict[tuple[str, str], _Failures] = OrderedDict()
        self._paces: OrderedDict[str, _Pace] = OrderedDict()
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    def check(self, name: str, place: str = "") -> None:
        """Raise `Fault(TOOMANYREQUESTS)` while no password of this name is looked at here."""
        failures = self._failures.get((name, place))
        wait = failures.until - self._clock.now() if failures else 0.0
        # A longer pause than there is means that the clock was set back.
        if 0 < wait <= PAUSE_MAX_SECONDS:
            raise Fault(
                Code.TOOMANYREQUESTS,
                f"too many wrong passwords for this user: try again in {wait:.0f} seconds",
                {"seconds": round(wait, 1)},
            )

    def pace_seconds(self, name: str, place: str = "") -> float:
        """Return how long a login must wait now, and take its turn; 0 where nobody guesses much.

        Never more than `PACE_MAX_SECONDS`, and nothing where this name was right before.
        """
        pace = self._paces.get(name)
        now = self._clock.now()
        if pace is None or (name, place) in self._known or self._is_old(pace.at):
            return 0.0
        if pace.count < PACE_FREE_FAILURES:
            return 0.0
        wait = min(max(pace.turn - now, 0.0), PACE_MAX_SECONDS)
        self._paces[name] = _Pace(pace.count, pace.at, now + wait + PACE_SECONDS)
        return wait

    def is_repeated(self, name: str, guess: bytes, place: str = "") -> bool:
        """Whether this was the name's last wrong guess: no new one, and wrong without a look.

        containerd sends the same password by POST and then by GET, and robots with an old password
        try forever; neither is guessing.
        """
        failures = self._failures.get((name, place))
        return failures is not None and failures.guess == guess

    def failed(self, name: str, guess: bytes, place: str = "") -> None:
        """Count a wrong guess."""
        now = self._clock.now()
        before = self._failures.get((name, place))
        count = 1 if before is None or self._is_old(before.at) else before.count + 1
        failures = _Failures(count, guess, now, now + throttle_seconds(count))
        remember(self._failures, (name, place), failures, NAMES_MAX)
        pace = self._paces.get(name)
        if pace is None or self._is_old(pace.at):
            pace = _Pace(0, now, now)
        remember(self._paces, name, _Pace(pace.count + 1, now, pace.turn), NAMES_MAX)

    def passed(self, name: str, place: str = "") -> None:
        """Forget the name's wrong guesses from here, and that others must wait for their turn."""
        self._failures.pop((name, place), None)
        remember(self._known, (name, place), None, PLACES_MAX)

    def _is_old(self, at: float) -> bool:
        return not 0 <= self._clock.now() - at <= FORGET_SECONDS
