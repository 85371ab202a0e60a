"""Which HTTP a TLS connection speaks, as its handshake settled (ALPN, RFC 7301)."""

import asyncio
from collections.abc import Callable
from functools import partial

HTTP_1 = "http/1.1"
HTTP_2 = "h2"

Factory = Callable[[], asyncio.BaseProtocol]


class ByAlpn(asyncio.Protocol):
    """Makes room for the protocol that was negotiated; HTTP/1.1 for a client that named none."""

    def __init__(self, http1: Factory, http2: Factory) -> None:
        self._http1 = http1
        self._http2 = http2

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        session = transport.get_extra_info("ssl_object")
        negotiated = session.selected_alpn_protocol() if session is not None else None
        protocol = self._http2() if negotiated == HTTP_2 else self._http1()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)


def either(
    http1: Callable[..., asyncio.BaseProtocol], http2: Callable[..., asyncio.BaseProtocol]
) -> Callable[..., ByAlpn]:
    """A factory of protocols from two that take the same arguments."""

    def make(*args: object) -> ByAlpn:
        return ByAlpn(partial(http1, *args), partial(http2, *args))

    return make
