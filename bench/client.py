"""A blocking HTTP client whose own cost is small: it sends bytes that lie ready."""

import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from entrepot.oci.digest import Digest
from entrepot.oci.json import encode
from entrepot.oci.mediatype import OCI_CONFIG, OCI_MANIFEST

RECEIVE_BYTES = 256 * 1024


class Connection:
    """One keep-alive connection."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def call(
        self, method: str, target: str, body: bytes = b"", headers: str = ""
    ) -> tuple[int, dict[str, str]]:
        """Send a request; return status and headers of the answer, whose body is dropped."""
        head = f"{method} {target} HTTP/1.1\r\nHost: bench\r\nContent-Length: {len(body)}\r\n"
        self._socket.sendall(f"{head}{headers}\r\n".encode() + (body if len(body) < 65536 else b""))
        if len(body) >= 65536:
            self._socket.sendall(body)
        return self._answer()

    def _answer(self) -> tuple[int, dict[str, str]]:
        data = b""
        while b"\r\n\r\n" not in data:
            received = self._socket.recv(RECEIVE_BYTES)
            if not received:
                raise ConnectionError("the server closed the connection")
            data += received
        head, _, rest = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (x.partition(": ") for x in lines)}
        left = int(headers.get("content-length", "0")) - len(rest)
        while left > 0:
            left -= len(self._socket.recv(min(left, RECEIVE_BYTES)))
        return int(first.split()[1]), headers

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()


def push_blob(connection: Connection, data: bytes, *, chunks: int = 0) -> Digest:
    """Push a blob: POST and PUT, or with PATCHes between them; return its digest."""
    return push_known(connection, data, Digest.of(data), chunks=chunks)


def push_known(connection: Connection, data: bytes, digest: Digest, *, chunks: int = 0) -> Digest:
    """Push a blob whose digest is known, so that only the server hashes."""
    _, headers = connection.call("POST", "/v2/bench/app/blobs/uploads/")
    location = _path(headers["location"])
    if chunks:
        step = -(-len(data) // chunks)
        for start in range(0, len(data), step):
            part = data[start : start + step]
            span = f"Content-Range: {start}-{start + len(part) - 1}\r\n"
            kind = "Content-Type: application/octet-stream\r\n"
            status, headers = connection.call("PATCH", location, part, span + kind)
            _expect(status, 202)
            location = _path(headers["location"])
        data = b""
    mark = "&" if "?" in location else "?"
    status, _ = connection.call("PUT", f"{location}{mark}digest={digest}", data)
    _expect(status, 201)
    return digest


def push_image(connection: Connection, tag: str, layers: list[bytes]) -> Digest:
    """Push an image with these layers; return its manifest's digest."""
    config = b'{"architecture":"amd64","os":"linux","tag":"%b"}' % tag.encode()
    for data in (config, *layers):
        push_blob(connection, data)
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": _descriptor(OCI_CONFIG, config),
        "layers": [_descriptor("application/vnd.oci.image.layer.v1.tar", data) for data in layers],
    }
    raw = encode(document)
    kind = f"Content-Type: {OCI_MANIFEST}\r\n"
    status, _ = connection.call("PUT", f"/v2/bench/app/manifests/{tag}", raw, kind)
    _expect(status, 201)
    return Digest.of(raw)


def in_parallel(port: int, connections: int, work: Callable[[Connection, int], None]) -> float:
    """Run `work(connection, number)` on so many connections at once; return the seconds."""
    barrier = threading.Barrier(connections + 1)
    failures: list[BaseException] = []

    def run(number: int) -> None:
        try:
            with Connection(port) as connection:
                barrier.wait()
                work(connection, number)
        except (OSError, RuntimeError) as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    barrier.wait()
    started = time.perf_counter()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return time.perf_counter() - started


def _descriptor(media_type: str, data: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": Digest.of(data), "size": len(data)}


def _path(location: str) -> str:
    return "/" + location.split("://", 1)[-1].partition("/")[2] if "://" in location else location


def _expect(status: int, wanted: int) -> None:
    if status != wanted:
        raise RuntimeError(f"status {status}, not {wanted}")
