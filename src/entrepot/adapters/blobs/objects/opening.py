"""From a URL and settings to a store."""

from contextlib import AsyncExitStack
from urllib.parse import urlsplit

from obstore.store import MemoryStore

from entrepot.settings.objects import Objects

from .bucket import Bucket, Driver
from .clouds import open_cloud
from .layout import UPLOADS
from .links import CloudFront, Links
from .means import Means
from .pointers import Pointers
from .s3 import open_s3
from .segments import PART_MIN_BYTES, Multiparts
from .store import STALE_SECONDS, ObjectStore

SCHEMES = ("s3", "gs", "az")


async def open_store(
    url: str,
    options: Objects = Objects(),  # noqa: B008 - a frozen value
    *,
    stale_seconds: float = STALE_SECONDS,
    driver: Driver | None = None,
) -> ObjectStore:
    """Return the store at `s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX` or `az://CONTAINER/PREFIX`.

    Raises OSError if it cannot be used: no credentials, no such bucket, no permission, or nobody
    answers; ValueError for a URL or a key that is none. `driver` stands in for a cloud.
    """
    scheme, bucket, prefix = _parts(url)
    async with AsyncExitStack() as stack:
        multiparts: Multiparts | None = None
        if driver is None and scheme == "s3":
            s3 = await open_s3(bucket, prefix, options, stack)
            driver, multiparts = s3.driver, s3.multiparts
        elif driver is None:
            driver = open_cloud(scheme, bucket, prefix, options)
        opened = Bucket(driver, f"{scheme}://{bucket}")
        stack.push_async_callback(opened.close)
        await _check(opened)
        means = Means(
            bucket=opened,
            multiparts=multiparts,
            pointers=Pointers(opened),
            part_size_bytes=options.part_size_bytes,
            concurrency=options.concurrency,
            part_min_bytes=PART_MIN_BYTES,
            links=_links(opened, prefix, options) if options.redirect else None,
        )
        return ObjectStore(means, stack.pop_all(), stale_seconds=stale_seconds)
    raise AssertionError("not reached")


def _links(bucket: Bucket, prefix: str, options: Objects) -> Links:
    if not options.cdn_url:
        return Links(bucket.sign, options.redirect_seconds)
    front = CloudFront(options.cdn_url, prefix, key_id=options.cdn_key_id, key_file=options.cdn_key)
    return Links(front.sign, options.redirect_seconds)


def _parts(url: str) -> tuple[str, str, str]:
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or not parts.netloc or parts.query or parts.fragment:
        raise ValueError(f"'{url[:200]}' names no object store: write it as s3://BUCKET/PREFIX")
    return parts.scheme, parts.netloc, parts.path.strip("/")


async def _check(bucket: Bucket) -> None:
    """Raise OSError unless the bucket is there and lets us look at it."""
    if isinstance(bucket.driver, MemoryStore):
        return
    async for _ in bucket.list(UPLOADS):
        break
