"""The plain HTTP port of `http-01`; all but challenges is sent to HTTPS."""

from collections.abc import Callable
from urllib.parse import urlsplit

from .asgi import App, Receive, Request, Response, Scope, Send, send_response

PREFIX = "/.well-known/acme-challenge/"
TARGET_MAX_CHARACTERS = 4096


def challenge_app(answer: Callable[[str], str | None], base: str) -> App:
    """Answer tokens (RFC 8555 section 8.3) with `answer`; redirect the rest to `base`, a URL."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope, receive)
            await send_response(scope, send, _respond(request, answer, base.rstrip("/")))

    return app


def https_base(hosts: tuple[str, ...], listen: tuple[str, ...], public_url: str) -> str:
    """Return the URL that clients use: as it is set, or by the first host and TCP port."""
    if urlsplit(public_url).scheme == "https":
        return public_url
    ports = [each.rpartition(":")[2] for each in listen if not each.startswith("unix:")]
    port = f":{ports[0]}" if ports and ports[0] not in ("0", "443") else ""
    return f"https://{hosts[0]}{port}"


def _respond(request: Request, answer: Callable[[str], str | None], base: str) -> Response:
    path = request.raw_path
    if path.startswith(PREFIX):
        found = answer(path.removeprefix(PREFIX)) if request.method in ("GET", "HEAD") else None
        if found is None:
            return _text(404, "no such challenge is under way\n")
        response = _text(200, found, "application/octet-stream")
        response.set("Cache-Control", "no-store")
        return response
    query = request.scope.get("query_string", b"").decode("latin-1")
    target = path + (f"?{query}" if query else "")
    if not path.startswith("/") or len(target) > TARGET_MAX_CHARACTERS:
        target = "/"
    response = _text(308, f"use {base}\n")
    response.set("Location", base + target)
    return response


def _text(status: int, text: str, kind: str = "text/plain; charset=utf-8") -> Response:
    response = Response(status, body=text.encode())
    response.set("Content-Type", kind)
    return response
