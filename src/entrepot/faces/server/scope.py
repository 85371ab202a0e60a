"""The ASGI scope of a request."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

import httptools

from entrepot.faces.asgi import CERTIFICATE, DRAIN, ZERO_COPY, Scope

from .clientcert import PeerCertificate
from .plain import Write
from .refusal import Refused, invalid
from .requesthead import Facts


def complete_scope(
    scope: Scope,
    url: bytes,
    facts: Facts,
    *,
    drain: Callable[[Write], Awaitable[None]],
    raw: bool,
    peer: PeerCertificate | None = None,
) -> None:
    """Fill in what the head says, the extensions and the client's certificate.

    Raises Refused for a target that is no path.
    """
    try:
        parsed = httptools.parse_url(url)
    except httptools.HttpParserInvalidURLError as error:
        raise Refused(invalid("the request target cannot be parsed")) from error
    path = parsed.path or b"/"
    text = path.decode("ascii")
    scope["method"] = facts.method.decode("ascii")
    scope["http_version"] = facts.version
    scope["path"] = unquote(text) if "%" in text else text
    scope["raw_path"] = path
    scope["query_string"] = parsed.query or b""
    scope["asgi"]["spec_version"] = "2.4"  # send() raises OSError after a disconnect
    if peer is not None:
        scope[CERTIFICATE] = peer.now()
    extensions: dict[str, dict[str, Any]] = {DRAIN: {"drain": drain}}
    if raw:
        extensions[ZERO_COPY] = {}
    scope["extensions"] = extensions
