"""What a server needs to be there: time to start, memory at rest and strained."""

import socket
import statistics
import time
from contextlib import ExitStack, closing

from entrepot.faces.cli.bench.cpu import reset_peak, tree_peak_mib, tree_rss_mib
from entrepot.faces.cli.bench.fixture import MIB, fill, push
from entrepot.faces.cli.bench.load import Load
from entrepot.faces.cli.bench.payload import Payload
from entrepot.faces.cli.bench.target import Target

from .servers import Server

STARTS = 5
UPLOADS = 50
READERS = 20
BLOB_BYTES = 64 * MIB
SETTLE_SECONDS = 1.0
"""How long a server is left alone before its memory at rest is read."""


def resources(server: Server) -> dict[str, float]:
    """Measure one server; seconds and MiB by name.

    Uploads and readers are told as what they add to the memory at rest before them: the peak of
    50 uploads at once of 64 MiB each, and 20 clients that ask for 64 MiB and read nothing.
    """
    found = {}
    with server.running() as (_, ready):
        found["first start s"] = ready
    found["start s"] = statistics.median(_start_seconds(server) for _ in range(STARTS))
    with server.running() as (target, _):
        time.sleep(SETTLE_SECONDS)
        found["idle MiB"] = _rss(target)
        found["50 uploads MiB"] = _uploads(target)
    with server.running() as (target, _):
        found["20 stalled readers MiB"] = _stalled(target)
    return {name: round(value, 3) for name, value in found.items()}


def _start_seconds(server: Server) -> float:
    with server.running() as (_, ready):
        return ready


def _uploads(target: Target) -> float:
    admitted = target.admitted()
    before = _rss(target)
    reset_peak(target.process_id)
    with closing(Payload(BLOB_BYTES)) as payload:
        bodies = [payload.body() for _ in range(UPLOADS)]
        Load(target.place, [push(admitted, body) for body in bodies]).run()
    return (tree_peak_mib(target.process_id) or 0.0) - before


def _stalled(target: Target) -> float:
    admitted = target.admitted()
    blob = fill(admitted, blobs=(BLOB_BYTES,), images=0).blob(BLOB_BYTES)
    request = admitted.head("GET", f"blobs/{blob}")
    time.sleep(SETTLE_SECONDS)
    before = _rss(target)
    with ExitStack() as stack:
        for _ in range(READERS):
            reader = stack.enter_context(target.place.connect())
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
            reader.sendall(request)
        time.sleep(SETTLE_SECONDS)
        return _rss(target) - before


def _rss(target: Target) -> float:
    return tree_rss_mib(target.process_id) or 0.0
