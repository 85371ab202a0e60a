"""Settings of a cache before the store of blobs, and of a cold store behind it."""

from typing import Annotated

import msgspec
from msgspec import Meta


class Cache(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A cache on a fast local disk before the store of blobs; see tiers.md."""

    dir: Annotated[
        str,
        Meta(description="Its directory, this replica's alone; within `storage.data` if relative."),
    ] = ""
    size_max_bytes: Annotated[
        Annotated[int, Meta(ge=1 << 20, le=1 << 62)],
        Meta(description="What it may take on the disk; `server.workers` share it."),
    ] = 50 << 30
    admit: Annotated[
        str,
        Meta(description="A blob is kept from its `first` pull on, or from the `second`."),
    ] = "first"
    keep_pushed: Annotated[
        bool,
        Meta(description="Keep blobs as they are pushed too, so that a first pull is from here."),
    ] = True
    check_bytes_per_second: Annotated[
        Annotated[int, Meta(ge=1 << 10, le=1 << 40)],
        Meta(description="How fast what it holds is compared with its digests, beside serving."),
    ] = 10_000_000


class Cold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A slower and cheaper store, which blobs move to that nobody pulls; see tiers.md."""

    blobs: Annotated[
        str,
        Meta(description="Its directory, or URL as in `storage.blobs`. Empty: nothing moves."),
    ] = ""
    after_days: Annotated[
        Annotated[float, Meta(ge=0, le=3650)],
        Meta(description="How long no image with a blob was pushed or pulled before it moves."),
    ] = 90.0
    bytes_per_second: Annotated[
        Annotated[int, Meta(ge=1 << 10, le=1 << 40)],
        Meta(description="How fast blobs are moved, so that pulls keep the disk to themselves."),
    ] = 50_000_000
