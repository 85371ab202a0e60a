"""Why somebody may or may not do something, and what a caller is and has."""

from dataclasses import dataclass, replace

from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import DEFAULT_PROJECT, RepositoryName
from entrepot.ports.catalog import Catalog
from entrepot.ports.clock import Clock
from entrepot.rules.access import ACTIONS, ANONYMOUS, Grant, Identity, Kind
from entrepot.rules.areas import REGISTRY, REGISTRY_AREA, Target, check_project_name
from entrepot.rules.explaining import Explanation, Obstacle, Step
from entrepot.rules.networks import UNIX, Networks, address_of
from entrepot.rules.permissions import Level, Permission, permission
from entrepot.rules.robots import is_robot

from .absence import why_absent
from .access import AccessService
from .authority import held_by
from .facts import grants_of
from .standing import StandingService

NAME_MAX = 600
WHOLE_REGISTRY = "registry"
"""What the registry itself is called in a question; `*` is the same."""
WORKLOAD_PREFIX = "workload:"
_NO_ADDRESS = Step("address", "was not asked about: networks may still keep them out")


@dataclass(frozen=True, slots=True)
class Question:
    """May they do that there, coming from an address? '' is a Unix socket, None from anywhere."""

    who: str
    permission: Permission
    target: Target
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Belongings:
    """What somebody has: groups, and grants with where they are from."""

    groups: tuple[str, ...]
    grants: tuple[Grant, ...]


class ExplainService:
    """Answers questions about others as they are now, by what decides about them."""

    def __init__(
        self, catalog: Catalog, clock: Clock, *, standing: StandingService, access: AccessService
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._standing = standing
        self._access = access

    async def answer(self, question: Question) -> Explanation:
        """Return the answer with its derivation; who cannot log in may do nothing."""
        kind = kind_of(question.who)
        identity = ANONYMOUS
        if kind is not Kind.ANONYMOUS:
            standing = await self._standing.of(kind, question.who)
            if standing is None:
                return await self._absent(kind, question.who)
            identity = standing.identity
        anywhere = question.address is None
        identity = replace(identity, address=question.address or "")
        told = await self._access.explain(
            identity, question.permission, question.target, anywhere=anywhere
        )
        steps = told.steps
        if anywhere:
            steps = tuple(_NO_ADDRESS if one.looked_at == "address" else one for one in steps)
        note = await self._note(question)
        return replace(told, steps=(*steps, note) if note else steps)

    async def belongings(self, identity: Identity) -> Belongings:
        """Return what a caller has."""
        async with self._catalog.begin() as tx:
            groups: set[str] = set()
            if identity.kind is Kind.USER:
                groups = {group for group, _ in await tx.groups.of(identity.name)}
            if identity.kind is Kind.WORKLOAD:
                grants = await grants_of(tx, identity.kind, identity.name, REGISTRY_AREA)
            else:
                grants = await held_by(tx, identity)
        return Belongings(tuple(sorted(groups)), grants)

    async def _absent(self, kind: Kind, who: str) -> Explanation:
        async with self._catalog.begin() as tx:
            reason = await why_absent(tx, kind, who, self._clock.now())
        steps = (Step("caller", f"{kind.value} {who}: {reason}"),)
        return Explanation(
            allowed=False, reason=f"{who} {reason}", steps=steps, obstacle=Obstacle.ACCOUNT
        )

    async def _note(self, question: Question) -> Step | None:
        """Return a word on a name without a slash, which may be meant as a project's."""
        repository = question.target.repository
        if repository is None or repository.project != DEFAULT_PROJECT:
            return None
        name = repository.wire
        async with self._catalog.begin() as tx:
            if "/" in name or await tx.projects.find(name) is None:
                return None
        return Step(
            "name",
            f"{name} was read as an image in project {DEFAULT_PROJECT}, as clients do; there is a "
            f"project {name} too: ask about {name}/IMAGE for what lies in it",
        )


def kind_of(who: str) -> Kind:
    """Return what sort of caller a name is, as it is written in questions."""
    if who == Kind.ANONYMOUS.value:
        return Kind.ANONYMOUS
    if is_robot(who):
        return Kind.ROBOT
    return Kind.WORKLOAD if who.startswith(WORKLOAD_PREFIX) else Kind.USER


def read_question(who: str, action: str, on: str, address: str | None = None) -> Question:
    """Return what is asked, or raise `Fault(REQUEST_INVALID or NAME_INVALID)`.

    `action` is a permission, or `pull`, `push` or `delete`. `on` is the registry, a project or a
    repository: which of them, the permission says.
    """
    if not who or len(who) > NAME_MAX:
        raise Fault(Code.REQUEST_INVALID, "it is not said who: name a user, a robot, or anonymous")
    wanted = ACTIONS.get(action) or permission(action)
    if wanted is None:
        raise Fault(
            Code.REQUEST_INVALID,
            f"{action[:64]!a} is nothing that can be done: say pull, push or delete, or name a "
            "permission (entrepot role permissions)",
            {"permission": action[:64]},
        )
    return Question(
        who, wanted, _target(wanted, on), None if address is None else _address(address)
    )


def _target(wanted: Permission, on: str) -> Target:
    if wanted.level is Level.REGISTRY or on in (WHOLE_REGISTRY, REGISTRY_AREA):
        return REGISTRY
    if wanted.level is Level.REPOSITORY:
        return Target.of(RepositoryName.parse(on))
    project = on.partition("/")[0]
    wrong = check_project_name(project)
    if wrong is not None:
        raise wrong
    return Target(project)


def _address(text: str) -> str:
    if text in ("", UNIX):
        return ""
    Networks.parse((text,))
    if "/" in text:
        raise Fault(
            Code.REQUEST_INVALID, "an address is needed, and this is a network: name one of it"
        )
    return address_of(text)
