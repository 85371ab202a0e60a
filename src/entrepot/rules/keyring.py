"""Which signing key signs, which are believed, and when the next one is due.

A key is published before it signs, so that whoever keeps our key set for a while never meets a key
that is not in it. When the next one takes over it signs no more, and is believed until the last
token it signed is over: access tokens for a day, refresh tokens for three months.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

CACHED_SECONDS = 300.0
"""How long others may keep our key set, as `faces.registry.token` tells them."""
AGREED_SECONDS = 60.0
"""Within which all processes of a registry know of a change."""
PUBLISHED_SECONDS = 600.0
"""How long a key is published before it signs: more than both together."""
ACCESS_MAX_SECONDS = 86400.0
"""The longest that an access token can live, as `settings` has it: it may have been set so."""
REFRESH_SECONDS = 90 * 86400.0
LEEWAY_SECONDS = 60.0
"""These two as `services.tokens` has them."""
FORGET_SECONDS = 3600.0
"""After a key has stopped signing, until its private half is forgotten."""
KEYS_MAX = 32
"""Keys at once, old ones included."""


class Stage(StrEnum):
    """What a key is for, one after the other."""

    NEXT = "next"
    """Published, and believed; signs as soon as it is active."""
    ACTIVE = "active"
    OVERLAP = "overlap"
    """Signs no more; believed."""
    REFRESH = "refresh"
    """Believed for what lives long: refresh tokens and reports."""
    RETIRED = "retired"
    """Nothing it signed is valid any more."""


@dataclass(frozen=True, slots=True)
class KeyTimes:
    """A signing key's life, in seconds since the epoch; it signs in between the last two."""

    kid: str
    created_at: float
    activates_at: float
    retires_at: float | None = None


def stage(key: KeyTimes, now: float) -> Stage:
    """Return what a key is for now."""
    if key.retires_at is not None and now >= key.retires_at:
        if now <= key.retires_at + ACCESS_MAX_SECONDS + LEEWAY_SECONDS:
            return Stage.OVERLAP
        last = key.retires_at + REFRESH_SECONDS + LEEWAY_SECONDS
        return Stage.REFRESH if now <= last else Stage.RETIRED
    return Stage.NEXT if now < key.activates_at else Stage.ACTIVE


def signing(keys: Sequence[KeyTimes], now: float) -> KeyTimes | None:
    """Return the key that signs: the newest active one; None only if none will ever sign.

    Where the clock was set back to before the first key, that is the one that will be first.
    """
    active = [key for key in keys if stage(key, now) is Stage.ACTIVE]
    if active:
        return max(active, key=lambda key: (key.activates_at, key.kid))
    following = [key for key in keys if stage(key, now) is Stage.NEXT]
    return min(following, key=lambda key: (key.activates_at, key.kid), default=None)


def believes(key: KeyTimes, now: float, *, long_lived: bool) -> bool:
    """Whether what a key signed is believed: an access token, or what lives long."""
    at = stage(key, now)
    return at is not Stage.RETIRED and (long_lived or at is not Stage.REFRESH)


def published(key: KeyTimes, now: float) -> bool:
    """Whether a key is in the key set: if anything is believed that it signed, or will sign."""
    return stage(key, now) is not Stage.RETIRED


def due(keys: Sequence[KeyTimes], now: float, every_seconds: float) -> bool:
    """Whether a new key should be made now, so that it signs when the active one is so old.

    With `every_seconds` 0 never, but where no key will ever sign.
    """
    active = signing(keys, now)
    if active is None:
        return True
    if every_seconds <= 0 or active.retires_at is not None or stage(active, now) is Stage.NEXT:
        return False
    return now >= active.activates_at + every_seconds - PUBLISHED_SECONDS


def rotated(keys: Sequence[KeyTimes], kid: str, now: float) -> list[KeyTimes]:
    """Return the key times that change as a new key `kid` is to take over, the new one last.

    Where no key signs, it does so at once.
    """
    if signing(keys, now) is None:
        return [KeyTimes(kid, now, now)]
    start = now + PUBLISHED_SECONDS
    return [
        *(
            replace(key, retires_at=max(start, key.activates_at))
            for key in keys
            if key.retires_at is None
        ),
        KeyTimes(kid, now, start),
    ]


def dropped(keys: Sequence[KeyTimes], kid: str, now: float) -> list[KeyTimes]:
    """Return the key times that change as the key `kid` goes.

    Whoever comes next signs at once instead of the active one, though others may not know it yet;
    without the next one the active one goes on.
    """
    left = [key for key in keys if key.kid != kid]
    if any(stage(key, now) is Stage.ACTIVE for key in left):
        if any(stage(key, now) is Stage.NEXT for key in left):
            return []
        return [
            replace(key, retires_at=None)
            for key in left
            if stage(key, now) is Stage.ACTIVE and key.retires_at is not None
        ]
    following = signing(left, now)
    return [] if following is None else [replace(following, activates_at=now)]


def forgets(key: KeyTimes, now: float) -> bool:
    """Whether a key's private half has no use any more."""
    return key.retires_at is not None and now >= key.retires_at + FORGET_SECONDS
