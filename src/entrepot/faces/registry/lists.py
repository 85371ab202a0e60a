"""Tags, catalog and referrers: everything that comes in pages."""

from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.mediatype import OCI_INDEX
from entrepot.ports.catalog import ManifestRow

from .call import Call, link_next, page_size

REFERRERS_MAX_BYTES = 3 * 1024 * 1024
"""Where a page of referrers is cut; clients read at most 4 MiB."""

LAST_LENGTH_MAX = 512


async def get_tags(call: Call) -> Response:
    """List tags, bytewise."""
    limit = page_size(call)
    page = await call.services.pull.tags(call.name, _last(call), limit)
    response = json_response(200, {"name": call.route.name, "tags": page.items})
    if page.more and limit:
        query = urlencode({"last": page.cursor, "n": len(page.items)})
        link_next(response, f"{call.address('tags', 'list')}?{query}")
    return response


async def get_catalog(call: Call) -> Response:
    """List the repositories that the caller may know of."""
    limit = page_size(call)
    page = await call.services.pull.repositories(_last(call), limit)
    names = [name.wire for name in page.items]
    response = json_response(200, {"repositories": names})
    if page.more and limit:
        link_next(response, f"/v2/_catalog?last={quote(names[-1])}&n={len(names)}")
    return response


async def get_referrers(call: Call) -> Response:
    """List the manifests whose subject is this digest; never 404 (distribution-spec)."""
    subject = Digest.parse(call.route.reference)
    types = frozenset(filter(None, call.request.query.get("artifactType", [])))
    limit = page_size(call)
    last = _last(call)
    if last and not (last.isascii() and last.isdecimal() and len(last) < 19):
        raise Fault(
            Code.REQUEST_INVALID,
            "this is no place in the list: take last from a Link header, or leave it away",
            {"last": last[:20]},
        )
    page = await call.services.pull.referrers(
        call.name, subject, artifact_types=types, after=int(last or 0), limit=limit
    )
    rows = _fitting(page.items)
    more = page.more or len(rows) < len(page.items)
    cursor = page.cursor if len(rows) == len(page.items) else str(rows[-1].id)
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [*map(_descriptor, rows)]}
    response = json_response(200, index, OCI_INDEX)
    if types:
        response.set("OCI-Filters-Applied", "artifactType")
    if more and limit:
        fields = [("artifactType", t) for t in sorted(types)] + [("last", cursor), ("n", limit)]
        link_next(response, f"{call.address('referrers', subject)}?{urlencode(fields)}")
    return response


def _last(call: Call) -> str:
    return (call.request.argument("last") or "")[:LAST_LENGTH_MAX]


def _fitting(rows: list[ManifestRow]) -> list[ManifestRow]:
    """Return the rows that fit on a page by bytes; one at least."""
    size = 0
    for count, row in enumerate(rows):
        size += len(row.annotations.encode()) + len(row.artifact_type.encode()) + 512
        if size > REFERRERS_MAX_BYTES and count:
            return rows[:count]
    return rows


def _descriptor(row: ManifestRow) -> dict[str, Any]:
    descriptor: dict[str, Any] = {
        "mediaType": row.media_type,
        "digest": row.digest,
        "size": row.size,
    }
    if row.artifact_type:
        descriptor["artifactType"] = row.artifact_type
    if row.annotations != "{}":
        descriptor["annotations"] = msgspec.Raw(row.annotations.encode())
    return descriptor
