"""What robots may do, in Harbor's words and in ours.

An access is a resource and an action, such as `repository:pull`. Each one that Harbor knows stands
here with the permission of ours that it needs. None is for what this version has not, and for a
reading that ours allows to those alone who may write: it is kept, and gives nothing. Several may
need the same one, so that `tag:delete` gives the deleting of artifacts too; but what reads never
gives what writes. What a robot was given in Harbor's words is remembered beside it.
"""

from collections.abc import Iterable

from entrepot.rules.permissions import Level, Permission

Access = tuple[str, str]
Table = dict[Access, Permission | None]

P = Permission
_NEEDED: dict[str, dict[str, Permission | None]] = {
    "accessory": {"list": P.PULL},
    "artifact": {"read": P.PULL, "create": P.PUSH, "list": P.PULL, "delete": P.DELETE},
    "artifact-addition": {"read": P.PULL},
    "artifact-label": {"create": P.LABEL_MARK, "delete": P.LABEL_MARK},
    "export-cve": {"create": None, "read": None},
    "immutable-tag": {
        "create": P.POLICY_MANAGE,
        "delete": P.POLICY_MANAGE,
        "list": P.POLICY_READ,
        "update": P.POLICY_MANAGE,
    },
    "label": {
        "read": P.PROJECT_READ,
        "create": P.LABEL_MANAGE,
        "delete": P.LABEL_MANAGE,
        "list": P.PROJECT_READ,
        "update": P.LABEL_MANAGE,
    },
    "log": {"list": P.AUDIT_READ},
    "member": {
        "create": P.GRANT_MANAGE,
        "read": P.GRANT_READ,
        "update": P.GRANT_MANAGE,
        "list": P.GRANT_READ,
        "delete": P.GRANT_MANAGE,
    },
    "metadata": {
        "read": P.PROJECT_READ,
        "create": P.PROJECT_UPDATE,
        "delete": P.PROJECT_UPDATE,
        "list": P.PROJECT_READ,
        "update": P.PROJECT_UPDATE,
    },
    "notification-policy": {
        "read": P.WEBHOOK_READ,
        "create": P.WEBHOOK_MANAGE,
        "delete": P.WEBHOOK_MANAGE,
        "list": P.WEBHOOK_READ,
        "update": P.WEBHOOK_MANAGE,
    },
    "preheat-policy": dict.fromkeys(("read", "create", "delete", "list", "update")),
    "project": {"read": P.PROJECT_READ, "delete": P.PROJECT_DELETE, "update": P.PROJECT_UPDATE},
    "quota": {"read": P.QUOTA_READ},
    "repository": {
        "read": P.PULL,
        "update": P.DESCRIBE,
        "delete": P.DELETE,
        "list": P.REPOSITORY_LIST,
        "pull": P.PULL,
        "push": P.PUSH,
    },
    "robot": {
        "create": P.ROBOT_MANAGE,
        "read": P.ROBOT_READ,
        "list": P.ROBOT_READ,
        "delete": P.ROBOT_MANAGE,
    },
    "sbom": dict.fromkeys(("create", "stop", "read")),
    "scan": dict.fromkeys(("create", "read", "stop")),
    "scanner": dict.fromkeys(("create", "read")),
    "tag": {"create": P.PUSH, "list": P.PULL, "delete": P.DELETE},
    "tag-retention": {
        "read": P.POLICY_READ,
        "create": P.POLICY_MANAGE,
        "delete": P.POLICY_MANAGE,
        "list": P.POLICY_READ,
        "update": P.POLICY_MANAGE,
    },
}
_NEEDED_OF_SYSTEM: dict[str, dict[str, Permission | None]] = {
    "audit-log": {"list": P.AUDIT_READ},
    "catalog": {"read": P.CATALOG},
    "garbage-collection": {
        "read": P.JOB_READ,
        "create": P.JOB_MANAGE,
        "list": P.JOB_READ,
        "update": P.JOB_MANAGE,
        "stop": P.JOB_MANAGE,
    },
    "jobservice-monitor": {"list": P.JOB_READ, "stop": P.JOB_MANAGE},
    "label": {
        "read": None,  # whoever has logged in may
        "create": P.LABEL_MANAGE,
        "delete": P.LABEL_MANAGE,
        "update": P.LABEL_MANAGE,
    },
    "ldap-user": {"create": P.USER_MANAGE, "list": P.USER_READ},
    "preheat-instance": dict.fromkeys(("read", "create", "delete", "list", "update")),
    "project": {"list": P.PROJECT_READ, "create": P.PROJECT_CREATE},
    "purge-audit": {
        "read": P.JOB_READ,
        "create": P.JOB_MANAGE,
        "list": P.JOB_READ,
        "update": P.JOB_MANAGE,
        "stop": P.JOB_MANAGE,
    },
    "quota": {"read": P.QUOTA_READ, "list": P.QUOTA_READ, "update": P.QUOTA_MANAGE},
    "registry": {
        "read": None,
        "create": P.REMOTE_MANAGE,
        "delete": P.REMOTE_MANAGE,
        "list": None,
        "update": P.REMOTE_MANAGE,
    },
    "replication": {"read": None, "create": P.REPLICATION_MANAGE, "list": None},
    "replication-adapter": {"list": None},
    "replication-policy": {
        "read": None,
        "create": P.REPLICATION_MANAGE,
        "delete": P.REPLICATION_MANAGE,
        "list": None,
        "update": P.REPLICATION_MANAGE,
    },
    "robot": {
        "create": P.ROBOT_MANAGE,
        "read": P.ROBOT_READ,
        "list": P.ROBOT_READ,
        "delete": P.ROBOT_MANAGE,
    },
    "scan-all": dict.fromkeys(("read", "update", "stop", "create")),
    "scanner": dict.fromkeys(("read", "create", "delete", "list", "update")),
    "security-hub": dict.fromkeys(("read", "list")),
    "system-volumes": {"read": None},
    "user": {
        "create": P.USER_MANAGE,
        "read": P.USER_READ,
        "update": P.USER_MANAGE,
        "list": P.USER_READ,
        "delete": P.USER_MANAGE,
    },
    "user-group": {
        "create": P.USER_MANAGE,
        "read": P.USER_READ,
        "update": P.USER_MANAGE,
        "list": P.USER_READ,
        "delete": P.USER_MANAGE,
    },
}

# How a permission is told where nobody remembers Harbor's words for it: the plainest access. One
# that has none is not shown: Harbor has no word for it.
_TOLD: dict[Permission, Access] = {
    P.PULL: ("repository", "pull"),
    P.PUSH: ("repository", "push"),
    P.DELETE: ("repository", "delete"),
    P.REPOSITORY_LIST: ("repository", "list"),
    P.DESCRIBE: ("repository", "update"),
    P.LABEL_MARK: ("artifact-label", "create"),
    P.PROJECT_READ: ("project", "read"),
    P.PROJECT_UPDATE: ("project", "update"),
    P.PROJECT_DELETE: ("project", "delete"),
    P.GRANT_READ: ("member", "list"),
    P.GRANT_MANAGE: ("member", "create"),
    P.ROBOT_READ: ("robot", "list"),
    P.ROBOT_MANAGE: ("robot", "create"),
    P.POLICY_READ: ("tag-retention", "list"),
    P.POLICY_MANAGE: ("tag-retention", "create"),
    P.LABEL_MANAGE: ("label", "create"),
    P.QUOTA_READ: ("quota", "read"),
    P.WEBHOOK_READ: ("notification-policy", "list"),
    P.WEBHOOK_MANAGE: ("notification-policy", "create"),
    P.AUDIT_READ: ("log", "list"),
    P.CATALOG: ("catalog", "read"),
    P.PROJECT_CREATE: ("project", "create"),
    P.USER_READ: ("user", "list"),
    P.USER_MANAGE: ("user", "create"),
    P.QUOTA_MANAGE: ("quota", "update"),
    P.REMOTE_MANAGE: ("registry", "create"),
    P.REPLICATION_MANAGE: ("replication-policy", "create"),
    P.JOB_READ: ("garbage-collection", "list"),
    P.JOB_MANAGE: ("garbage-collection", "create"),
}


def _flat(nested: dict[str, dict[str, Permission | None]]) -> Table:
    return {
        (resource, action): needed
        for resource, actions in nested.items()
        for action, needed in actions.items()
    }


PROJECT, SYSTEM = "project", "system"
TABLES: dict[str, Table] = {PROJECT: _flat(_NEEDED), SYSTEM: _flat(_NEEDED_OF_SYSTEM)}
"""By the kind of a permission in Harbor's words: accesses to projects, and to the system."""


def needed(kind: str, accesses: Iterable[Access]) -> frozenset[Permission]:
    """Return what stands for these; KeyError for an access that the kind has not."""
    found = {TABLES[kind][access] for access in accesses}
    return frozenset(one for one in found if one is not None)


def told(permissions: Iterable[Permission]) -> dict[str, list[Access]]:
    """Return permissions in Harbor's words, by kind."""
    found: dict[str, list[Access]] = {PROJECT: [], SYSTEM: []}
    for one in sorted(permissions):
        if one in _TOLD:
            kind = SYSTEM if one.level is Level.REGISTRY else PROJECT
            found[kind].append(_TOLD[one])
    return found
