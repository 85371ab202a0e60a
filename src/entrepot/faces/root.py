"""The root application: mounts, request ids, and the last word on errors."""

import errno
import itertools
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from entrepot.oci.errors import Code, Fault
from entrepot.ports.catalog import Busy, CatalogFailed

from .asgi import (
    REQUEST_ID,
    App,
    Message,
    Receive,
    Response,
    Scope,
    Send,
    json_response,
    send_response,
)

# What a disk, or a network that stands in for one, says when it fails.
_OF_MEDIUM = frozenset(
    {
        errno.EACCES,
        errno.EDQUOT,
        errno.EFBIG,
        errno.EIO,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENODEV,
        errno.ENOMEM,
        errno.ENOSPC,
        errno.ENXIO,
        errno.EPERM,
        errno.EROFS,
        errno.ESTALE,
        errno.ETIMEDOUT,
    }
)

_BROKEN = "a connection of the registry broke: try again in a moment"


class Log(Protocol):
    """A structured logger, as far as it is needed here."""

    def debug(self, event: str, **facts: Any) -> Any: ...
    def info(self, event: str, **facts: Any) -> Any: ...
    def warning(self, event: str, **facts: Any) -> Any: ...
    def exception(self, event: str, **facts: Any) -> Any: ...


def request_ids(prefix: str) -> Callable[[], str]:
    """Return what makes ids: `prefix`, which tells processes apart, and a number."""
    numbers = itertools.count(1)
    return lambda: f"{prefix}-{next(numbers):x}"


def root_app(mounts: Mapping[str, App], *, new_id: Callable[[], str], log: Log) -> App:
    """Return the application that hands a path to the mount of its first segment.

    Every answer carries a new id as `X-Request-ID`.
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request_id = new_id()
        scope[REQUEST_ID] = request_id
        started = False

        async def identified(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"].append((b"x-request-id", request_id.encode()))
            await send(message)

        path: str = scope["path"]
        mount = mounts.get(path.split("/", 2)[1]) if path.startswith("/") else None
        try:
            if mount is None:
                await send_response(scope, identified, _nothing_here())
            else:
                await mount(scope, receive, identified)
        except ConnectionError as error:
            log.debug("client went away", request_id=request_id, path=path)
            if not started:
                # If it is there to be told, it was a connection to something else that broke.
                with suppress(ConnectionError):
                    await send_response(scope, identified, _unavailable(_BROKEN))
                    log.warning("a connection broke", request_id=request_id, cause=str(error))
        except Busy as error:
            log.info("catalog is busy", request_id=request_id, path=path)
            if started:
                raise
            await send_response(scope, identified, _busy(str(error)))
        except Exception as error:
            # Whatever it was, the client gets an answer and the log the cause.
            if isinstance(error, CatalogFailed):  # whose words are all there is to know
                log.warning("catalog failed", request_id=request_id, path=path, cause=str(error))
            else:
                log.exception("request failed", request_id=request_id, path=path)
            if started:
                raise
            await send_response(scope, identified, _answer(error, request_id))

    return app


def _nothing_here() -> Response:
    fault = Fault(
        Code.NOT_FOUND,
        "nothing is served at this address: the registry is below /v2/, the management API is "
        "described at /api/entrepot/v1/docs",
    )
    return json_response(404, {"errors": [{"code": fault.code, "message": fault.message}]})


def _answer(error: Exception, request_id: str) -> Response:
    if isinstance(error, CatalogFailed):
        return _unavailable(str(error))
    if isinstance(error, OSError) and error.errno in _OF_MEDIUM:
        cause = f"the registry's storage failed ({error.strerror})"
        return _unavailable(f"{cause}: its log tells more under request {request_id}")
    return _failure(request_id)


def _busy(reason: str) -> Response:
    return _unavailable(f"{reason}: try again in a moment")


def _unavailable(message: str) -> Response:
    response = json_response(503, {"errors": [{"code": Code.UNAVAILABLE, "message": message}]})
    response.set("Retry-After", "1")
    return response


def _failure(request_id: str) -> Response:
    message = f"the registry failed to do this; its log tells why under request {request_id}"
    return json_response(500, {"errors": [{"code": Code.UNKNOWN, "message": message}]})
