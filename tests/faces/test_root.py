"""The root application: mounts, request ids, and the last word on errors."""

import errno
from typing import Any

import pytest

from entrepot.faces.asgi import (
    REQUEST_ID,
    App,
    Message,
    Receive,
    Response,
    Scope,
    Send,
    send_response,
)
from entrepot.faces.root import request_ids, root_app
from entrepot.ports.blobs import StoreFull
from entrepot.ports.catalog import Busy, CatalogFailed
from tests.faces.registry.client import call


class Notes:
    """A log that remembers."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, dict[str, Any]]] = []

    def debug(self, event: str, **facts: Any) -> None:
        self.lines.append(("debug", event, facts))

    def info(self, event: str, **facts: Any) -> None:
        self.lines.append(("info", event, facts))

    def warning(self, event: str, **facts: Any) -> None:
        self.lines.append(("warning", event, facts))

    def exception(self, event: str, **facts: Any) -> None:
        self.lines.append(("exception", event, facts))


def answering(body: bytes) -> App:
    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        await send_response(scope, send, Response(200, body=body))

    return app


def failing(error: Exception, *, late: bool = False) -> App:
    """Return an application that fails, before its response or within it."""

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        if late:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        raise error

    return app


def root(mounts: dict[str, App], notes: Notes | None = None) -> App:
    return root_app(mounts, new_id=request_ids("1f"), log=notes or Notes())


@pytest.mark.parametrize(
    "path, body",
    [
        ("/v2", b"registry"),
        ("/v2/", b"registry"),
        ("/v2/a/b?c", b"registry"),
        ("/healthz", b"health"),
        ("/healthz/x", b"health"),
        ("/%76%32/", b"registry"),
        ("/", None),
        ("/v2x/", None),
        ("/V2/", None),
        ("//v2/", None),
        ("/favicon.ico", None),
        ("*", None),
        ("v2/", None),
    ],
)
async def test_the_first_segment_picks_the_mount(path: str, body: bytes | None) -> None:
    app = root({"v2": answering(b"registry"), "healthz": answering(b"health")})
    answer = await call(app, "GET", path)
    if body is None:
        assert (answer.status, answer.code) == (404, "NOT_FOUND")
    else:
        assert answer.body == body


async def test_every_answer_has_an_id_that_the_application_knows() -> None:
    seen = []

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        seen.append(scope[REQUEST_ID])
        await send_response(scope, send, Response(204))

    served = root({"v2": app})
    ids = [(await call(served, "GET", "/v2/")).header("X-Request-ID") for _ in range(17)]
    assert ids == seen == [f"1f-{number:x}" for number in range(1, 18)]
    assert (await call(served, "GET", "/nothing")).header("X-Request-ID") == "1f-12"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_failure_is_answered_and_logged(method: str) -> None:
    notes = Notes()
    app = root({"v2": failing(ValueError("a secret of the inside"))}, notes)
    answer = await call(app, method, "/v2/x")
    assert (answer.status, answer.header("X-Request-ID")) == (500, "1f-1")
    if method == "GET":
        assert answer.code == "UNKNOWN"
        assert "1f-1" in answer.message
        assert "secret" not in answer.message
    assert notes.lines == [("exception", "request failed", {"request_id": "1f-1", "path": "/v2/x"})]


async def test_a_busy_catalog_is_worth_another_try() -> None:
    notes = Notes()
    answer = await call(root({"v2": failing(Busy("too many wait"))}, notes), "GET", "/v2/")
    assert (answer.status, answer.code) == (503, "UNAVAILABLE")
    assert answer.header("Retry-After") == "1"
    assert answer.message.startswith("too many wait")
    assert [level for level, _, _ in notes.lines] == ["info"]


@pytest.mark.parametrize(
    "error, said",
    [
        (CatalogFailed("the catalog failed, as its disk is full"), "the catalog failed, as its"),
        (StoreFull(errno.ENOSPC, "No space left", "/secret"), "storage failed (No space left)"),
        (OSError(errno.EROFS, "Read-only", "/secret"), "storage failed (Read-only)"),
        (OSError(errno.EIO, "Input/output error"), "storage failed (Input/output error)"),
    ],
)
async def test_a_failing_medium_is_said_and_logged(error: Exception, said: str) -> None:
    notes = Notes()
    answer = await call(root({"v2": failing(error)}, notes), "PUT", "/v2/x")
    assert (answer.status, answer.code) == (503, "UNAVAILABLE")
    assert said in answer.message
    assert "secret" not in answer.message
    assert answer.header("Retry-After") == "1"
    told = "warning" if isinstance(error, CatalogFailed) else "exception"
    assert [level for level, _, _ in notes.lines] == [told]


async def test_bytes_that_are_not_there_are_a_failure() -> None:
    gone = FileNotFoundError(errno.ENOENT, "no such file", "/secret")
    answer = await call(root({"v2": failing(gone)}), "GET", "/v2/x")
    assert (answer.status, answer.code) == (500, "UNKNOWN")


@pytest.mark.parametrize("error", [ValueError("late"), Busy("late"), CatalogFailed("late")])
async def test_within_a_response_only_the_server_can_say_that_it_failed(error: Exception) -> None:
    notes = Notes()
    with pytest.raises(type(error), match="late"):
        await call(root({"v2": failing(error, late=True)}, notes), "GET", "/v2/")
    assert len(notes.lines) == 1


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("kind", [ConnectionResetError, BrokenPipeError])
async def test_a_client_that_went_away_is_not_answered(
    kind: type[ConnectionError], *, late: bool
) -> None:
    notes = Notes()
    sent: list[object] = []

    async def gone(message: Message) -> None:
        if not late or sent:
            raise kind("gone")
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("nobody asks")

    scope = {"type": "http", "method": "GET", "path": "/v2/", "headers": []}
    await root({"v2": failing(kind("gone"), late=late)}, notes)(scope, receive, gone)
    assert [level for level, _, _ in notes.lines] == ["debug"]
    assert len(sent) == late


async def test_a_client_that_is_there_hears_of_a_connection_that_broke_behind_us() -> None:
    notes = Notes()
    failed = failing(ConnectionResetError(errno.ECONNRESET, "reset"))
    answer = await call(root({"v2": failed}, notes), "PATCH", "/v2/x")
    assert (answer.status, answer.code) == (503, "UNAVAILABLE")
    assert [level for level, _, _ in notes.lines] == ["debug", "warning"]
