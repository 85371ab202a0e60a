"""Manifests: HEAD, GET, PUT, DELETE (distribution-spec, "Pulling manifests")."""

from entrepot.faces.asgi import Response
from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.manifest import MANIFEST_SIZE_MAX_BYTES, parse
from entrepot.oci.mediatype import INDEXES, essence
from entrepot.oci.reference import Reference, Tag, parse_reference
from entrepot.ports.catalog import ManifestRow
from entrepot.services.pull import unknown_manifest
from entrepot.services.push import Pushed

from .call import Call
from .conditions import is_unmodified, precondition
from .ratelimits import add_limits, pull_allowance, refused_pull
from .warnings import add_warnings

TAGS_PER_PUSH_MAX = 100
"""Most `tag` parameters in one push by digest; the specification asks for ten at least."""


async def get_manifest(call: Call) -> Response:
    """Return the bytes as pushed, with the type they were pushed as."""
    reference = _readable(call)
    allowance = pull_allowance(call)
    refused = refused_pull(call, allowance)
    if refused is not None:
        return refused
    row, raw = await call.services.pull.manifest(call.name, reference)
    if not _accepts(call, row.media_type):
        row, raw = await _alternative(call, reference, row, raw)
    if call.request.method == "GET":
        call.services.pulls.note(row.repository_id, row.digest)
    if is_unmodified(call.request, row.digest):
        response = Response(304)
    else:
        response = Response(200, body=raw)
        response.set("Content-Type", row.media_type)
    response.set("Docker-Content-Digest", row.digest)
    response.set("ETag", f'"{row.digest}"')
    add_limits(response, allowance)
    add_warnings(response, call.services.warnings.of_stored(row, _shown(call, reference)))
    return response


async def put_manifest(call: Call) -> Response:
    """Publish a manifest under a tag, or by digest under any number of tags."""
    reference = parse_reference(call.route.reference)
    raw = await call.request.read(MANIFEST_SIZE_MAX_BYTES)
    pushed = Pushed(
        raw=raw,
        media_type=essence(call.request.header(b"content-type") or ""),
        reference=reference,
        tags=_extra_tags(call),
        precondition=precondition(call.request),
    )
    published = await call.services.push.publish(call.name, pushed, call.caller)
    manifest = published.manifest
    response = Response(201)
    response.set("Location", call.address("manifests", manifest.digest))
    response.set("Docker-Content-Digest", manifest.digest)
    if manifest.subject is not None:
        response.set("OCI-Subject", manifest.subject.digest)
    if pushed.tags:
        response.set("OCI-Tag", ", ".join(pushed.tags))
    told = call.services.warnings.of_pushed(manifest, _shown(call, reference))
    add_warnings(response, (*told, *published.warnings))
    return response


async def delete_manifest(call: Call) -> Response:
    """Delete a tag, or a manifest with its tags."""
    await call.services.deletion.delete(call.name, _readable(call), call.caller)
    return Response(202)


def _shown(call: Call, reference: Reference) -> str:
    """Return the manifest's name as one writes it behind `docker pull`."""
    return f"{call.route.name}{'@' if isinstance(reference, Digest) else ':'}{reference}"


def _readable(call: Call) -> Reference:
    text = call.route.reference
    try:
        return parse_reference(text)
    except Fault as fault:
        # What cannot be a tag is just not there for one who reads.
        if fault.code is Code.TAG_INVALID:
            raise unknown_manifest(call.name, Tag(text[:128])) from fault
        raise


def _extra_tags(call: Call) -> tuple[Tag, ...]:
    texts = call.request.query.get("tag", [])
    if len(texts) > TAGS_PER_PUSH_MAX:
        raise Fault(
            Code.TAGS_TOO_MANY,
            f"{len(texts)} tags are too many for one push: set at most {TAGS_PER_PUSH_MAX}, and "
            "the others with another one",
            {"tags": len(texts), "limit": TAGS_PER_PUSH_MAX},
        )
    return tuple(dict.fromkeys(Tag.parse(text) for text in texts))


def _accepts(call: Call, media_type: str) -> bool:
    """Whether the client takes this type; no header takes all, `q` is not looked at."""
    header = call.request.header(b"accept")
    if header is None:
        return True
    accepted = {essence(part) for part in header.split(",")}
    return not accepted.isdisjoint({media_type, "*/*", "application/*", ""})


async def _alternative(
    call: Call, reference: Reference, row: ManifestRow, raw: bytes
) -> tuple[ManifestRow, bytes]:
    """Return the linux/amd64 image of an index to a client that knows no indexes.

    Only for a tag: what is asked for by digest has that digest.
    """
    if isinstance(reference, Tag) and row.media_type in INDEXES:
        for child in parse(raw, row.media_type).children:
            platform = child.platform
            if platform and (platform.os, platform.architecture) == ("linux", "amd64"):
                found, content = await call.services.pull.manifest(call.name, child.digest)
                if _accepts(call, found.media_type):
                    return found, content
    raise Fault(
        Code.MANIFEST_UNKNOWN,
        f"{reference} is stored as {row.media_type}, which the client's Accept header leaves out: "
        "add this type to it",
        {"mediaType": row.media_type, "digest": Digest(row.digest)},
    )
