"""Blobs: HEAD, GET with ranges, DELETE (distribution-spec, "Pulling blobs")."""

from itertools import pairwise

from entrepot.faces.asgi import Response
from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.mediatype import OCTET_STREAM
from entrepot.oci.ranges import Span, Unsatisfiable, parse_range
from entrepot.ports.blobs import Reading
from entrepot.rules.leases import BlobRow

from .call import Call
from .conditions import is_unmodified, takes_range
from .errors import error_response
from .reading import Multipart, OneReading, content_range

CACHE_CONTROL = "max-age=31536000"
BOUNDARY_LENGTH = 32
"""Characters of the boundary between parts, of the 70 that RFC 2046 allows."""


async def head_blob(call: Call) -> Response:
    """Say whether the blob is there; a client that will push may rely on it for the grace time."""
    digest = Digest.parse(call.route.reference)
    row = await call.services.blobs.exists(call.name, digest)
    if row is None:
        row = await call.services.pull.blob(call.name, digest)
    if is_unmodified(call.request, digest):
        return _response(304, row)
    response = _response(200, row)
    response.set("Content-Type", OCTET_STREAM)
    response.length = row.size
    return response


async def get_blob(call: Call) -> Response:
    """Return the blob or the ranges asked for, or where to find them."""
    digest = Digest.parse(call.route.reference)
    row = await call.services.pull.blob(call.name, digest)
    if is_unmodified(call.request, digest):
        return _response(304, row)
    try:
        spans = _spans(call, row)
    except Unsatisfiable:
        return _unsatisfiable(row)
    if spans is None or len(spans) == 1:
        # Of several ranges object stores know nothing.
        link = await call.services.links.link(call.name, row) if call.services.links else None
        if link is not None:
            return _elsewhere(row, link)
    if spans is None:
        return await _whole(call, row)
    if len(spans) == 1:
        return await _part(call, row, spans[0])
    return _parts(call, row, spans)


async def delete_blob(call: Call) -> Response:
    """Take the blob from the repository."""
    digest = Digest.parse(call.route.reference)
    await call.services.blobs.delete(call.name, digest, call.caller)
    response = Response(202)
    response.set("Docker-Content-Digest", digest)
    return response


def _spans(call: Call, row: BlobRow) -> tuple[Span, ...] | None:
    """Return the ranges to serve, None for the whole blob; `Unsatisfiable` if there are none.

    Too many and overlapping ones raise `Fault(REQUEST_INVALID)`: at 400 zstd:chunked clients ask
    again for fewer, at 416 they give up. Overlaps could ask for a blob a thousand times at once.
    """
    header = call.request.header(b"range")
    if header is None or not takes_range(call.request, row.digest):
        return None
    try:
        spans = parse_range(header, row.size)
    except Fault as fault:
        raise Fault(Code.REQUEST_INVALID, fault.message, fault.detail) from fault
    ordered = sorted(spans or (), key=lambda span: span.offset)
    if any(after.offset <= before.last for before, after in pairwise(ordered)):
        raise Fault(
            Code.REQUEST_INVALID,
            "the ranges overlap: ask for each byte once",
            {"ranges": len(ordered)},
        )
    return spans


def _elsewhere(row: BlobRow, link: str) -> Response:
    """Send the client to where the bytes are; the method and a range stay (RFC 9110 15.4.8)."""
    response = Response(307)
    response.set("Location", link)
    response.set("Docker-Content-Digest", row.digest)
    response.set("Cache-Control", "no-store")
    response.length = 0
    return response


def _unsatisfiable(row: BlobRow) -> Response:
    message = f"no byte of the range lies within the blob: ask below byte {row.size}"
    response = error_response(Fault(Code.RANGE_INVALID, message, {"size": row.size}))
    response.set("Content-Range", f"bytes */{row.size}")
    return response


def _response(status: int, row: BlobRow) -> Response:
    response = Response(status)
    response.set("Docker-Content-Digest", row.digest)
    response.set("ETag", f'"{row.digest}"')
    response.set("Accept-Ranges", "bytes")
    response.set("Cache-Control", CACHE_CONTROL)
    return response


async def _whole(call: Call, row: BlobRow) -> Response:
    response = _response(200, row)
    response.set("Content-Type", OCTET_STREAM)
    response.source = OneReading(await call.services.pull.open(row))
    response.length = row.size
    return response


async def _part(call: Call, row: BlobRow, span: Span) -> Response:
    response = _response(206, row)
    response.set("Content-Type", OCTET_STREAM)
    response.set("Content-Range", content_range(span, row.size))
    response.source = OneReading(await call.services.pull.open(row, span))
    response.length = span.length
    return response


def _parts(call: Call, row: BlobRow, spans: tuple[Span, ...]) -> Response:
    async def open_span(span: Span) -> Reading:
        return await call.services.pull.open(row, span)

    # Nobody can make a blob that holds its own digest, so this stands in none.
    boundary = row.digest.encoded[:BOUNDARY_LENGTH]
    body = Multipart(spans, row.size, boundary, open_span)
    response = _response(206, row)
    response.set("Content-Type", f"multipart/byteranges; boundary={boundary}")
    response.source = body
    response.length = body.length
    return response
