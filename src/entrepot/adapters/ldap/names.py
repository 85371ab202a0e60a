"""DNs (RFC 4514) and filters (RFC 4515), taken apart and filled in, never pasted.

By ourselves where ldap3 cannot: it takes spaces from values of filters, and does not know `cn=C#`.
"""

import re

from ldap3.utils.dn import escape_rdn

Rdn = frozenset[tuple[str, str]]
Dn = tuple[Rdn, ...]
"""From the leaf to the root; types in lower case, values without case and spare spaces."""

_PART = re.compile(
    r" *(?P<kind>[A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+) *= *"
    r"(?P<value>(?:\\(?:[0-9A-Fa-f]{2}|[^0-9A-Fa-f])|[^\\,;+\"\0])+)(?P<at>[,;+]|$)"
)
_END_SPACES = re.compile(r"(?<!\\) +$")
_ESCAPED = re.compile(rb"\\([0-9A-Fa-f]{2}|.)", re.DOTALL)
_HEX_PAIR = 2
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@-")


def filled(filter_text: str, *, name: str, dn: str = "") -> str:
    """Return a filter with name and DN in their places; neither can be more than a value."""
    parts = {"{name}": _filter_value(name), "{dn}": _filter_value(dn)}
    # In one pass: a name may contain what looks like a place.
    return re.sub(r"\{name\}|\{dn\}", lambda found: parts[found[0]], filter_text)


def bind_name(template: str, name: str) -> str:
    """Return who binds: a DN with the name as a value in it, or a name such as `alice@corp`."""
    return template.replace("{name}", escape_rdn(name) if is_dn(template) else name)


def is_dn(text: str) -> bool:
    """Whether a text, of a setting, is a DN and no plain name."""
    return "=" in text and parsed(text) is not None


def parsed(dn: str) -> Dn | None:
    """Return a DN in a form that can be compared, or None for what is none."""
    rdns: list[Rdn] = []
    current: set[tuple[str, str]] = set()
    for kind, value, separator in _parts(dn):
        current.add((kind.lower(), " ".join(value.split()).casefold()))
        if separator != "+":
            rdns.append(frozenset(current))
            current = set()
    return tuple(rdns) or None


def is_below(dn: str, base: str) -> bool:
    """Whether an entry is the base itself or below it."""
    inner, outer = parsed(dn), parsed(base)
    return inner is not None and outer is not None and inner[-len(outer) :] == outer


def own_value(dn: str, attribute: str) -> str | None:
    """Return an attribute's value in a DN's first part, as it was before it was escaped."""
    for kind, value, separator in _parts(dn):
        if kind.lower() == attribute.lower():
            return value
        if separator != "+":
            break
    return None


def _filter_value(text: str) -> str:
    """Escape all that is not plain, which RFC 4515 section 3 allows."""
    return "".join(chr(byte) if byte in _PLAIN else f"\\{byte:02x}" for byte in text.encode())


def _parts(dn: str) -> list[tuple[str, str, str]]:
    """Return types, values and what follows each: a comma, a plus, or nothing at the end."""
    parts: list[tuple[str, str, str]] = []
    at = 0
    while True:
        found = _PART.match(dn, at)
        if found is None:
            return []
        try:
            value = _unescaped(_END_SPACES.sub("", found["value"]))
        except UnicodeDecodeError:
            return []
        parts.append((found["kind"], value, found["at"]))
        if not found["at"]:
            return parts
        at = found.end()


def _unescaped(value: str) -> str:
    """Undo RFC 4514 section 2.4; what is BER in hex stays as it is."""

    def one(found: re.Match[bytes]) -> bytes:
        text = found[1]
        return bytes.fromhex(text.decode()) if len(text) == _HEX_PAIR else text

    return _ESCAPED.sub(one, value.encode()).decode()
