"""Bytes into the layout of the store, written by a process of their own."""

import os
from multiprocessing import Process, Queue
from pathlib import Path

from entrepot.adapters.blobs.fs.layout import Layout
from entrepot.oci.digest import Digest
from entrepot.ports.blobs import Blob

BATCH = 8192
WAITING_MAX = 4
"""Batches that wait to be written: what bounds the memory."""
MODE = 0o600

_Batch = list[tuple[str, int, bytes]]


class FileWriter:
    """Writes blobs, none of them synced; when `close` returns, all are there."""

    def __init__(self, data: Path) -> None:
        layout = Layout.under(data)
        for number in range(256):
            shard = Path(layout.blobs) / "sha256" / f"{number:02x}"
            shard.mkdir(mode=0o700, parents=True, exist_ok=True)
        Path(layout.uploads).mkdir(mode=0o700)
        self._batch: _Batch = []
        self._queue: Queue[_Batch] = Queue(WAITING_MAX)
        self._process = Process(target=_write, args=(layout, self._queue))
        self._process.start()

    def put(self, encoded: str, generation: int, data: bytes) -> None:
        """Take a blob; wait while too many do."""
        self._batch.append((encoded, generation, data))
        if len(self._batch) == BATCH:
            self._send()

    def close(self) -> None:
        """Wait until all is written. Raises OSError if that failed."""
        if self._batch:
            self._send()
        self._queue.put([])
        self._process.join()
        if self._process.exitcode:
            raise OSError("the process that writes blobs failed; its message is above")

    def _send(self) -> None:
        self._queue.put(self._batch)
        self._batch = []


def _write(layout: Layout, queue: "Queue[_Batch]") -> None:
    while batch := queue.get():
        # One directory after the other.
        for encoded, generation, data in sorted(batch):
            path = layout.blob(Blob(Digest(f"sha256:{encoded}"), generation))
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
            os.write(file, data)
            os.close(file)
