"""Retention: the words of a rule, and a cursor that reads them."""

import re
from dataclasses import dataclass

from entrepot.oci.errors import Code, Fault
from entrepot.rules.selectors import check_pattern

from .model import AGE_MAX_SECONDS, CONDITIONS_MAX, DAY_SECONDS

_PIECE = re.compile(
    r"""(?P<space>[ \t\r]+|\#.*)
    | (?P<text>"(?:[^"\\\x00-\x1f\x7f]|\\[^\x00-\x1f\x7f])*")
    | (?P<number>[0-9]+[A-Za-z]*)
    | (?P<word>[A-Za-z]+)
    | (?P<sign>!~|[~=:,;])
    """,
    re.VERBOSE,
)
_ESCAPE = re.compile(r'\\([\\"])')
_DURATION = re.compile(r"([0-9]{1,9})([mhdw])")
_UNIT_SECONDS = {"m": 60, "h": 3600, "d": DAY_SECONDS, "w": 7 * DAY_SECONDS}


@dataclass(frozen=True, slots=True)
class Piece:
    """A word, number, sign or quoted text; `column` counts from 1. A rule ends in an `end`."""

    kind: str
    text: str
    column: int


def statements(line: str, number: int) -> list[list[Piece]]:
    """Return the pieces of each rule in the line, each with an end; comments are left out."""
    found: list[list[Piece]] = [[]]
    at = 0
    while at < len(line):
        match = _PIECE.match(line, at)
        if match is None:
            cure = "close the quotes" if line[at] == '"' else "put texts in quotes"
            shown = line[at : at + 20].encode("utf-8", "replace").decode()
            raise fault(number, at + 1, f"cannot read {shown!r}: {cure}")
        kind = match.lastgroup or ""
        if match[0] == ";":
            found[-1].append(Piece("end", "", at + 1))
            found.append([])
        elif kind != "space":
            found[-1].append(Piece(kind, match[0], at + 1))
        at = match.end()
    found[-1].append(Piece("end", "", len(line) + 1))
    return [statement for statement in found if len(statement) > 1]


def fault(line: int, column: int, message: str) -> Fault:
    """Return the refusal of what stands there."""
    return Fault(
        Code.REQUEST_INVALID,
        f"line {line}, column {column}: {message}",
        {"line": line, "column": column},
    )


class Cursor:
    """Reads one rule from its pieces; the last piece is the end, and is never passed."""

    def __init__(self, pieces: list[Piece], line: int) -> None:
        self._pieces = pieces
        self.line = line
        self._at = 0

    @property
    def here(self) -> Piece:
        return self._pieces[self._at]

    @property
    def at_end(self) -> bool:
        return self.here.kind == "end"

    def expected(self, what: str) -> Fault:
        """Return the refusal of the piece here, where `what` should stand."""
        piece = self.here
        found = "the end of the rule" if self.at_end else f"'{piece.text[:40]}'"
        return fault(self.line, piece.column, f"found {found}, expected {what}")

    def took(self, text: str) -> bool:
        """Whether the word or sign stands here, in any case; if so it is passed."""
        piece = self.here
        if piece.kind not in ("word", "sign") or piece.text.lower() != text:
            return False
        self._at += 1
        return True

    def need(self, text: str, what: str = "") -> None:
        if not self.took(text):
            raise self.expected(what or f"'{text}'")

    def bounded(self, count: int, what: str) -> None:
        """Refuse more than `CONDITIONS_MAX` of a thing in one rule."""
        if count > CONDITIONS_MAX:
            message = f"a rule has at most {CONDITIONS_MAX} {what}: write several rules"
            raise fault(self.line, self.here.column, message)

    def count(self, count_max: int) -> int:
        text = self.here.text
        # Only a number has digits alone; a longer one is not even converted.
        if not (text.isdecimal() and len(text) <= 9 and 1 <= int(text) <= count_max):
            raise self.expected(f"a number from 1 to {count_max} (to keep none: keep nothing)")
        self._at += 1
        return int(text)

    def seconds(self) -> int:
        """Read a time such as `90d`."""
        match = _DURATION.fullmatch(self.here.text.lower())
        seconds = int(match[1]) * _UNIT_SECONDS[match[2]] if match else AGE_MAX_SECONDS + 1
        if seconds > AGE_MAX_SECONDS:
            raise self.expected("a time of at most 100 years, as in 30m, 12h, 90d or 2w")
        self._at += 1
        return seconds

    def pattern(self, what: str) -> str:
        """Read a glob in quotes."""
        start = self.here
        pattern = self.quoted(what)
        try:
            check_pattern(pattern)
        except Fault as refused:
            raise fault(self.line, start.column, refused.message) from refused
        return pattern

    def quoted(self, what: str, length_max: int | None = None) -> str:
        piece = self.here
        if piece.kind != "text":
            raise self.expected(f"{what} in quotes")
        text = _ESCAPE.sub(r"\1", piece.text[1:-1])
        if length_max is not None and len(text) > length_max:
            raise self.expected(f"{what} of at most {length_max} characters")
        self._at += 1
        return text
