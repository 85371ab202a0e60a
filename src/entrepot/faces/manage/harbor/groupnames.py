"""Groups of a directory by what it calls them."""

import re

_FIRST = re.compile(r"\s*[A-Za-z0-9.-]+\s*=\s*((?:[^,+\\]|\\.)+)")
_ESCAPED = re.compile(r"\\([0-9A-Fa-f]{2}|.)")


def name_of_dn(dn: str) -> str:
    """Return the name of a group, the first value of its DN (RFC 4514); a text that is none as is.

    Groups are known here by the attribute that names them, which their DN as a rule begins with.
    """
    found = _FIRST.match(dn)
    if found is None:
        return dn

    def plain(escaped: re.Match[str]) -> str:
        text = escaped[1]
        return chr(int(text, 16)) if len(text) == 2 else text

    return _ESCAPED.sub(plain, found[1].strip())
