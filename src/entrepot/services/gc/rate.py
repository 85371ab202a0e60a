"""How fast the collector deletes; its share of the time is `Run.pause`'s."""

from dataclasses import dataclass

from entrepot.ports.clock import Clock


@dataclass(frozen=True, slots=True)
class GcLimits:
    """What a pass may take, and how long what it did is written down."""

    deletes_per_second_max: float = 500.0
    kept_seconds: float = 90 * 86400.0


class DeleteRate:
    """Spreads deletes over time; whatever else takes time counts as well."""

    def __init__(self, clock: Clock, per_second_max: float) -> None:
        self._clock = clock
        self._per_second = per_second_max
        self._next_at = clock.now()

    def batch(self, most: int) -> int:
        """Return how many deletes may be asked for at once: those of a second, or `most`."""
        return max(1, min(most, int(self._per_second)))

    async def take(self, count: int) -> None:
        """Wait until so many deletes, a batch at most, may be asked for."""
        now = self._clock.now()
        seconds = count / self._per_second
        # A clock that was set back must not put the collector to sleep.
        wait = min(self._next_at - now, seconds)
        if wait > 0:
            await self._clock.sleep(wait)
        self._next_at = max(now, min(self._next_at, now + seconds)) + seconds
