"""Blob uploads (distribution-spec, "Pushing blobs")."""

from entrepot.faces.asgi import Response
from entrepot.oci.digest import DEFAULT_ALGORITHM, Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.oci.ranges import parse_content_range
from entrepot.rules.uploads import range_header
from entrepot.services.uploads import Chunk

from .call import Call


async def post_upload(call: Call) -> Response:
    """Open a session; or mount a blob, or take one whole, in one request."""
    mount = call.request.argument("mount")
    if mount is not None:
        mounted = await _mount(call, mount)
        if mounted is not None:
            return _created(call, mounted)
    uploads = call.services.uploads
    given = call.request.argument("digest")
    if given is not None and mount is None:
        digest = Digest.parse(given)
        await uploads.finish(call.name, None, call.caller, digest, await _chunk(call))
        return _created(call, digest)
    algorithm = call.request.argument("digest-algorithm") or DEFAULT_ALGORITHM
    return _accepted(call, uploads.begin(call.name, algorithm), 0)


async def patch_upload(call: Call) -> Response:
    """Add a chunk."""
    upload_id = call.route.reference
    chunk = await _chunk(call)
    offset = await call.services.uploads.append(call.name, upload_id, call.caller, chunk)
    return _accepted(call, upload_id, offset)


async def put_upload(call: Call) -> Response:
    """End a session, with the last chunk or without."""
    given = call.request.argument("digest")
    if given is None:
        raise Fault(Code.DIGEST_INVALID, "the digest of the blob is missing: add ?digest=sha256:…")
    digest = Digest.parse(given)
    chunk = await _chunk(call) if call.request.has_body else None
    upload_id = call.route.reference
    await call.services.uploads.finish(call.name, upload_id, call.caller, digest, chunk)
    return _created(call, digest)


async def get_upload(call: Call) -> Response:
    """Say how far the session is."""
    upload_id = call.route.reference
    offset = await call.services.uploads.status(call.name, upload_id)
    response = _accepted(call, upload_id, offset)
    response.status = 204
    return response


async def delete_upload(call: Call) -> Response:
    """Cancel the session."""
    await call.services.uploads.cancel(call.name, call.route.reference)
    return Response(204)


async def _mount(call: Call, text: str) -> Digest | None:
    """Return the digest that was mounted, or None: then a session is opened.

    It fails only where a quota is exceeded already.
    """
    source = call.request.argument("from")
    try:
        digest = Digest.parse(text)
        name = RepositoryName.parse(source) if source else None
    except Fault:
        return None
    room = await call.room()
    row = await call.services.blobs.mount(
        call.name, digest, name, call.may_pull, room=room, caller=call.caller
    )
    return digest if row is not None else None


async def _chunk(call: Call) -> Chunk:
    header = call.request.header(b"content-range")
    span = parse_content_range(header) if header is not None else None
    return Chunk(call.request, span, call.request.content_length, await call.room())


def _accepted(call: Call, upload_id: str, offset: int) -> Response:
    response = Response(202)
    response.set("Location", call.address("blobs/uploads", upload_id))
    response.set("Range", range_header(offset))
    response.set("Docker-Upload-UUID", upload_id)
    return response


def _created(call: Call, digest: Digest) -> Response:
    response = Response(201)
    response.set("Location", call.address("blobs", digest))
    response.set("Docker-Content-Digest", digest)
    return response
