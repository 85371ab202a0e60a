"""Listing the tree, a page of names in memory at a time."""

import os
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from functools import partial
from itertools import islice

from entrepot.adapters.blobs._shared import is_upload_id
from entrepot.ports.blobs import Blob

from .disk import Disk
from .layout import Layout, is_shard, parse_blob

SCAN_PAGE_MAX = 1024
"""Most names that a scan holds at once."""


async def scan_blobs(layout: Layout, disk: Disk) -> AsyncGenerator[Blob, None]:
    """Yield the blob that each file is; foreign files are passed over."""
    for algorithm in layout.algorithms():
        async with aclosing(_list(algorithm, disk, _is_directory)) as shards:
            async for shard in shards:
                if not is_shard(shard):
                    continue
                directory = f"{algorithm}/{shard}"
                async with aclosing(_list(directory, disk, _is_file)) as names:
                    async for name in names:
                        blob = parse_blob(directory, name)
                        if blob is not None:
                            yield blob


async def scan_uploads(layout: Layout, disk: Disk) -> AsyncGenerator[str, None]:
    """Yield the id that each file of uploads/ is named by; foreign files are passed over."""
    async with aclosing(_list(layout.uploads, disk, _is_file)) as names:
        async for name in names:
            if is_upload_id(name):
                yield name


async def _list(
    directory: str, disk: Disk, wanted: Callable[[os.DirEntry[str]], bool]
) -> AsyncGenerator[str, None]:
    try:
        entries = await disk.run(partial(os.scandir, directory))
    except FileNotFoundError:  # its last user may have tidied it away
        return
    with entries:
        while page := await disk.run(partial(_page, entries)):
            for entry in page:
                if wanted(entry):
                    yield entry.name


def _page(entries: Iterator[os.DirEntry[str]]) -> list[os.DirEntry[str]]:
    return list(islice(entries, SCAN_PAGE_MAX))


def _is_directory(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False)


def _is_file(entry: os.DirEntry[str]) -> bool:
    return entry.is_file(follow_symlinks=False)
