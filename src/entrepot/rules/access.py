"""Access: who may do what, decided from facts alone.

Deny by default. Grants only add: no grant takes away what another gives. What narrows a caller,
the scope of a token or the networks they must come from, can be named beside each grant.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from entrepot.oci.name import RepositoryName

from .areas import REGISTRY, REGISTRY_AREA, Target, contains, covers
from .networks import EVERYWHERE, Networks
from .permissions import Level, Permission
from .roles import OF_ACCOUNT, Role, roles_with

ACTIONS = {
    "pull": Permission.PULL,
    "push": Permission.PUSH,
    "delete": Permission.DELETE,
}
"""What token scopes call the permissions on repositories."""

_ACTION_OF = {permission: action for action, permission in ACTIONS.items()}


class Kind(StrEnum):
    """What sort of caller."""

    ANONYMOUS = "anonymous"
    USER = "user"
    ROBOT = "robot"
    WORKLOAD = "workload"


@dataclass(frozen=True, slots=True)
class Grant:
    """Permissions in an area (`rules.areas`)."""

    area: str
    permissions: frozenset[Permission]
    source: str = ""
    """Where it is from, for people: `role developer, given to group web`."""

    def gives(self, permission: Permission, target: Target) -> bool:
        """Whether the grant allows this; the target is one of the permission's level."""
        return permission in self.permissions and covers(self.area, target)


@dataclass(frozen=True, slots=True)
class TokenGrant:
    """What a token carries for one repository; `*` stands for all actions on it."""

    repository: RepositoryName
    actions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks. Without a name it is an anonymous caller.

    `grants` is None for a caller who showed a password, and what the token carries for one who
    showed a token; `limits` is None unless an access token narrows its owner. Neither ever gives
    more than its owner has.
    """

    name: str = ""
    role: Role | None = None
    grants: tuple[TokenGrant, ...] | None = None
    may_list: bool = False
    """Whether the token carries `registry:catalog:*`."""
    kind: Kind = Kind.ANONYMOUS
    limits: tuple[Grant, ...] | None = None
    networks: tuple[Networks, ...] = ()
    """All of which the caller must come from."""
    address: str = ""
    credential: str = ""
    """The public id of the access token or robot secret that was shown, if one was."""


ANONYMOUS = Identity()


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds for everyone, by the settings.

    `open` is for a registry on one's own machine. `anonymous_pull` holds names of repositories, or
    prefixes of names that end in `*` or `/`; `*` alone is every repository. A pattern with a slash
    is about full names (`library/*`), one without is about names as lists show them (`my*`).
    """

    open: bool = False
    anonymous_pull: tuple[str, ...] = ()
    networks: Networks = EVERYWHERE
    auto_create: bool = True
    """Whether a first push makes the project, for those who may make projects."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the catalog says of a caller in one project.

    `grants` are those to the caller and to everyone, about the project and about the registry.
    """

    exists: bool = False
    """Whether the project does."""
    public: bool = False
    networks: Networks = EVERYWHERE
    grants: tuple[Grant, ...] = ()
    admins_create: bool = False
    """Whether, of the accounts' roles, only an administrator's makes projects."""


NO_FACTS = Facts()


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer with its reason; `login_helps` tells 401 from 403."""

    allowed: bool
    reason: str = ""
    login_helps: bool = False
    founds: bool = False
    """Whether it is allowed only because there is no such project yet, and this would make it."""

    creates: bool = False
    """Whether there is no such project yet, and they may make it: then they run it."""


ALLOWED = Verdict(allowed=True)
CREATES = Verdict(allowed=True, creates=True)
FOUNDS = Verdict(allowed=True, founds=True, creates=True)

_ANYONE_WHEN_OPEN = frozenset(
    {Permission.PULL, Permission.PUSH, Permission.DELETE, Permission.CATALOG}
)
_BY_FIRST_PUSH = frozenset({Permission.PULL, Permission.PUSH, Permission.REPOSITORY_LIST})
OF_PUBLIC = frozenset({Permission.PULL, Permission.REPOSITORY_LIST})
"""What anybody may in a public project."""


def decide(
    identity: Identity,
    permission: Permission,
    target: Target,
    policy: Policy,
    facts: Facts = NO_FACTS,
) -> Verdict:
    """Return whether `identity` may do this to `target`; `facts` are those of its project."""
    target = target.at(permission.level)
    outside = keeps_out(identity, target, policy, facts)
    if outside:
        return Verdict(allowed=False, reason=outside)
    creates = founding(identity, permission, target, policy, facts)
    if anyone_may(permission, target, policy, facts):
        return CREATES if creates else ALLOWED
    founds = False
    if giving(identity, permission, target, facts) is None:
        if not creates:
            makes = policy.auto_create and not facts.admins_create
            return _refused(identity, permission, target, makes=makes)
        founds = True
    narrowed = narrowing(identity, permission, target)
    if narrowed:
        return Verdict(allowed=False, reason=narrowed, login_helps=identity.grants is not None)
    if founds:
        return FOUNDS
    if not creates and _is_nowhere(permission, target, policy, facts):
        # Whoever may push everywhere makes no project by it either.
        return Verdict(
            allowed=False,
            reason=f"there is no project {target.project}, and pushes make none here: make it "
            "first (entrepot project create)",
        )
    return CREATES if creates else ALLOWED


def allowed_actions(
    identity: Identity, repository: RepositoryName, policy: Policy, facts: Facts
) -> frozenset[str]:
    """Return all actions, in the words of token scopes, that `identity` may do to a repository."""
    target = Target.of(repository)
    return frozenset(
        action
        for action, permission in ACTIONS.items()
        if decide(identity, permission, target, policy, facts).allowed
    )


def keeps_out(identity: Identity, target: Target, policy: Policy, facts: Facts) -> str:
    """Return why the caller's address keeps them out, or nothing.

    A project's list is about its repositories, so that who set a wrong one can mend it.
    """
    here = identity.address
    if not policy.networks.holds(here):
        whose = "the registry takes nobody (auth.networks)"
    elif target.repository is not None and not facts.networks.holds(here):
        whose = f"project {target.project} takes nobody"
    elif not all(networks.holds(here) for networks in identity.networks):
        whose = f"{identity.name} is not taken"
    else:
        return ""
    return f"{whose} from {here or 'a Unix socket'}: come from a network that is allowed"


def anyone_may(permission: Permission, target: Target, policy: Policy, facts: Facts) -> bool:
    """Whether it takes no account."""
    if policy.open and permission in _ANYONE_WHEN_OPEN:
        return True
    if permission not in OF_PUBLIC or target.repository is None:
        return False
    repository = target.repository
    return facts.public or any(_matches(one, repository) for one in policy.anonymous_pull)


def _is_nowhere(permission: Permission, target: Target, policy: Policy, facts: Facts) -> bool:
    is_push = permission is Permission.PUSH and target.repository is not None
    none_made = not policy.auto_create or facts.admins_create
    return is_push and not facts.exists and none_made


def giving(identity: Identity, permission: Permission, target: Target, facts: Facts) -> str | None:
    """Return what gives the caller a permission, in words, or None."""
    if (
        identity.role is not None
        and permission in OF_ACCOUNT[identity.role]
        and not (permission is Permission.PROJECT_CREATE and _is_barred(identity.role, facts))
    ):
        return f"role {identity.role.value} of the account, in the whole registry"
    for grant in facts.grants:
        if grant.gives(permission, target):
            return grant.source
    return None


def _is_barred(role: Role, facts: Facts) -> bool:
    return facts.admins_create and role is not Role.ADMIN


def founding(
    identity: Identity, permission: Permission, target: Target, policy: Policy, facts: Facts
) -> bool:
    """Whether a first push may make the project; who may do that finds it empty until then."""
    if permission not in _BY_FIRST_PUSH or target.repository is None or facts.exists:
        return False
    if not policy.auto_create:
        return False
    return giving(identity, Permission.PROJECT_CREATE, REGISTRY, facts) is not None


def narrowing(identity: Identity, permission: Permission, target: Target) -> str:
    """Return what of the caller's token does not let them do what they may, or nothing."""
    limits = identity.limits
    if limits is not None and not any(limit.gives(permission, target) for limit in limits):
        return (
            f"the access token does not reach as far as {permission.value} on {target.words}: use "
            "one that does"
        )
    if identity.grants is None or _carried(identity, permission, target):
        return ""
    return f"the token does not allow to {_words(permission, target)}: ask for that scope"


def lacking(
    holder: Iterable[Grant], wanted: Iterable[Grant], *, limits: tuple[Grant, ...] | None = None
) -> tuple[Permission, str] | None:
    """Return a permission, and its area, that is wanted and not held: nobody gives what they lack.

    `limits` narrow the holder.
    """
    held = tuple(holder)
    for grant in wanted:
        for permission in sorted(grant.permissions):
            within = _holds(held, permission, grant.area)
            if not within or (limits is not None and not _holds(limits, permission, grant.area)):
                return permission, grant.area
    return None


def of_account(role: Role) -> Grant:
    """Return what the role of an account is worth, as a grant."""
    return Grant(
        REGISTRY_AREA,
        OF_ACCOUNT[role],
        f"role {role.value} of the account, in the whole registry",
    )


def _holds(grants: tuple[Grant, ...], permission: Permission, area: str) -> bool:
    return any(permission in one.permissions and contains(one.area, area) for one in grants)


def _refused(identity: Identity, permission: Permission, target: Target, *, makes: bool) -> Verdict:
    """Return the no; `makes` says whether first pushes make projects."""
    what = _words(permission, target)
    if identity.kind is Kind.ANONYMOUS:
        reason = f"log in to {what}: docker login asks for user and password"
        return Verdict(allowed=False, reason=reason, login_helps=True)
    reason = f"{identity.name} may not {what}: {_cure(permission, target, makes=makes)}"
    return Verdict(allowed=False, reason=reason)


def _cure(permission: Permission, target: Target, *, makes: bool) -> str:
    roles = roles_with(permission)
    if not roles or permission.level is Level.REGISTRY or not target.project:
        return f"ask an administrator of the registry for {permission.value}"
    if target.project == "library" and permission is Permission.PUSH:
        return (
            f"names without a project are in `library`, where role {roles[0]} is needed; push "
            "under a project of yours, as in <project>/<image>"
        )
    if target.project == "library":
        return f"ask an administrator of the registry for role {roles[0]} in project library"
    cure = f"ask whoever runs project {target.project} for role {roles[0]}"
    if makes or target.repository is None:
        return cure
    # Whether there is such a project is not for everybody to know.
    return f"{cure}; if there is no such project yet, ask an administrator to make it"


def _words(permission: Permission, target: Target) -> str:
    action = _ACTION_OF.get(permission)
    if action is not None and target.repository is not None:
        return f"{action} {target.repository.wire}"
    if permission.level is Level.REGISTRY:
        return f"use {permission.value}"
    return f"use {permission.value} on {target.words}"


def _matches(pattern: str, repository: RepositoryName) -> bool:
    # Never both names at once: `lib*` must not open all that lies in the project `library`.
    name = repository if "/" in pattern else repository.wire
    if pattern.endswith(("*", "/")):
        return name.startswith(pattern.removesuffix("*"))
    return name == pattern


def _carried(identity: Identity, permission: Permission, target: Target) -> bool:
    if permission is Permission.CATALOG:
        return identity.may_list
    action = _ACTION_OF.get(permission)
    if action is None or target.repository is None:
        return False
    return any(
        grant.repository == target.repository and not grant.actions.isdisjoint((action, "*"))
        for grant in identity.grants or ()
    )
