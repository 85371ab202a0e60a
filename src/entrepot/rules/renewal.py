"""When a certificate is renewed, and when a try that failed is made again.

`chance` is a number from 0 to 1, so that many servers do not come at once.
"""

LIFETIME_PART = 2 / 3
EARLY_PART = 1 / 20
"""Of its lifetime: how much sooner it may be renewed, by chance."""
SETTLED_PART = 1 / 10
"""Of its lifetime: a new certificate is not replaced before, whatever the authority suggests."""
SPENT_PART = 1 / 2
"""Of what is left of it: how long a new certificate is used at least."""
RETRY_FIRST_SECONDS = 60.0
RETRY_FACTOR = 4.0
"""Let's Encrypt allows five failures of a name in an hour: this makes four tries in the first."""
RETRY_MAX_SECONDS = 4 * 3600.0
_FAILURES_MAX = 10


def renew_at(
    starts: float, ends: float, *, chance: float, window: tuple[float, float] | None = None
) -> float:
    """Return when to renew, in seconds since the epoch.

    At two thirds of the lifetime or a little sooner; somewhere in the window that the authority
    suggests (RFC 9773 section 4.2) where it does, yet never later than the certificate's end.
    """
    lifetime = max(ends - starts, 0.0)
    if window is not None:
        first, last = window
        wanted = min(first + (last - first) * chance, ends)
        return max(wanted, starts + lifetime * SETTLED_PART)
    return starts + lifetime * (LIFETIME_PART - EARLY_PART * chance)


def rest_seconds(ends: float, now: float, most_seconds: float) -> float:
    """Return how long to leave a certificate alone that came just now.

    One that is near its end when it comes, as its start lies far back, is not ordered on and on.
    """
    return min(max(ends - now, 0.0) * SPENT_PART, most_seconds)


def retry_seconds(failures: int, *, chance: float, asked_seconds: float = 0.0) -> float:
    """Return how long to wait after so many failures in a row.

    Never less than the authority asked for (Retry-After).
    """
    steps = min(max(failures - 1, 0), _FAILURES_MAX)
    wait = min(RETRY_FIRST_SECONDS * RETRY_FACTOR**steps, RETRY_MAX_SECONDS)
    return max(wait, asked_seconds) * (1 + chance / 4)
