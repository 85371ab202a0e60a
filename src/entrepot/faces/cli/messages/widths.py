"""How wide text is on a terminal, where Chinese characters take two columns."""

import re
import unicodedata

_UNIT = re.compile(r"\s+|[（《「(\[]*(?:[!-~]+|\S)[，。、；：！？）》」)\]]*")
"""What stays on one line: a word, or a character with the marks that belong to it."""


def columns(text: str) -> int:
    """Return how many columns a line of text takes."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(one) in "WF" for one in text)
    return len(text) + wide - sum(unicodedata.combining(one) > 0 for one in text)


def padded(text: str, width: int) -> str:
    """Return a text with spaces behind it up to `width` columns."""
    return text + " " * (width - columns(text))


def wrapped(text: str, width: int) -> list[str]:
    """Return a paragraph in lines of at most `width` columns, where its words let that be."""
    lines, line = [], ""
    for unit in _UNIT.findall(text):
        if unit.isspace():
            line = f"{line} " if line else ""
        elif line and columns(line) + columns(unit) > width:
            lines.append(line.rstrip())
            line = unit
        else:
            line += unit
    return [*lines, line.rstrip()] if line.strip() else lines
