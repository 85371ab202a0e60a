"""In which projects somebody may do something, all at once: for lists."""

from collections.abc import Iterable

from entrepot.ports.catalog import Catalog, Tx
from entrepot.rules.access import Grant, Identity, Kind
from entrepot.rules.areas import REGISTRY_AREA
from entrepot.rules.permissions import Permission
from entrepot.rules.roles import OF_ACCOUNT
from entrepot.rules.subjects import SubjectKind

from .epochs import EpochWatch, Remembered
from .facts import all_of_subject, grants_of

REMEMBERED_MAX = 256
"""Callers, times what they want to do, whose projects are remembered."""

_Who = tuple[Kind, str, Permission]
Names = frozenset[str] | None
"""Projects by name; None for all there are, and all to come."""

NOTHING: Names = frozenset()


class VisibilityService:
    """Says for all projects what `rules.access.decide` says for each, of what is read."""

    def __init__(self, catalog: Catalog, watch: EpochWatch) -> None:
        self._catalog = catalog
        self._granted: Remembered[_Who, Names] = Remembered(watch, self._read, REMEMBERED_MAX)

    async def projects(
        self, identity: Identity, permission: Permission = Permission.PROJECT_READ
    ) -> Names:
        """Return the projects in which somebody may do this, beside those that are public.

        Some of them may be gone, or none of this registry yet. From where somebody comes is for
        the caller to look at.
        """
        if identity.grants is not None:
            return NOTHING  # tokens of the registry are for images
        if identity.role is not None and permission in OF_ACCOUNT[identity.role]:
            held: Names = None
        else:
            held = await self._granted.of((identity.kind, identity.name, permission))
        if identity.limits is None:
            return held
        limits = _areas(identity.limits, permission)
        if held is None or limits is None:
            return limits if held is None else held
        return held & limits

    async def _read(self, who: _Who) -> Names:
        kind, name, permission = who
        async with self._catalog.begin() as tx:
            grants = [*await all_of_subject(tx, SubjectKind.EVERYONE, "")]
            if kind is Kind.USER:
                grants += await all_of_subject(tx, SubjectKind.USER, name)
                grants += await _of_groups(tx, name)
            elif kind is Kind.ROBOT:
                grants += await all_of_subject(tx, SubjectKind.ROBOT, name)
            elif kind is Kind.WORKLOAD:
                grants += await grants_of(tx, kind, name, REGISTRY_AREA)
        return _areas(grants, permission)


async def _of_groups(tx: Tx, user: str) -> list[Grant]:
    found: list[Grant] = []
    for group in sorted({group for group, _ in await tx.groups.of(user)}):
        found += await all_of_subject(tx, SubjectKind.GROUP, group)
    return found


def _areas(grants: Iterable[Grant], permission: Permission) -> Names:
    areas = {one.area for one in grants if permission in one.permissions}
    if REGISTRY_AREA in areas:
        return None
    return frozenset(area for area in areas if "/" not in area)
