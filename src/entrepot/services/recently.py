"""What was looked up a short time ago, bounded in number."""

from collections import OrderedDict
from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


def remember(cache: OrderedDict[Key, Value], key: Key, value: Value, limit: int) -> None:
    """Put a value in as the newest; the oldest beyond the limit go."""
    cache[key] = value
    cache.move_to_end(key)
    while len(cache) > limit:
        cache.popitem(last=False)
