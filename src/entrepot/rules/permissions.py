"""Permissions: each thing that can be done, once, with its level."""

from enum import Enum, StrEnum
from typing import Self


class Level(Enum):
    """What a permission is about; one on a wider thing holds for all that lies in it."""

    REPOSITORY = "repository"
    PROJECT = "project"
    REGISTRY = "registry"


class Permission(StrEnum):
    """What can be done, as `resource.action`; custom roles and robots name them so."""

    level: Level
    about: str

    def __new__(cls, value: str, level: Level, about: str) -> Self:
        made = str.__new__(cls, value)
        made._value_ = value
        made.level = level
        made.about = about
        return made

    PULL = "repository.pull", Level.REPOSITORY, "pull images and see their tags"
    PUSH = "repository.push", Level.REPOSITORY, "push images and move tags"
    DELETE = "repository.delete", Level.REPOSITORY, "delete tags, manifests and blobs"
    REPOSITORY_LIST = "repository.list", Level.REPOSITORY, "see the repository in lists"
    HISTORY_READ = "history.read", Level.REPOSITORY, "see what tags were and who moved them"
    ROLLBACK = "history.rollback", Level.REPOSITORY, "put tags back to where they were"
    TRASH_READ = "trash.read", Level.REPOSITORY, "see what was deleted"
    TRASH_RESTORE = "trash.restore", Level.REPOSITORY, "restore what was deleted"
    TRASH_PURGE = "trash.purge", Level.REPOSITORY, "delete for good what is in the trash"
    DESCRIBE = "repository.update", Level.REPOSITORY, "write the description and README"
    LABEL_MARK = "label.mark", Level.REPOSITORY, "put labels on artifacts and take them away"

    PROJECT_READ = "project.read", Level.PROJECT, "see the project and its settings"
    PROJECT_UPDATE = "project.update", Level.PROJECT, "make it public or private, set its networks"
    PROJECT_DELETE = "project.delete", Level.PROJECT, "delete the project"
    GRANT_READ = "grant.read", Level.PROJECT, "see who may do what"
    GRANT_MANAGE = "grant.manage", Level.PROJECT, "give others what one may do oneself"
    ROBOT_READ = "robot.read", Level.PROJECT, "see robot accounts"
    ROBOT_MANAGE = "robot.manage", Level.PROJECT, "make, change and remove robot accounts"
    POLICY_READ = "policy.read", Level.PROJECT, "see retention, immutability and other policies"
    POLICY_MANAGE = "policy.manage", Level.PROJECT, "change policies and run retention"
    LABEL_MANAGE = "label.manage", Level.PROJECT, "make, change and remove labels"
    QUOTA_READ = "quota.read", Level.PROJECT, "see quotas and what is used of them"
    WEBHOOK_READ = "webhook.read", Level.PROJECT, "see webhooks and what was sent to them"
    WEBHOOK_MANAGE = "webhook.manage", Level.PROJECT, "make, change, test and remove webhooks"
    AUDIT_READ = "audit.read", Level.PROJECT, "see who did what"

    CATALOG = "catalog.list", Level.REGISTRY, "list all repositories (GET /v2/_catalog)"
    PROJECT_CREATE = "project.create", Level.REGISTRY, "make projects, also by a first push"
    USER_READ = "user.read", Level.REGISTRY, "see users and groups"
    USER_MANAGE = "user.manage", Level.REGISTRY, "make, change and remove users and groups"
    ROLE_MANAGE = "role.manage", Level.REGISTRY, "make and change custom roles"
    WORKLOAD_MANAGE = "workload.manage", Level.REGISTRY, "trust workloads of other issuers"
    QUOTA_MANAGE = "quota.manage", Level.REGISTRY, "set quotas"
    REMOTE_MANAGE = "remote.manage", Level.REGISTRY, "keep other registries and their accounts"
    REPLICATION_MANAGE = "replication.manage", Level.REGISTRY, "keep replication policies"
    SITE_MANAGE = "site.manage", Level.REGISTRY, "see and change settings of the registry"
    JOB_READ = "job.read", Level.REGISTRY, "see jobs, schedules and reports"
    JOB_MANAGE = "job.manage", Level.REGISTRY, "start and cancel jobs, change schedules"
    KEY_MANAGE = "key.manage", Level.REGISTRY, "rotate signing keys and secrets, revoke tokens"
    EXPLAIN = "access.explain", Level.REGISTRY, "see why anybody may or may not do something"


def known(names: list[str] | tuple[str, ...]) -> frozenset[Permission]:
    """Return those of the names that are permissions; others are from another version."""
    return frozenset(_BY_NAME[name] for name in names if name in _BY_NAME)


def permission(name: str) -> Permission | None:
    """Return the permission of that name, or None."""
    return _BY_NAME.get(name)


_BY_NAME = {one.value: one for one in Permission}
