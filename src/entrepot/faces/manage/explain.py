"""Why somebody may or may not, and who one is: `/explain` and `/whoami`."""

from typing import Any

from entrepot.faces.asgi import Response, json_response
from entrepot.rules.explaining import Explanation
from entrepot.rules.permissions import Permission
from entrepot.rules.roles import roles_with
from entrepot.services.explaining import ExplainService, Question, kind_of, read_question

from .api import Call, Route
from .callers import THE_OPERATOR, Need


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
        body = {
            "name": identity.name,
            "kind": identity.kind.value,
            "role": identity.role.value if identity.role is not None else None,
            "groups": [*has.groups],
            "grants": [{"scope": one.area, "source": one.source} for one in has.grants],
            "narrowed": identity.limits is not None,
            "address": identity.address,
        }
        return json_response(200, body)

    return [
        Route("GET", "/explain", explain, Need.LOGIN),
        Route("GET", "/whoami", whoami, Need.LOGIN),
    ]


def _address(call: Call, who: str) -> str | None:
    """Return the address that is asked about; one's own for oneself, otherwise any."""
    given = call.text("address")
    is_oneself = who == call.identity.name and call.identity is not THE_OPERATOR
    return call.identity.address if given is None and is_oneself else given


def _answer(question: Question, told: Explanation) -> dict[str, Any]:
    target = question.target
    return {
        "who": question.who,
        "kind": kind_of(question.who).value,
        "permission": question.permission.value,
        "on": target.words,
        "project": target.project,
        "allowed": told.allowed,
        "reason": told.reason,
        "obstacle": told.obstacle.value,
        "roles": [*roles_with(question.permission)],
        "steps": [{"looked_at": one.looked_at, "found": one.found} for one in told.steps],
    }
