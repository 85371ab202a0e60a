"""CloudEvents 1.0, structured JSON: our own payload, which says it all."""

from typing import Any

from .notice import Notice
from .site import Addressee, Site, image, references, rfc3339

MEDIA_TYPE = "application/cloudevents+json"
TYPE_PREFIX = "io.entrepot."


def payload(notice: Notice, site: Site, _to: Addressee) -> dict[str, Any]:
    """Return the event; `source` and `id` name it once and for all, however often it is sent.

    `subject` is the repository, or the project. A test has the id `test`.
    """
    found: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(notice.sequence) if notice.sequence else "test",
        "source": site.url or f"urn:entrepot:{site.name}",
        "type": TYPE_PREFIX + notice.kind,
        "time": rfc3339(notice.at),
        "datacontenttype": "application/json",
    }
    if notice.repository or notice.project:
        found["subject"] = notice.repository or notice.project
    return {**found, "data": data(notice, site)}


def data(notice: Notice, site: Site) -> dict[str, Any]:
    """Return what the event says, the facts of its kind beside those that all have."""
    told: dict[str, Any] = {
        **notice.facts,
        "sequence": notice.sequence,
        "kind": notice.kind,
        "project": notice.project,
        "repository": notice.repository,
        "actor": notice.actor,
        "client": notice.client,
    }
    if notice.digest:
        told |= {"digest": notice.digest, "mediaType": notice.media_type, "size": notice.size}
    if notice.tags:
        told["tags"] = list(notice.tags)
    if notice.repository:
        told["images"] = [image(site, notice, one) for one in references(notice)]
    return told
