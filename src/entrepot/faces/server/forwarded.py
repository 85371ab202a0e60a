"""Who asks through a proxy: X-Forwarded-* or Forwarded, of trusted peers only."""

import re
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

from entrepot.faces.asgi import CERTIFICATE, App, Headers, Receive, Scope, Send

from .trust import TrustedProxies, parse_address

HOPS_MAX = 64
"""Hops looked at, from the right; a chain of proxies is never that long."""

KNOWN_MAX = 1024
KNOWN_BYTES = 512
"""Header sets whose outcome is remembered, and the longest such set."""
CUSTOMARY = (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host")
STANDARD = (b"forwarded",)

_SCHEMES = {b"http": "http", b"https": "https"}
_HOST = re.compile(rb"(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_HOP = re.compile(r"(?:([0-9.]{7,15})|\[([0-9A-Fa-f:.]{2,45})\])(?::([0-9]{1,5}))?")
# RFC 7239 section 4, and besides `:[]` without quotes, as many write addresses.
_PAIR = re.compile(
    rb"[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)="
    rb"(?:([!#$%&'*+.^_`|~0-9A-Za-z:\[\]-]+)|"
    rb'"((?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[\t -~\x80-\xff])*)")'
    rb"[ \t]*(;|,|$)"
)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Origin:
    """What trusted proxies say of a request; None where they say nothing that can be used.

    `client` is the nearest hop that is no trusted proxy, with port 0 if none is told.
    """

    client: tuple[str, int] | None = None
    scheme: str | None = None
    host: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Chain:
    """Three lists, a value for each proxy at most, the nearest one's last."""

    hops: Sequence[bytes]
    schemes: Sequence[bytes]
    hosts: Sequence[bytes]


def find_origin(headers: Headers, trusted: TrustedProxies, *, standard: bool) -> Origin:
    """Return what the headers of a trusted peer say; of another peer they must not be asked.

    `standard` believes Forwarded (RFC 7239), else X-Forwarded-For, -Proto and -Host are: never
    both, as a proxy that writes one of them hands on what the client wrote in the other. What
    stands left of the first hop that is not trusted may be a client's invention and is not used.
    """
    chain = _standard(headers) if standard else _customary(headers)
    client, back = _nearest_stranger(chain.hops, trusted)
    scheme = _SCHEMES.get(_of_hop(chain.schemes, chain.hops, back).lower())
    host = _of_hop(chain.hosts, chain.hops, back)
    return Origin(client, scheme, host if _HOST.fullmatch(host) else None)


def _nearest_stranger(
    hops: Sequence[bytes], trusted: TrustedProxies
) -> tuple[tuple[str, int] | None, int]:
    """Return the client, and its place counted from the right; (None, 0) if no hop is one.

    Behind a hop that is no address ("unknown", a hidden name) nothing is known: the proxy that
    wrote it is the farthest one that is, and counts as the client.
    """
    found, at = None, 0
    for back, text in enumerate(reversed(hops), start=1):
        hop = _parse_hop(text.decode("latin-1"))
        if hop is None:
            break
        found, at = hop, back
        if hop[0] not in trusted:
            break
    return found, at


def _parse_hop(text: str) -> tuple[str, int] | None:
    plain = parse_address(text) if len(text) <= 45 and "%" not in text else None
    if plain is not None:
        return str(plain), 0
    parts = _HOP.fullmatch(text)
    address = parse_address(parts[1] or parts[2]) if parts else None
    if parts is None or address is None or int(parts[3] or 0) > 65535:
        return None
    return str(address), int(parts[3] or 0)


def _of_hop(values: Sequence[bytes], hops: Sequence[bytes], back: int) -> bytes:
    """Return the client's value where each proxy wrote one, else the nearest proxy's, or b""."""
    if back and len(values) == len(hops):
        return values[-back]
    return values[-1] if values else b""


def _customary(headers: Headers) -> _Chain:
    lists: dict[bytes, list[bytes]] = {name: [] for name in CUSTOMARY}
    for name, value in headers:
        if name in lists:
            lists[name] += [part.strip() for part in value.rsplit(b",", HOPS_MAX)[-HOPS_MAX:]]
    return _Chain(*([part for part in parts if part][-HOPS_MAX:] for parts in lists.values()))


def _standard(headers: Headers) -> _Chain:
    elements: list[dict[bytes, bytes]] = []
    for name, value in headers:
        if name == b"forwarded":
            # Of a line that can be read in two ways, by a quote left open, nothing is believed,
            # nor of what came before it.
            parsed = _parse_elements(value)
            elements = [*elements, *parsed] if parsed is not None else [{}]
    del elements[:-HOPS_MAX]
    lists = ([element.get(key, b"") for element in elements] for key in (b"for", b"proto", b"host"))
    return _Chain(*lists)


def _parse_elements(value: bytes) -> list[dict[bytes, bytes]] | None:
    elements: list[dict[bytes, bytes]] = [{}]
    at = 0
    while at < len(value):
        pair = _PAIR.match(value, at)
        if pair is None:
            return None
        name, plain, quoted, mark = pair.groups()
        content = plain if plain is not None else _ESCAPED.sub(rb"\1", quoted)
        if name.lower() in elements[-1]:
            return None  # RFC 7239 section 4: each at most once
        elements[-1][name.lower()] = content
        if mark == b",":
            elements.append({})
        at = pair.end()
    return elements


class ForwardedApp:
    """Sets client, scheme and Host of a request to what its proxy says, if that is trusted.

    The scope itself is changed, so that access log and metrics see the client too. A certificate
    that the proxy showed is the proxy's own, and is no client's.
    """

    __slots__ = ("_app", "_known", "_names", "_standard", "_trusted", "_version")

    def __init__(self, app: App, trusted: TrustedProxies, *, standard: bool) -> None:
        self._app = app
        self._trusted = trusted
        self._standard = standard
        self._names = STANDARD if standard else CUSTOMARY
        self._known: dict[tuple[tuple[bytes, bytes], ...], Origin] = {}
        self._version = trusted.version

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if self._trusted:
            client = scope.get("client")
            if (client[0] if client else None) in self._trusted:
                scope.pop(CERTIFICATE, None)
                self._apply(scope)
        return self._app(scope, receive, send)

    def _apply(self, scope: Scope) -> None:
        origin = self._find(scope["headers"])
        if origin.client is not None:
            scope["client"] = origin.client
        if origin.scheme is not None:
            scope["scheme"] = origin.scheme
        if origin.host is not None:
            kept = [pair for pair in scope["headers"] if pair[0] != b"host"]
            scope["headers"] = [(b"host", origin.host), *kept]

    def _find(self, headers: Headers) -> Origin:
        """Return what `find_origin` does, of which the same few clients make the same again."""
        names = self._names
        told = tuple([pair for pair in headers if pair[0] in names])
        if self._version != self._trusted.version:
            self._known.clear()
            self._version = self._trusted.version
        origin = self._known.get(told)
        if origin is None:
            origin = find_origin([*told], self._trusted, standard=self._standard)
            if sum(len(value) for _, value in told) <= KNOWN_BYTES:
                if len(self._known) >= KNOWN_MAX:
                    self._known.clear()
                self._known[told] = origin
        return origin
