"""A server that answers what a test tells it to, byte for byte."""

import hashlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedIOBase

from entrepot.faces.cli.bench.request import Place

HEAD_END = b"\r\n\r\n"
TIMEOUT_SECONDS = 20.0
CLOSE = b""
"""As a piece of an answer: the server closes the connection."""

Answers = Callable[["Seen"], Sequence[bytes]]


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it came: its first line, its headers' text, its body's size and sha256."""

    number: int
    line: str
    head: str
    size: int
    sha256: str


@dataclass(slots=True)
class Scripted:
    """A running scripted server and what it has seen."""

    place: Place
    seen: list[Seen] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://{self.place.host}:{self.place.port}"


@contextmanager
def scripted(answers: Answers, context: ssl.SSLContext | None = None) -> Iterator[Scripted]:
    """Yield a server of which each answer is sent in the pieces that `answers` returns."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Scripted(Place("127.0.0.1", listener.getsockname()[1]))
        threads: list[threading.Thread] = []

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                connection.settimeout(TIMEOUT_SECONDS)
                thread = threading.Thread(
                    target=_serve, args=(connection, answers, server, context)
                )
                threads.append(thread)
                thread.start()

        acceptor = threading.Thread(target=accept)
        acceptor.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            acceptor.join(TIMEOUT_SECONDS)
            for thread in threads:
                thread.join(TIMEOUT_SECONDS)


def _serve(
    plain: socket.socket, answers: Answers, server: Scripted, context: ssl.SSLContext | None
) -> None:
    connection = context.wrap_socket(plain, server_side=True) if context else plain
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection, connection.makefile("rb") as stream:
        try:
            while (request := _request(stream, len(server.seen))) is not None:
                server.seen.append(request)
                for piece in answers(request):
                    if piece == CLOSE:
                        return
                    connection.sendall(piece)
        except OSError:
            return  # the client has what it wants


def _request(stream: BufferedIOBase, number: int) -> Seen | None:
    head = b""
    while not head.endswith(HEAD_END):
        line = stream.readline()
        if not line:
            return None
        head += line
    told = re.search(rb"(?i)content-length: (\d+)", head)
    left = size = int(told[1]) if told else 0
    digest = hashlib.sha256()
    while left:
        part = stream.read(min(left, 65536))
        if not part:
            return None
        digest.update(part)
        left -= len(part)
    text = head.decode("latin-1")
    return Seen(number, text.partition("\r\n")[0], text, size, digest.hexdigest())


def answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    """Return a whole answer with its Content-Length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + HEAD_END + body
