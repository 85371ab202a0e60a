r"""Selectors: glob patterns over tags and repository paths (Harbor's doublestar).

`*` is any text within one segment of a path, `?` one character, `[a-z]` and `[!a-z]` one of or none
of a set, `{a,b}` either (nested too), `\x` the character x itself. `**` as a whole segment is any
number of segments, none included; elsewhere it is `*`. The empty pattern matches all. A tag has no
slash, so `*` is enough for tags.

Retention, immutability and naming share this module.
"""

import re
from functools import lru_cache

from entrepot.oci.errors import Code, Fault

PATTERN_MAX = 256
"""Most characters of a pattern."""
ALTERNATIVES_MAX = 64
"""Most patterns without braces that one with braces may stand for."""
CACHE_MAX = 1024
"""Most patterns kept compiled."""


def matches(pattern: str, text: str) -> bool:
    """Whether the whole of `text` matches, in time linear in both, whatever the pattern.

    Upper and lower case differ. `Fault(REQUEST_INVALID)` where `check_pattern` raises it.
    """
    return _compiled(pattern).fullmatch(text) is not None


def check_pattern(pattern: str) -> None:
    """Raise `Fault(REQUEST_INVALID, "cause: cure")` unless the pattern can be used."""
    _compiled(pattern)


@lru_cache(maxsize=CACHE_MAX)
def _compiled(pattern: str) -> re.Pattern[str]:
    if len(pattern) > PATTERN_MAX:
        raise _refused(pattern, f"is longer than {PATTERN_MAX} characters", "write several rules")
    if any(ord(char) < 0x20 or ord(char) == 0x7F for char in pattern):
        raise _refused(pattern, "holds a control character", "leave it out")
    if not pattern:
        return re.compile(".*", re.DOTALL)
    plain = _without_braces(pattern, _pieces(pattern))
    return re.compile("|".join(_path(pieces) for pieces in plain), re.DOTALL)


def _refused(pattern: str, cause: str, cure: str) -> Fault:
    shown = pattern[:80]
    return Fault(Code.REQUEST_INVALID, f"pattern '{shown}' {cause}: {cure}", {"pattern": shown})


def _pieces(pattern: str) -> list[str]:
    r"""Return the pattern's pieces: `*`, `?`, `/`, `{`, `,`, `}`, `[…]`, `\x` and characters.

    A comma outside braces is a character, and so is a closing brace or bracket without its opening.
    """
    pieces: list[str] = []
    depth = at = 0
    while at < len(pattern):
        char = pattern[at]
        size = 1
        if char == "\\":
            size = 2
            if at + 1 == len(pattern):
                raise _refused(pattern, "ends in a backslash", "write \\\\ for one")
        elif char == "[":
            size = _class_size(pattern, at)
        elif char == "{":
            depth += 1
        elif char == "}" and depth:
            depth -= 1
        elif char in ",}" and not depth:
            char = f"\\{char}"
        pieces.append(pattern[at : at + size] if size > 1 else char)
        at += size
    if depth:
        raise _refused(pattern, "has a { without its }", "close it, or write \\{ for a brace")
    return pieces


def _class_size(pattern: str, at: int) -> int:
    """Return how many characters the set that starts at `at` takes."""
    end = at + 1 + pattern.startswith(("!", "^"), at + 1)
    first = end
    while end < len(pattern) and (pattern[end] != "]" or end == first):
        end += 2 if pattern[end] == "\\" else 1
    if end >= len(pattern):
        raise _refused(pattern, "has a [ without its ]", "close it, or write \\[ for a bracket")
    return end + 1 - at


def _without_braces(pattern: str, pieces: list[str]) -> list[list[str]]:
    """Return the patterns without braces that the pieces stand for, each as pieces."""
    # One frame for each open brace: what was finished of it, and what grows now.
    frames: list[tuple[list[list[str]], list[list[str]]]] = []
    grown: list[list[str]] = [[]]
    for piece in pieces:
        if piece == "{":
            frames.append(([], grown))
            grown = [[]]
        elif piece == ",":
            frames[-1][0].extend(grown)
            grown = [[]]
        elif piece == "}":
            finished, before = frames.pop()
            choices = [*finished, *grown]
            if len(choices) * len(before) > ALTERNATIVES_MAX:
                raise _refused(
                    pattern,
                    f"stands for more than {ALTERNATIVES_MAX} patterns",
                    "use fewer braces, or * in their place",
                )
            grown = [head + tail for head in before for tail in choices]
        else:
            for one in grown:
                one.append(piece)
    return grown


def _path(pieces: list[str]) -> str:
    """Return the regular expression of a pattern without braces.

    Between two `**` the first place that fits is as good as any later one, and so it is between
    two `*`; an atomic group takes the first and never comes back, which keeps the search linear.
    """
    segments: list[list[str]] = [[]]
    for piece in pieces:
        if piece == "/":
            segments.append([])
        else:
            segments[-1].append(piece)
    runs: list[list[str]] = [[]]
    for segment in segments:
        if segment == ["*", "*"]:
            runs.append([])
        else:
            runs[-1].append(_segment(segment))
    first, *rest = ("/".join(run) for run in runs)
    if not rest:
        return first
    *inner, last = rest
    start = f"{first}/" if runs[0] else ""
    middle = "".join(f"(?>(?:[^/]*/)*?{run}/)" for run in inner if run)
    end = f"(?:[^/]*/)*{last}" if runs[-1] else ".*"
    return start + middle + end


def _segment(pieces: list[str]) -> str:
    fixed: list[str] = [""]
    for piece in pieces:
        if piece == "*":
            fixed.append("")
        else:
            fixed[-1] += _one(piece)
    first, *rest = fixed
    if not rest:
        return first
    *inner, last = rest
    middle = "".join(f"(?>[^/]*?{text})" for text in inner if text)
    return f"{first}{middle}[^/]*{last}"


def _one(piece: str) -> str:
    """Return the expression for what matches one character."""
    if piece == "?":
        return "[^/]"
    if piece[0] == "\\":
        return re.escape(piece[1])
    if piece[0] == "[" and len(piece) > 1:
        return _class(piece)
    return re.escape(piece)


def _class(piece: str) -> str:
    body = piece[1:-1]
    negated = body[:1] in ("!", "^")
    chars = re.findall(r"\\.|.", body[1:] if negated else body, re.DOTALL)
    # A slash divides segments: no set holds it, and none may reach over it.
    return f"(?!/)[{'^' if negated else ''}{''.join(_ranges(piece, chars))}]"


def _ranges(piece: str, chars: list[str]) -> list[str]:
    """Return the expressions of a set's ranges and single characters."""
    plain = [char[-1] for char in chars]
    found = []
    at = 0
    while at < len(plain):
        if chars[at + 1 : at + 2] == ["-"] and at + 2 < len(plain):
            low, high = plain[at], plain[at + 2]
            if low > high:
                raise _refused(piece, f"goes backwards from {low} to {high}", "swap the two")
            found.append(f"{re.escape(low)}-{re.escape(high)}")
            at += 3
        else:
            found.append(re.escape(plain[at]))
            at += 1
    return found
