r"""Patterns over the values of claims, whose wildcards stop at what matters.

A pattern matches a whole value, upper and lower case being different:

* `*` is any text without `/`, `:` and `@`; `?` is one such character;
* `**` is any text without `:` and `@`, so it reaches over `/`;
* `\x` is the character x itself, anything else stands for itself.

So `acme/*` is a repository of acme and never one of `acme/x` or `acme-evil`, `repo:acme/web:*`
never swallows a further part of a subject, and `*@example.com` holds one `@`. What a stranger may
choose (the name of a branch, a repository, a file) cannot reach over the sign that ends it.
"""

from functools import lru_cache

from entrepot.oci.errors import Code, Fault

PATTERN_MAX = 256
"""Most characters of a pattern."""
WILDCARDS_MAX = 16
"""Most wildcards of a pattern."""
VALUE_MAX = 2048
"""Most characters of a value; a longer one matches nothing."""
CACHE_MAX = 1024
"""Most patterns kept compiled."""

_STOPS = {"*": frozenset("/:@"), "?": frozenset("/:@"), "**": frozenset(":@")}


def matches(pattern: str, value: str) -> bool:
    """Whether the whole of `value` matches; time grows with wildcards times characters.

    `Fault(REQUEST_INVALID)` where `check_pattern` raises it.
    """
    parts = _compiled(pattern)
    if len(value) > VALUE_MAX:
        return False
    places = {0}
    for wildcard, text in parts:
        if wildcard:
            places = _after(value, places, wildcard)
        else:
            places = {at + len(text) for at in places if value.startswith(text, at)}
        if not places:
            return False
    return len(value) in places


def check_pattern(pattern: str) -> None:
    """Raise `Fault(REQUEST_INVALID, "cause: cure")` unless the pattern can be used."""
    _compiled(pattern)


def fixed_start(pattern: str) -> str:
    """Return the text that everything starts with that the pattern matches; all of it if fixed."""
    start = ""
    for wildcard, text in _compiled(pattern):
        if wildcard:
            break
        start += text
    return start


def is_fixed(pattern: str) -> bool:
    """Whether the pattern has no wildcard, so that it matches one value only."""
    return not any(wildcard for wildcard, _ in _compiled(pattern))


@lru_cache(maxsize=CACHE_MAX)
def _compiled(pattern: str) -> tuple[tuple[str, str], ...]:
    """Return the parts: (wildcard, "") or ("", literal text)."""
    shown = pattern[:80]
    if not pattern:
        raise _refused(shown, "is empty", "leave the condition out, or write ** for any value")
    if len(pattern) > PATTERN_MAX:
        raise _refused(shown, f"is longer than {PATTERN_MAX} characters", "shorten it")
    if not pattern.isprintable():
        raise _refused(shown, "holds a control character", "leave it out")
    parts: list[tuple[str, str]] = []
    at = 0
    while at < len(pattern):
        wildcard = "**" if pattern.startswith("**", at) else pattern[at]
        if wildcard in _STOPS:
            parts.append((wildcard, ""))
            at += len(wildcard)
            continue
        if pattern[at] == "\\":
            at += 1
            if at == len(pattern):
                raise _refused(shown, "ends in a backslash", "write \\\\ for one")
        if parts and parts[-1][1]:
            parts[-1] = ("", parts[-1][1] + pattern[at])
        else:
            parts.append(("", pattern[at]))
        at += 1
    if sum(1 for wildcard, _ in parts if wildcard) > WILDCARDS_MAX:
        raise _refused(shown, f"has more than {WILDCARDS_MAX} wildcards", "write several patterns")
    return tuple(parts)


def _after(value: str, places: set[int], wildcard: str) -> set[int]:
    """Return where the wildcard may end that starts at one of the places."""
    stops = _STOPS[wildcard]
    if wildcard == "?":
        return {at + 1 for at in places if at < len(value) and value[at] not in stops}
    ends = set(places)
    inside = False
    for at, char in enumerate(value):
        inside = (inside or at in places) and char not in stops
        if inside:
            ends.add(at + 1)
    return ends


def _refused(shown: str, cause: str, cure: str) -> Fault:
    return Fault(Code.REQUEST_INVALID, f"pattern '{shown}' {cause}: {cure}", {"pattern": shown})
