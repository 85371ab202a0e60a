"""Helm charts: files of the archive that a chart's layer is."""

import io
import tarfile
import zlib

CHART_SIZE_MAX_BYTES = 10 << 20
"""Larger archives are not looked into."""
UNPACKED_MAX_BYTES = 32 << 20
FILE_SIZE_MAX_BYTES = 1 << 20
MEMBERS_MAX = 10_000


def chart_file(archive: bytes, name: str) -> bytes | None:
    """Return a file that lies on top of a chart (`CHART/name`), in any case; None for none.

    None also for what is no gzipped tar, or too large: charts of strangers may be anything.
    """
    unpacked = _unpacked(archive)
    if unpacked is None:
        return None
    try:
        with tarfile.open(fileobj=io.BytesIO(unpacked), mode="r:") as tar:
            for _ in range(MEMBERS_MAX):
                member = tar.next()
                if member is None:
                    return None
                parts = member.name.removeprefix("./").split("/")
                if member.isreg() and len(parts) == 2 and parts[1].lower() == name.lower():
                    opened = tar.extractfile(member)
                    return opened.read(FILE_SIZE_MAX_BYTES) if opened is not None else None
    except (tarfile.TarError, ValueError, UnicodeError):
        return None
    return None


def _unpacked(archive: bytes) -> bytes | None:
    """Return what the gzip holds, if that is within bounds."""
    if len(archive) > CHART_SIZE_MAX_BYTES:
        return None
    gzip = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        found = gzip.decompress(archive, UNPACKED_MAX_BYTES)
    except zlib.error:
        return None
    return found if gzip.eof else None
