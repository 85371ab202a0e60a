"""Why somebody may or may not, and who one is: `/explain` and `/whoami`."""

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.rules.access import Kind
from entrepot.rules.explaining import Explanation, Obstacle
from entrepot.rules.permissions import Permission
from entrepot.rules.roles import Role, roles_with
from entrepot.services.explaining import ExplainService, Question, kind_of, read_question

from .about import About, Argument
from .api import Call, Route
from .callers import THE_OPERATOR, Need


class Looked(msgspec.Struct):
    """One thing that was looked at, and what it meant for the answer."""

    looked_at: str
    found: str


class Answer(msgspec.Struct, kw_only=True):
    """Whether somebody may do something, and why."""

    who: str
    kind: Kind
    permission: Permission
    on: str
    project: str
    allowed: bool
    reason: str
    obstacle: Obstacle
    roles: list[str]
    """Built-in roles that have the permission."""
    steps: list[Looked]


class HeldGrant(msgspec.Struct):
    """Something that was granted, and where it is from."""

    scope: str
    source: str


class WhoAmI(msgspec.Struct, kw_only=True):
    """Who the caller is."""

    name: str
    kind: Kind
    role: Role | None
    groups: list[str]
    grants: list[HeldGrant]
    narrowed: bool
    """Whether the token that was shown gives less than they have."""
    address: str


def explain_routes(explaining: ExplainService) -> list[Route]:
    """Return what tells of access."""

    async def explain(call: Call) -> Response:
        identity = call.identity
        who = call.text("who") or identity.name
        if who != identity.name or identity is THE_OPERATOR:
            await call.require(Permission.EXPLAIN)
        question = read_question(
            who, call.text("permission") or "", call.text("on") or "*", _address(call, who)
        )
        return json_response(200, _answer(question, await explaining.answer(question)))

    async def whoami(call: Call) -> Response:
        identity = call.identity
        has = await explaining.belongings(identity)
        told = WhoAmI(
            name=identity.name,
            kind=identity.kind,
            role=identity.role,
            groups=[*has.groups],
            grants=[HeldGrant(one.area, one.source) for one in has.grants],
            narrowed=identity.limits is not None,
            address=identity.address,
        )
        return json_response(200, told)

    return [
        Route("GET", "/explain", explain, Need.LOGIN, told=_EXPLAIN),
        Route("GET", "/whoami", whoami, Need.LOGIN, told=_WHOAMI),
    ]


_EXPLAIN = About(
    "Explain why somebody may or may not",
    gives=Answer,
    query=(
        Argument(
            "permission", "Such as `repository.push`; `/permissions` lists them.", required=True
        ),
        Argument("who", "A user, `robot$...`, `workload:...` or `anonymous`; oneself unless said."),
        Argument("on", "A project, a repository, or `*` for the registry."),
        Argument("address", "Where they would come from."),
    ),
    errors=(404,),
    tag="access",
    name="explain",
)
_WHOAMI = About("Say who one is", gives=WhoAmI, tag="access", name="whoami")


def _address(call: Call, who: str) -> str | None:
    """Return the address that is asked about; one's own for oneself, otherwise any."""
    given = call.text("address")
    is_oneself = who == call.identity.name and call.identity is not THE_OPERATOR
    return call.identity.address if given is None and is_oneself else given


def _answer(question: Question, told: Explanation) -> Answer:
    target = question.target
    return Answer(
        who=question.who,
        kind=kind_of(question.who),
        permission=question.permission,
        on=target.words,
        project=target.project,
        allowed=told.allowed,
        reason=told.reason,
        obstacle=told.obstacle,
        roles=[*roles_with(question.permission)],
        steps=[Looked(one.looked_at, one.found) for one in told.steps],
    )
