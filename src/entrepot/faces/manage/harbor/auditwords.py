"""What the audit log's operations are called in Harbor."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

CREATE, DELETE, UPDATE, PULL = "create", "delete", "update", "pull"


@dataclass(frozen=True, slots=True)
class Words:
    """How Harbor calls an act."""

    resource_type: str
    operation: str

    @property
    def event_type(self) -> str:
        """The name by which purges pick it."""
        return f"{self.operation}_{self.resource_type}"


ARTIFACT, TAG, PROJECT, USER = "artifact", "tag", "project", "user"
WORDS = {
    "blob.deleted": Words(ARTIFACT, DELETE),
    "bearer.revoked": Words("token", DELETE),
    "cli-secret.renewed": Words(USER, UPDATE),
    "grant.changed": Words("member", UPDATE),
    "grant.created": Words("member", CREATE),
    "grant.removed": Words("member", DELETE),
    "history.rollback": Words(TAG, UPDATE),
    "job.repository.delete": Words("repository", DELETE),
    "job.project.delete": Words(PROJECT, DELETE),
    "label.marked": Words("label", CREATE),
    "label.unmarked": Words("label", DELETE),
    "login": Words(USER, "login"),
    "job.cancelled": Words("job", UPDATE),
    "manifest.deleted": Words(ARTIFACT, DELETE),
    "manifest.published": Words(ARTIFACT, CREATE),
    "manifest.restored": Words(ARTIFACT, CREATE),
    "remote.changed": Words("registry", UPDATE),
    "remote.created": Words("registry", CREATE),
    "remote.removed": Words("registry", DELETE),
    "repository.delete": Words(ARTIFACT, DELETE),
    "repository.described": Words("repository", UPDATE),
    "repository.pull": Words(ARTIFACT, PULL),
    "repository.push": Words(ARTIFACT, CREATE),
    "robot.rotated": Words("robot", UPDATE),
    "session.ended": Words(USER, "logout"),
    "session.opened": Words(USER, "login"),
    "site.changed": Words("configuration", UPDATE),
    "site.reset": Words("configuration", UPDATE),
    "tag.deleted": Words(TAG, DELETE),
    "tag.moved": Words(TAG, CREATE),
    "trash.purged": Words(ARTIFACT, DELETE),
}
"""What the general rule would call otherwise."""

_VERBS = {
    CREATE: ("added", "created", "entered", "opened", "post", "put", "trusted", "published"),
    DELETE: ("delete", "deleted", "dropped", "ended", "left", "removed", "revoked", "purged"),
    PULL: ("get", "head", "pull"),
}
_VERB = {ours: theirs for theirs, group in _VERBS.items() for ours in group}

EVENT_TYPES = (
    "create_artifact",
    "delete_artifact",
    "pull_artifact",
    "create_project",
    "delete_project",
    "delete_repository",
    "login_user",
    "logout_user",
    "create_user",
    "delete_user",
    "update_user",
    "create_robot",
    "delete_robot",
    "update_configuration",
    "create_member",
    "delete_member",
    "update_member",
    "update_project",
)
"""Event types that Harbor names, in its order."""
_CONTENT = EVENT_TYPES[:3]
OTHER = "other"


def words_of(operation: str) -> Words:
    """Return what Harbor calls an operation of ours."""
    known = WORDS.get(operation)
    if known is not None:
        return known
    kind, _, verb = operation.partition(".")
    # A job's line is of when somebody asked for it.
    return Words(kind, CREATE if kind == "job" else _VERB.get(verb, UPDATE))


def ours(operations: Iterable[str], resource_types: Iterable[str]) -> Iterator[str]:
    """Yield our operations that Harbor calls so, for what is asked for; nothing given is all."""
    wanted, kinds = set(operations), set(resource_types)
    for name in KNOWN:
        words = words_of(name)
        if (not wanted or words.operation in wanted) and (
            not kinds or words.resource_type in kinds
        ):
            yield name


def of_events(event_types: Iterable[str]) -> tuple[list[str], bool]:
    """Return our operations for Harbor's event types, and whether all others are meant instead.

    `create`, `delete` and `pull`, as of old, are about artifacts.
    """
    wanted = {f"{one}_{ARTIFACT}" if one in (CREATE, DELETE, PULL) else one for one in event_types}
    if "push" in wanted:
        wanted |= {"create_artifact"}
    if OTHER in wanted:
        kept = [one for one in _CONTENT if one not in wanted]
        return [name for name in KNOWN if words_of(name).event_type in kept], True
    return [name for name in KNOWN if words_of(name).event_type in wanted], False


KNOWN = (
    *WORDS,
    "api.delete",
    "api.get",
    "api.patch",
    "api.post",
    "api.put",
    "factor.added",
    "factor.codes-renewed",
    "factor.removed",
    "factor.reset",
    "group.changed",
    "group.created",
    "group.entered",
    "group.left",
    "group.removed",
    "job.audit-prune",
    "job.gc",
    "job.people-sync",
    "job.retention",
    "job.scrub",
    "job.trash.purge",
    "job.trash.restore",
    "job.untagged.delete",
    "key.dropped",
    "key.rotated",
    "label.changed",
    "label.created",
    "label.removed",
    "policy.changed",
    "policy.removed",
    "project.changed",
    "project.created",
    "project.removed",
    "quota.changed",
    "replication.changed",
    "replication.created",
    "replication.removed",
    "robot.changed",
    "robot.created",
    "robot.removed",
    "role.changed",
    "role.created",
    "role.removed",
    "schedule.changed",
    "schedule.removed",
    "secret.put",
    "secret.removed",
    "secret.resealed",
    "token.created",
    "token.revoked",
    "user.changed",
    "user.created",
    "user.described",
    "user.disabled",
    "user.enabled",
    "user.removed",
    "user.synced",
    "webhook.changed",
    "webhook.created",
    "webhook.redelivered",
    "webhook.removed",
    "webhook.replayed",
    "webhook.rotated",
    "webhook.tested",
    "workload.changed",
    "workload.removed",
    "workload.trusted",
)
"""Operations of ours that questions in Harbor's words are about."""
