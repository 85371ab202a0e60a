"""When a delivery is tried again, and when it is given up."""

from dataclasses import dataclass

DAY_SECONDS = 86400.0
GONE = 410
_LATER = frozenset({408, 425, 429})
"""Of the answers that blame the sender, those that a later attempt may mend."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a receiver is waited for."""

    first_seconds: float = 1.0
    """Longest wait after the first failure; each next one is twice as long at most."""
    most_seconds: float = 3600.0
    """Longest wait at all, also where the receiver asks for a longer one."""
    attempts_max: int = 100
    refused_max: int = 6
    """Attempts where the receiver says that the request itself is wrong."""
    age_max_seconds: float = 3 * DAY_SECONDS


def wait_seconds(patience: Patience, failures: int, chance: float) -> float:
    """Return how long to wait after so many failures: exponential, with full jitter.

    `chance` is of [0, 1). https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    longest = patience.first_seconds * 2.0 ** min(max(failures - 1, 0), 60)
    return min(longest, patience.most_seconds) * chance


def is_over(patience: Patience, *, attempts: int, age_seconds: float, status: int | None) -> bool:
    """Whether a delivery that has failed is given up."""
    if status == GONE or attempts >= patience.attempts_max:
        return True
    if is_refusal(status) and attempts >= patience.refused_max:
        return True
    return age_seconds >= patience.age_max_seconds


def is_refusal(status: int | None) -> bool:
    """Whether an answer says that the request itself is wrong."""
    return status is not None and 400 <= status < 500 and status not in _LATER


def retry_after(text: str, patience: Patience) -> float | None:
    """Return the seconds that a Retry-After header in seconds asks for, bounded; None for none.

    A date (RFC 9110 section 10.2.3) is not looked at: its clock may be any.
    """
    stripped = text.strip()
    if not (stripped.isascii() and stripped.isdecimal() and len(stripped) <= 9):
        return None
    return min(float(int(stripped)), patience.most_seconds)
