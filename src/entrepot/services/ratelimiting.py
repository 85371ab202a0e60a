"""Rate limits: who asked how often, counted in memory, in each process for itself.

What is counted is gone with the process; nothing is written on the way of a pull.
"""

from dataclasses import dataclass

from entrepot.oci.errors import Code, Fault
from entrepot.ports.clock import Clock
from entrepot.rules.ratelimits import (
    Rate,
    Standing,
    Window,
    counted_address,
    counted_name,
    is_over,
    look,
    span_text,
    take,
)

CALLERS_MAX = 65536
"""Callers that are counted; of more, those whose windows began first are forgotten."""
KEY_MAX = 256
"""Characters by which callers differ."""
FORGET_PER_REQUEST = 4
"""Windows that are over and let go with a request, so that none waits for all of them."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a caller may pull; `source` is their address or network, or their name."""

    rate: Rate
    standing: Standing
    source: str
    is_anonymous: bool


class Counter:
    """A rate and the windows of its callers, the oldest first."""

    def __init__(self, clock: Clock, rate: Rate, *, callers_max: int = CALLERS_MAX) -> None:
        self.rate = rate
        self._clock = clock
        self._callers_max = callers_max
        self._windows: dict[str, Window] = {}

    def __len__(self) -> int:
        return len(self._windows)

    def take(self, caller: str) -> Standing:
        """Count a request, unless it must not pass."""
        now, key = self._clock.now(), caller[:KEY_MAX]
        self._forget(now)
        before = self._windows.get(key)
        after, standing = take(self.rate, before, now)
        if before is None or before.started != after.started:
            self._windows.pop(key, None)  # to stand last
        self._windows[key] = after
        if len(self._windows) > self._callers_max:
            del self._windows[next(iter(self._windows))]
        return standing

    def look(self, caller: str) -> Standing:
        """Return where a caller stands."""
        return look(self.rate, self._windows.get(caller[:KEY_MAX]), self._clock.now())

    def _forget(self, now: float) -> None:
        for _ in range(FORGET_PER_REQUEST):
            oldest = next(iter(self._windows.items()), None)
            if oldest is None or not is_over(self.rate, oldest[1], now):
                return
            del self._windows[oldest[0]]


class RateService:
    """Limits of pulls, by user or by address, and of requests by address; None is no limit.

    Of `parts` processes that serve together each lets its share through.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        anonymous_pulls: Rate | None = None,
        user_pulls: Rate | None = None,
        requests_per_second: int = 0,
        parts: int = 1,
    ) -> None:
        def counter(rate: Rate | None) -> Counter | None:
            return Counter(clock, rate.shared(parts)) if rate is not None else None

        self._anonymous = counter(anonymous_pulls)
        self._users = counter(user_pulls)
        self._requests = counter(Rate(requests_per_second, 1) if requests_per_second else None)

    @property
    def limits_pulls(self) -> bool:
        return self._anonymous is not None or self._users is not None

    @property
    def limits_requests(self) -> bool:
        return self._requests is not None

    def pull(self, name: str, address: str, *, counts: bool) -> Allowance | None:
        """Count a pull of a manifest if it `counts`, and return what is allowed; None: anything.

        `name` is empty for an anonymous caller. `address` is as `rules.networks` writes it.
        """
        counter = self._users if name else self._anonymous
        if counter is None:
            return None
        caller = counted_name(name) if name else counted_address(address)
        standing = counter.take(caller) if counts else counter.look(caller)
        return Allowance(counter.rate, standing, name or caller, is_anonymous=not name)

    def refusal(self, allowance: Allowance) -> Fault:
        """Return the fault for a pull that is not allowed; `detail` has the seconds to wait."""
        rate, seconds = allowance.rate, allowance.standing.reset_seconds
        what = f"{rate.count} pull{'s' if rate.count > 1 else ''} in "
        what += span_text(rate.window_seconds)
        wait = f"wait {span_text(seconds)}"
        if not allowance.is_anonymous:
            cure = f"{wait}, or ask an administrator for a higher rates.user_pulls"
        elif self._logging_in_helps(rate):
            cure = f"log in, as users may pull more (docker login), or {wait}"
        else:
            cure = wait
        return Fault(
            Code.TOOMANYREQUESTS,
            f"the pull rate limit is reached ({what}, of {allowance.source}): {cure}",
            {"limit": rate.count, "window_seconds": rate.window_seconds, "seconds": seconds},
        )

    def admit(self, address: str) -> None:
        """Count a request of an address; `Fault(TOOMANYREQUESTS)` for too many in a second.

        Loopback and Unix sockets are not counted: all clients of a proxy there would be one.
        """
        if self._requests is None or _is_of_this_machine(address):
            return
        standing = self._requests.take(counted_address(address))
        if not standing.allowed:
            raise Fault(
                Code.TOOMANYREQUESTS,
                f"{self._requests.rate.count} requests in a second are allowed from one address: "
                "ask less often, or an administrator for a higher rates.requests_per_second",
                {"limit": self._requests.rate.count, "seconds": standing.reset_seconds},
            )

    def _logging_in_helps(self, rate: Rate) -> bool:
        if self._users is None:
            return True
        other = self._users.rate
        return other.count * rate.window_seconds > rate.count * other.window_seconds


def _is_of_this_machine(address: str) -> bool:
    return address in ("", "::1") or address.startswith("127.")
