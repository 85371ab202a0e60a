"""HTTP/2 (RFC 9113) over TLS, on the `h2` library; loaded only where TLS is on."""

from .connection import Http2Protocol

__all__ = ["Http2Protocol"]
