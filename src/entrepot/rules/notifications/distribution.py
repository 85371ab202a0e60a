"""The distribution project's notification envelope, as its receivers know it.

https://distribution.github.io/distribution/about/notifications/
"""

from typing import Any

from . import kinds
from .notice import Notice
from .site import Addressee, Site, manifest_url, rfc3339

MEDIA_TYPE = "application/vnd.docker.distribution.events.v1+json"

ACTIONS = {
    kinds.PUBLISHED: "push",
    kinds.TAG_MOVED: "push",
    kinds.RESTORED: "push",
    kinds.PULLED: "pull",
    kinds.DELETED: "delete",
    kinds.TAG_DELETED: "delete",
    kinds.TEST: "push",
}
"""What the envelope has a word for; it tells nothing else."""


def payload(notice: Notice, site: Site, _to: Addressee) -> dict[str, Any]:
    """Return the envelope: an event for each tag, or one for a manifest by its digest."""
    action = ACTIONS.get(notice.kind)
    if action is None:
        return {"events": []}
    tags: tuple[str, ...] = notice.tags or ("",)
    if notice.kind == kinds.DELETED:
        tags = ("",)  # by digest; its tags go with it
    return {
        "events": [_event(notice, site, action, number, tag) for number, tag in enumerate(tags)]
    }


def _event(notice: Notice, site: Site, action: str, number: int, tag: str) -> dict[str, Any]:
    return {
        "id": f"{site.name}-{notice.sequence}-{number}",
        "timestamp": rfc3339(notice.at),
        "action": action,
        "target": _target(notice, site, tag),
        "request": {
            "id": "",
            "addr": "",
            "host": site.host,
            "method": {"push": "PUT", "pull": "GET"}.get(action, "DELETE"),
            "useragent": notice.client,
        },
        "actor": {"name": notice.actor} if notice.actor else {},
        "source": {"addr": site.host, "instanceID": site.name},
    }


def _target(notice: Notice, site: Site, tag: str) -> dict[str, Any]:
    target: dict[str, Any] = {"repository": notice.repository}
    if notice.kind != kinds.TAG_DELETED and notice.digest:
        target["digest"] = notice.digest
    if notice.media_type:
        target["mediaType"] = notice.media_type
    if notice.size:
        target |= {"size": notice.size, "length": notice.size}
    url = manifest_url(site, notice, notice.digest)
    if url:
        target["url"] = url
    if tag:
        target["tag"] = tag
    return target
