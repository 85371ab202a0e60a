"""Requests at a fixed rate, one connection for each kind, and how long each took.

The load is open: when an answer is late, the next request has waited from when it was due, and that
counts. A timer of the client that fires late does not count, as the server had no part in it.
"""

import itertools
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from .samples import ACCEPT, Sample

SILENCE_SECONDS = 60.0
RECEIVE_BYTES = 256 * 1024
LENGTH = b"\r\ncontent-length:"


class AnswerError(Exception):
    """The server did not answer as a registry does."""


@dataclass(slots=True)
class Line:
    """One kind's connection: what was asked when, and how long it took, in seconds."""

    sample: Sample
    at: list[float] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    failure: Exception | None = None

    def between(self, begin: float, end: float) -> list[float]:
        """Return what requests of that time took, sorted."""
        pairs = zip(self.at, self.took, strict=False)
        return sorted(took for at, took in pairs if begin <= at < end)


class Load:
    """Asks a server at a port of 127.0.0.1, until `stop`."""

    def __init__(self, port: int, samples: list[Sample], per_second: float) -> None:
        self.lines = [Line(sample) for sample in samples]
        self._stopping = threading.Event()
        self._port = port
        self._pause = 1.0 / per_second
        self._threads = [
            threading.Thread(target=self._run, args=(line, number), daemon=True)
            for number, line in enumerate(self.lines)
        ]
        for thread in self._threads:
            thread.start()

    def check(self) -> None:
        """Raise what ended one of the lines."""
        for line in self.lines:
            if line.failure is not None:
                raise AnswerError(f"{line.sample.name}: {line.failure}") from line.failure

    def stop(self) -> None:
        """End all lines. Raises `AnswerError` if one had ended before."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(SILENCE_SECONDS)
        self.check()

    def _run(self, line: Line, number: int) -> None:
        try:
            with socket.create_connection(("127.0.0.1", self._port), SILENCE_SECONDS) as to:
                to.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                begin = time.perf_counter() + self._pause * (1 + number / len(self.lines))
                self._ask(line, to, begin)
        except (OSError, AnswerError) as error:
            line.failure = error

    def _ask(self, line: Line, to: socket.socket, begin: float) -> None:
        heads = _heads(line.sample.paths)
        for count in itertools.count():
            due = begin + count * self._pause
            wait = due - time.perf_counter()
            if wait > 0:
                # Never long: a line ends with the load.
                time.sleep(wait)
                due = time.perf_counter()
            if self._stopping.is_set():
                return
            to.sendall(next(heads))
            line.statuses[_answer(to)] += 1
            line.took.append(time.perf_counter() - due)
            line.at.append(due)


def _heads(paths: list[str]) -> Iterator[bytes]:
    rest = f" HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: {ACCEPT}\r\n\r\n"
    return itertools.cycle([f"GET {path}{rest}".encode() for path in paths])


def _answer(to: socket.socket) -> int:
    """Read one answer to its end; return the status."""
    got = b""
    while (end := got.find(b"\r\n\r\n")) < 0:
        got += _some(to)
    head = got[:end].lower() + b"\r\n"
    start = head.find(LENGTH)
    if start < 0:
        raise AnswerError(f"an answer without a length: {head[:200]!r}")
    length = int(head[start + len(LENGTH) :].partition(b"\r\n")[0])
    missing = end + 4 + length - len(got)
    while missing > 0:
        missing -= len(_some(to))
    return int(head[9:12])


def _some(to: socket.socket) -> bytes:
    got = to.recv(RECEIVE_BYTES)
    if not got:
        raise AnswerError("the server closed the connection")
    return got
