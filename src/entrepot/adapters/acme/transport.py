"""HTTPS to a certificate authority, in a thread: a dozen requests in two months.

The standard library's client is enough for that; it takes proxies from HTTPS_PROXY and NO_PROXY.
"""

import asyncio
import contextlib
import http.client
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec

from .errors import AcmeError

ANSWER_MAX_BYTES = 1 << 20
TIMEOUT_SECONDS = 20.0
"""For each wait on the network: connecting, and each read."""
REQUEST_SECONDS = 60.0
"""For all of a request."""
USER_AGENT = "entrepot"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status; the names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> dict[str, Any]:
        """Return the body, a JSON object. Raises `AcmeError`."""
        try:
            return msgspec.json.decode(self.body, type=dict[str, Any])
        except msgspec.MsgspecError as error:
            raise AcmeError(
                f"the authority's answer (status {self.status}) is no JSON object: is "
                "server.acme_directory the URL of an ACME directory?"
            ) from error


class Transport(Protocol):
    """How requests get to the authority."""

    async def send(self, method: str, url: str, body: bytes = b"") -> Answer:
        """Send one request (a body is JOSE). Raises `AcmeError` if no answer comes."""
        ...


class HttpsTransport:
    """Trusts the system's authorities, or only those of a PEM file."""

    def __init__(self, root: Path | None = None) -> None:
        """Raises `AcmeError` for a file that is no use."""
        try:
            context = ssl.create_default_context(cafile=root)
        except OSError as error:
            raise AcmeError(
                f"server.acme_root: {root} holds no certificates in PEM that can be read: {error}"
            ) from error
        self._opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler(),
            urllib.request.HTTPSHandler(context=context),
        ):
            self._opener.add_handler(handler)

    async def send(self, method: str, url: str, body: bytes = b"") -> Answer:
        """See `Transport`."""
        if urlsplit(url).scheme != "https":
            raise AcmeError(f"the authority names {url[:200]}, and only https is asked")
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                return await _in_thread(lambda: self._send(method, url, body))
        except TimeoutError as error:
            raise AcmeError(_explain(url, error)) from error

    def _send(self, method: str, url: str, body: bytes) -> Answer:
        headers = {"User-Agent": USER_AGENT}
        if body:
            headers["Content-Type"] = "application/jose+json"
        request = urllib.request.Request(  # noqa: S310 - https only, see `send`
            url, data=body or None, headers=headers, method=method
        )
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                read = answer.read(ANSWER_MAX_BYTES + 1)
                found = {name.lower(): value for name, value in answer.headers.items()}
                status = int(answer.status)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise AcmeError(_explain(url, error)) from error
        if len(read) > ANSWER_MAX_BYTES:
            raise AcmeError(f"{url} answers with more than {ANSWER_MAX_BYTES} bytes")
        return Answer(status, found, read)


async def _in_thread(call: Callable[[], Answer]) -> Answer:
    """Await a call in a thread that nobody waits for: a server stops while it goes on."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Answer] = loop.create_future()

    def settle(answer: Answer | None, error: BaseException | None) -> None:
        if done.done():
            return  # cancelled
        if answer is not None:
            done.set_result(answer)
        elif error is not None:
            done.set_exception(error)

    def work() -> None:
        answer, failure = None, None
        try:
            answer = call()
        except BaseException as error:  # it is raised where it is awaited
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(settle, answer, failure)

    threading.Thread(target=work, name="acme", daemon=True).start()
    return await done


def _explain(url: str, error: Exception) -> str:
    reason: object = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, TimeoutError):
        reason = "it does not answer in time"
    host = urlsplit(url).netloc
    if isinstance(reason, ssl.SSLCertVerificationError):
        return (
            f"the certificate of {host} is not trusted ({reason.verify_message}): name the PEM "
            "file of its authority in server.acme_root"
        )
    return (
        f"{host} cannot be reached ({reason}): look at server.acme_directory, and at what this "
        "machine may reach (HTTPS_PROXY)"
    )
