"""Quotas: what may still be added, and the words for it, which are Harbor's (I7)."""

import re
from dataclasses import dataclass

from entrepot.oci.errors import Code, Fault

WARN_SHARE = 0.85
"""Share of a limit from which people are warned, as in Harbor."""
SIZE_MAX = 2**62
"""Largest limit in bytes: what the catalog's integers hold, with room to add."""

_SIZE = re.compile(r"([0-9]{1,19})(\.[0-9]{1,9})? ?([KMGTPE]?)(i?)B?", re.IGNORECASE)
_POWERS = {letter: power for power, letter in enumerate("KMGTPE", start=1)}


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that a project or user may hold; None is no limit."""

    max_bytes: int | None = None
    max_manifests: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What is held: bytes of distinct digests, and manifests."""

    used_bytes: int = 0
    manifests: int = 0


UNLIMITED = Limit()


def refusal(
    usage: Usage, limit: Limit, whose: str, *, added_bytes: int = 0, added_manifests: int = 0
) -> Fault | None:
    """Return why this much may not be added to `usage`, or None.

    `whose` is as in "project library". What adds nothing always passes, so that a limit set below
    what is held already stops nobody who only moves a tag.
    """
    over = limit.max_bytes
    if over is not None and added_bytes > 0 and usage.used_bytes + added_bytes > over:
        return _exceeded(whose, "storage", added_bytes, usage.used_bytes, over)
    over = limit.max_manifests
    if over is not None and added_manifests > 0 and usage.manifests + added_manifests > over:
        return _exceeded(whose, "count", added_manifests, usage.manifests, over)
    return None


def room_bytes(usage: Usage, limit: Limit) -> int | None:
    """Return how many bytes still fit, for checks while bytes stream in; None is any number."""
    if limit.max_bytes is None:
        return None
    return max(0, limit.max_bytes - usage.used_bytes)


def warning(usage: Usage, limit: Limit, whose: str, threshold: float = WARN_SHARE) -> str | None:
    """Return a sentence on the limits that `usage` has come near to, or None."""
    near = []
    if _is_near(usage.used_bytes, limit.max_bytes, threshold):
        near.append(f"{human(usage.used_bytes)} of {human(limit.max_bytes or 0)} of storage")
    if _is_near(usage.manifests, limit.max_manifests, threshold):
        near.append(f"{usage.manifests} of {limit.max_manifests} manifests")
    if not near:
        return None
    return f"{whose} uses {' and '.join(near)}: delete what is not needed before its quota is full"


def human(size_bytes: int) -> str:
    """Return a size as Harbor prints it: `330.1 MiB`, `512 B`."""
    if size_bytes < 1024:
        return f"{size_bytes} B"
    divisor, unit = 1024, 0
    while size_bytes // divisor >= 1024 and unit < 5:
        divisor, unit = divisor * 1024, unit + 1
    return f"{size_bytes / divisor:.1f} {'KMGTPE'[unit]}iB"


def parse_size(text: str) -> int | None:
    """Return the bytes that `100GB` (10⁹), `10GiB` (2³⁰), `1.5M` or `4096` say.

    None, which is no limit, for `-1` and `unlimited`; `Fault(REQUEST_INVALID)` for the rest.
    """
    stripped = text.strip()
    if stripped.lower() in ("-1", "unlimited"):
        return None
    found = _SIZE.fullmatch(stripped)
    if found is None or (found[4] and not found[3]) or (found[2] and not found[3]):
        raise _no_size(text, "write it as 100GB, 10GiB or a number of bytes, or -1 for no limit")
    factor = (1024 if found[4] else 1000) ** (_POWERS[found[3].upper()] if found[3] else 0)
    digits = (found[2] or ".")[1:]
    size: int = int(found[1] + digits) * factor // 10 ** len(digits)
    if size > SIZE_MAX:
        raise _no_size(text, "it is more than any disk has; -1 is no limit")
    return size


def _no_size(text: str, cure: str) -> Fault:
    return Fault(
        Code.REQUEST_INVALID, f"'{text[:40]}' cannot be a quota: {cure}", {"size": text[:40]}
    )


def _is_near(used: int, most: int | None, threshold: float) -> bool:
    return most is not None and used > 0 and used >= threshold * most


def _exceeded(whose: str, resource: str, added: int, used: int, most: int) -> Fault:
    shown = [human(n) if resource == "storage" else str(n) for n in (added, used, most)]
    return Fault(
        Code.DENIED,
        # Harbor's words up to "upper limit of", which scripts look for.
        f"Quota exceeded when processing the request of adding {shown[0]} of {resource} resource, "
        f"which when updated to current usage of {shown[1]} will exceed the configured upper limit "
        f"of {shown[2]}: delete what {whose} no longer needs, or ask an administrator for more",
        {"whose": whose, "resource": resource, "added": added, "used": used, "limit": most},
    )
