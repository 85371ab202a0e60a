"""Harbor's payloads: its default one, and its CloudEvents.

As `src/pkg/notifier/model` and `src/pkg/notification/hook` of Harbor 2.x have them: what reads
Harbor's webhooks reads these. What Harbor has no word for gets ours, in its writing.
"""

from typing import Any

from . import kinds
from .notice import Notice
from .site import Addressee, Site, image, references, rfc3339

PUSH = "PUSH_ARTIFACT"
PULL = "PULL_ARTIFACT"
DELETE = "DELETE_ARTIFACT"
EXCEEDED = "QUOTA_EXCEED"
WARNED = "QUOTA_WARNING"
RETENTION = "TAG_RETENTION"

KINDS_OF: dict[str, tuple[str, ...]] = {
    PUSH: (kinds.PUBLISHED, kinds.TAG_MOVED, kinds.RESTORED),
    PULL: (kinds.PULLED,),
    DELETE: (kinds.DELETED,),
    EXCEEDED: (kinds.QUOTA_EXCEEDED,),
    WARNED: (kinds.QUOTA_WARNED,),
    RETENTION: (kinds.RETENTION_FINISHED,),
    "REPLICATION": (),
    "SCANNING_COMPLETED": (),
    "SCANNING_FAILED": (),
    "SCANNING_STOPPED": (),
}
"""Our kinds for each type of Harbor's; none for what Entrepot does not do yet."""

_TYPE = {ours: theirs for theirs, several in KINDS_OF.items() for ours in several}
_CLOUD_TYPE = {
    PUSH: "harbor.artifact.pushed",
    PULL: "harbor.artifact.pulled",
    DELETE: "harbor.artifact.deleted",
    EXCEEDED: "harbor.quota.exceeded",
    WARNED: "harbor.quota.warned",
    RETENTION: "harbor.tag_retention.finished",
}


def type_of(kind: str) -> str:
    """Return Harbor's type of one of our kinds: `PUSH_ARTIFACT`; else ours, as `TAG_DELETED`."""
    return _TYPE.get(kind) or kind.replace(".", "_").upper()


def default(notice: Notice, site: Site, _to: Addressee) -> dict[str, Any]:
    """Return Harbor's default payload."""
    return {
        "type": type_of(notice.kind),
        "occur_at": int(notice.at),
        "operator": notice.actor,
        "event_data": event_data(notice, site),
    }


def cloud(notice: Notice, site: Site, to: Addressee) -> dict[str, Any]:
    """Return Harbor's CloudEvents payload (structured JSON)."""
    kind = type_of(notice.kind)
    return {
        "specversion": "1.0",
        "id": f"{to.webhook_id}-{notice.sequence}",
        "source": f"/projects/{notice.project}/webhook/policies/{to.webhook_id}",
        "type": _CLOUD_TYPE.get(kind, f"harbor.{notice.kind}"),
        "datacontenttype": "application/json",
        "time": rfc3339(notice.at),
        "operator": notice.actor or "anonymous",
        "data": event_data(notice, site),
    }


def event_data(notice: Notice, site: Site) -> dict[str, Any]:
    """Return what both payloads say of an event."""
    data: dict[str, Any] = {}
    if notice.repository and references(notice):
        data["resources"] = [_resource(notice, site, one) for one in references(notice)]
    if notice.repository:
        data["repository"] = _repository(notice)
    elif notice.project and notice.kind != kinds.RETENTION_FINISHED:
        # Harbor names the project in the repository's place where there is none.
        data["repository"] = _described("", notice.project, "", is_public=notice.public)
    if notice.kind == kinds.RETENTION_FINISHED:
        data["retention"] = _retention(notice, site)
    elif notice.kind in (kinds.QUOTA_EXCEEDED, kinds.QUOTA_WARNED):
        data["custom_attributes"] = {"Details": str(notice.facts.get("text", ""))}
    return data


def _resource(notice: Notice, site: Site, reference: str) -> dict[str, Any]:
    found = {"tag": reference, "resource_url": image(site, notice, reference)}
    return {"digest": notice.digest, **found} if notice.digest else found


def _repository(notice: Notice) -> dict[str, Any]:
    name = notice.repository.partition("/")[2]
    return _described(name, notice.project, notice.repository, is_public=notice.public)


def _described(name: str, namespace: str, full: str, *, is_public: bool) -> dict[str, Any]:
    return {
        "name": name,
        "namespace": namespace,
        "repo_full_name": full,
        "repo_type": "public" if is_public else "private",
    }


def _retention(notice: Notice, site: Site) -> dict[str, Any]:
    kept, removed = _count(notice, "kept"), _count(notice, "deleted")
    return {
        "total": kept + removed,
        "retained": kept,
        "harbor_hostname": site.host,
        "project_name": notice.project,
        "retention_policy_id": 0,
        "status": "SUCCESS",
        "deleted_artifact": [],
    }


def _count(notice: Notice, name: str) -> int:
    value = notice.facts.get(name, 0)
    return value if isinstance(value, int) else 0
