"""Grants: given, listed and taken away."""

from dataclasses import dataclass, replace

from entrepot.oci.errors import Code, Fault
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock
from entrepot.ports.grants import GrantRow
from entrepot.rules.access import Grant
from entrepot.rules.areas import REGISTRY_AREA, project_of
from entrepot.rules.passwords import check_name
from entrepot.rules.subjects import SubjectKind

from .auditing import Act
from .authority import Acting, changed, check_may_give, named_grant
from .facts import GRANTS_MAX, HELD_MAX


@dataclass(frozen=True, slots=True)
class Wanted:
    """A grant that somebody asks to give."""

    kind: SubjectKind
    subject: str
    scope: str
    role: str = ""
    permissions: tuple[str, ...] = ()


class GrantService:
    """Gives to users, groups and everyone; robots are given theirs with their account."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock

    async def give(self, wanted: Wanted, by: Acting) -> GrantRow:
        """Give; `Fault`: REQUEST_INVALID, NOT_FOUND, CONFLICT, DENIED for what `by` lacks.

        The caller has checked that `by` may manage the grants of the scope's project.
        """
        _check_subject(wanted)
        now = self._clock.now()
        async with self._catalog.begin(write=True) as tx:
            await _check_exists(tx, wanted)
            grant = await named_grant(tx, wanted.scope, wanted.role, wanted.permissions)
            await check_may_give(tx, by.identity, [grant])
            await _check_room(tx, wanted)
            row = GrantRow(
                0,
                wanted.kind,
                wanted.subject,
                wanted.scope,
                wanted.role,
                wanted.permissions,
                now,
                by.caller.actor,
            )
            grant_id = await tx.grants.add(row)
            if grant_id is None:
                raise _has_it(wanted.subject, wanted.scope)
            await changed(tx, by, now, _act("grant.created", row))
        return replace(row, id=grant_id)

    async def change(self, grant_id: int, role: str, by: Acting) -> GrantRow:
        """Let a grant give a role instead of what it gives; it keeps its id and scope.

        `Fault`: NOT_FOUND, REQUEST_INVALID, UNSUPPORTED for a robot's; CONFLICT when its subject
        has that role there by another grant; DENIED for what `by` lacks of before or of now.
        """
        async with self._catalog.begin(write=True) as tx:
            before = await self._found(tx, grant_id)
            _check_not_of_robot(before)
            grant = await named_grant(tx, before.scope, role, ())
            await check_may_give(tx, by.identity, await named_grant_or_nothing(tx, before))
            await check_may_give(tx, by.identity, [grant])
            row = replace(before, role=role, permissions=())
            if not await tx.grants.change(row):
                raise _has_it(before.subject, before.scope)
            await changed(tx, by, self._clock.now(), _act("grant.changed", row))
        return row

    async def take(self, grant_id: int, by: Acting) -> None:
        """Take a grant away; `Fault(NOT_FOUND)` if there is none.

        What gives more than `by` has stays, so that nobody puts out those above them.
        """
        async with self._catalog.begin(write=True) as tx:
            row = await self._found(tx, grant_id)
            _check_not_of_robot(row)
            grant = await named_grant_or_nothing(tx, row)
            await check_may_give(tx, by.identity, grant)
            await tx.grants.remove(grant_id)
            await changed(tx, by, self._clock.now(), _act("grant.removed", row))

    async def find(self, grant_id: int) -> GrantRow:
        """Return a grant, or raise `Fault(NOT_FOUND)`."""
        async with self._catalog.begin() as tx:
            return await self._found(tx, grant_id)

    async def page(self, project: str, after: int, limit: int) -> list[GrantRow]:
        """Return the grants about a project, or `*`, with ids above `after`."""
        async with self._catalog.begin() as tx:
            return await tx.grants.page(project, after, limit)

    async def of(self, kind: SubjectKind, subject: str) -> list[GrantRow]:
        """Return all grants to one subject."""
        async with self._catalog.begin() as tx:
            return await tx.grants.of_subject(kind, subject, GRANTS_MAX)

    async def _found(self, tx: Tx, grant_id: int) -> GrantRow:
        row = await tx.grants.find(grant_id)
        if row is None:
            raise Fault(
                Code.NOT_FOUND, f"there is no grant {grant_id}: list them", {"grant": grant_id}
            )
        return row


async def named_grant_or_nothing(tx: Tx, row: GrantRow) -> list[Grant]:
    """Return the grant of a row; nothing when its role is gone."""
    try:
        return [await named_grant(tx, row.scope, row.role, row.permissions)]
    except Fault:
        return []


def _has_it(subject: str, scope: str) -> Fault:
    return Fault(
        Code.CONFLICT, f"{subject or 'everyone'} has that on {scope} already: nothing to do"
    )


def _check_not_of_robot(row: GrantRow) -> None:
    if row.subject_kind is SubjectKind.ROBOT:
        raise Fault(Code.UNSUPPORTED, "this belongs to a robot: change or remove the robot instead")


def _check_subject(wanted: Wanted) -> None:
    wrong = None
    if wanted.kind is SubjectKind.EVERYONE:
        if wanted.subject:
            wrong = Fault(Code.REQUEST_INVALID, "everyone has no name: leave it out")
        elif wanted.scope == REGISTRY_AREA:
            wrong = Fault(
                Code.REQUEST_INVALID,
                "everyone cannot be given the whole registry: name a project, or set "
                "auth.anonymous_pull",
            )
    elif wanted.kind is SubjectKind.ROBOT:
        wrong = Fault(
            Code.REQUEST_INVALID, "a robot is given permissions with its account: change the robot"
        )
    elif wanted.kind is SubjectKind.USER:
        wrong = check_name(wanted.subject)
    if wrong is not None:
        raise wrong


async def _check_exists(tx: Tx, wanted: Wanted) -> None:
    project = project_of(wanted.scope)
    if project != REGISTRY_AREA and await tx.projects.find(project) is None:
        raise Fault(
            Code.NOT_FOUND,
            f"there is no project {project[:64]}: make it first",
            {"project": project[:64]},
        )
    if wanted.kind is SubjectKind.GROUP and await tx.groups.find(wanted.subject) is None:
        raise Fault(
            Code.NOT_FOUND,
            f"there is no group {wanted.subject[:64]!a}: make it first",
            {"group": wanted.subject[:64]},
        )


async def _check_room(tx: Tx, wanted: Wanted) -> None:
    """Raise `Fault(DENIED)` for too many; by project, or one would use up what others may give."""
    project = project_of(wanted.scope)
    rows = await tx.grants.of_subject(wanted.kind, wanted.subject, HELD_MAX)
    if sum(project_of(row.scope) == project for row in rows) < GRANTS_MAX and len(rows) < HELD_MAX:
        return
    raise Fault(
        Code.DENIED,
        f"{wanted.subject or 'everyone'} has {GRANTS_MAX} grants on {project[:64]} already: grant "
        "a wider scope instead, or to a group",
    )


def _act(operation: str, row: GrantRow) -> Act:
    project = project_of(row.scope)
    whom = f"{row.subject_kind.value} {row.subject}".rstrip()
    detail = {"scope": row.scope, "role": row.role, "permissions": [*row.permissions]}
    return Act(operation, whom, "" if project == REGISTRY_AREA else project, detail)
