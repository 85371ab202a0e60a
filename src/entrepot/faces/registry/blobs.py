"""Blobs: HEAD, GET with ranges, DELETE (distribution-spec, "Pulling blobs")."""

from entrepot.faces.asgi import Response
from entrepot.oci.digest import Digest
from entrepot.oci.mediatype import OCTET_STREAM
from entrepot.oci.ranges import Span, Unsatisfiable, parse_range
from entrepot.ports.blobs import Reading
from entrepot.rules.leases import BlobRow

from .call import Call
from .conditions import is_unmodified
from .reading import Multipart, OneReading, content_range

CACHE_CONTROL = "max-age=31536000"
BOUNDARY = "entrepot3d6b6a416f9b5"


async def head_blob(call: Call) -> Response:
    """Say whether the blob is there; a client that will push may rely on it for the grace time."""
    digest = Digest.parse(call.route.reference)
    row = await call.services.blobs.exists(call.name, digest)
    if row is None:
        row = await call.services.pull.blob(call.name, digest)
    response = _response(200, row)
    response.set("Content-Type", OCTET_STREAM)
    response.length = row.size
    return response


async def get_blob(call: Call) -> Response:
    """Return the blob or the ranges asked for."""
    digest = Digest.parse(call.route.reference)
    row = await call.services.pull.blob(call.name, digest)
    if is_unmodified(call.request, digest):
        return _response(304, row)
    spans = None
    header = call.request.header(b"range")
    if header is not None:
        try:
            spans = parse_range(header, row.size)
        except Unsatisfiable:
            response = _response(416, row)
            response.set("Content-Range", f"bytes */{row.size}")
            return response
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

    body = Multipart(spans, row.size, BOUNDARY, open_span)
    response = _response(206, row)
    response.set("Content-Type", f"multipart/byteranges; boundary={BOUNDARY}")
    response.source = body
    response.length = body.length
    return response
