"""A cloud in memory, whose requests can be watched, refused or left unanswered."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

from obstore.store import MemoryStore

from entrepot.adapters.blobs.objects import ObjectStore
from entrepot.adapters.blobs.objects.bucket import Bucket
from entrepot.adapters.blobs.objects.errors import told
from entrepot.adapters.blobs.objects.links import Links
from entrepot.adapters.blobs.objects.means import Means
from entrepot.adapters.blobs.objects.pointers import Pointers
from entrepot.adapters.blobs.objects.records import Part
from entrepot.adapters.blobs.objects.segments import MultipartGone, OpenMultipart

PART_MIN_BYTES = 1000
PART_SIZE_BYTES = 1500
REST_MAX_BYTES = 100

Watch = Callable[[str, str, str], None]
"""Told `before` or `after`, what is done, and the key; may raise."""


def nobody(when: str, what: str, key: str) -> None:
    """Watch nothing."""


@dataclass
class Cloud:
    """What outlives a process: objects, and multipart uploads under way by key and id."""

    has_multiparts: bool = True
    driver: MemoryStore = field(default_factory=MemoryStore)
    multiparts: dict[tuple[str, str], dict[int, bytes]] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=count)
    watch: Watch = nobody
    links: Links | None = None

    def open(self, stale_seconds: float = 0.0) -> ObjectStore:
        """Return a new process's store."""
        bucket = WatchedBucket(self)
        means = Means(
            bucket=bucket,
            multiparts=CloudMultiparts(self) if self.has_multiparts else None,
            pointers=Pointers(bucket),
            part_size_bytes=PART_SIZE_BYTES,
            concurrency=2,
            part_min_bytes=PART_MIN_BYTES,
            rest_max_bytes=REST_MAX_BYTES,
            links=self.links,
        )
        return ObjectStore(means, AsyncExitStack(), stale_seconds=stale_seconds)

    def keys(self, prefix: str = "") -> set[str]:
        """Return the keys of all objects below a prefix."""
        return {meta["path"] for meta in self.driver.list(prefix or None).collect()}

    def bytes_at(self, key: str) -> bytes:
        """Return an object."""
        return bytes(self.driver.get(key).bytes())


class WatchedBucket(Bucket):
    """A bucket that tells of each request."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud.driver, "s3://bucket")
        self._cloud = cloud

    @contextmanager
    def _doing(self, what: str, key: str, *, conditional: bool = False) -> Iterator[None]:
        self._cloud.watch("before", what, key)
        with told(what, conditional=conditional):
            yield
        self._cloud.watch("after", what, key)


class CloudMultiparts:
    """Multipart uploads as S3 has them."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    async def create(self, key: str) -> str:
        with self._watched("creating", key):
            name = f"m{next(self._cloud.numbers)}"
            self._cloud.multiparts[key, name] = {}
            return name

    async def put(self, key: str, upload_id: str, number: int, data: bytes | bytearray) -> str:
        with self._watched("putting", key):
            self._of(key, upload_id)[number] = bytes(data)
            return f"{number}-{hash(bytes(data))}"

    async def complete(self, key: str, upload_id: str, parts: Sequence[Part]) -> None:
        with self._watched("completing", key):
            stored = self._of(key, upload_id)
            for number, part in enumerate(parts, 1):
                assert part.etag == f"{number}-{hash(stored[number])}"
                assert number == len(parts) or len(stored[number]) >= PART_MIN_BYTES
            whole = b"".join(stored[number] for number in range(1, len(parts) + 1))
            self._cloud.driver.put(key, whole)
            del self._cloud.multiparts[key, upload_id]

    async def abort(self, key: str, upload_id: str) -> None:
        with self._watched("aborting", key):
            self._cloud.multiparts.pop((key, upload_id), None)

    async def under_way(self, prefix: str) -> AsyncIterator[OpenMultipart]:
        for key, upload_id in list(self._cloud.multiparts):
            if key.startswith(f"{prefix}/"):
                yield OpenMultipart(key, upload_id, datetime.min.replace(tzinfo=UTC))

    def _of(self, key: str, upload_id: str) -> dict[int, bytes]:
        try:
            return self._cloud.multiparts[key, upload_id]
        except KeyError:
            raise MultipartGone(key) from None

    @contextmanager
    def _watched(self, what: str, key: str) -> Iterator[None]:
        self._cloud.watch("before", what, key)
        yield
        self._cloud.watch("after", what, key)
