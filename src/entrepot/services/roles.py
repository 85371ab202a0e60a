"""Custom roles: made of named permissions."""

from entrepot.oci.errors import Code, Fault
from entrepot.ports.catalog import Catalog
from entrepot.ports.clock import Clock
from entrepot.ports.grants import RoleRow
from entrepot.rules.access import Grant
from entrepot.rules.areas import REGISTRY_AREA
from entrepot.rules.permissions import known
from entrepot.rules.roles import check_role_name

from .auditing import Act
from .authority import Acting, changed, check_may_give, check_permissions

DESCRIPTION_MAX = 200
ROLES_MAX = 1000


class RoleService:
    """Keeps custom roles. Whoever changes one must hold all of it in the whole registry."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock

    async def put(
        self, name: str, permissions: tuple[str, ...], description: str, by: Acting
    ) -> RoleRow:
        """Make a role, or change what it holds for all who have it.

        `Fault`: REQUEST_INVALID; DENIED for a permission, of before or of now, that `by` lacks.
        """
        wrong = check_role_name(name)
        if wrong is not None:
            raise wrong
        if not permissions:
            raise Fault(Code.REQUEST_INVALID, "a role of nothing is none: name permissions")
        check_permissions(permissions)
        row = RoleRow(
            name, tuple(sorted(set(permissions))), description[:DESCRIPTION_MAX], self._clock.now()
        )
        async with self._catalog.begin(write=True) as tx:
            before = await tx.roles.find(name)
            if before is None and len(await tx.roles.page("", ROLES_MAX)) >= ROLES_MAX:
                raise Fault(
                    Code.DENIED, f"there are {ROLES_MAX} roles already: remove one that nobody has"
                )
            names = (*permissions, *(before.permissions if before else ()))
            await check_may_give(tx, by.identity, [Grant(REGISTRY_AREA, known(names))])
            await tx.roles.put(row)
            operation = "role.changed" if before else "role.created"
            detail = {"permissions": [*row.permissions]}
            await changed(tx, by, row.changed_at, Act(operation, name, "", detail))
        return row

    async def remove(self, name: str, by: Acting) -> None:
        """Remove a role; `Fault`: NOT_FOUND, or CONFLICT while somebody has it."""
        async with self._catalog.begin(write=True) as tx:
            if await tx.roles.find(name) is None:
                raise _no_role(name)
            holder = await tx.roles.granted(name)
            if holder is not None:
                raise Fault(
                    Code.CONFLICT,
                    f"{holder.subject_kind.value} {holder.subject} has role {name} on "
                    f"{holder.scope}: take it away first",
                )
            await tx.roles.remove(name)
            await changed(tx, by, self._clock.now(), Act("role.removed", name))

    async def find(self, name: str) -> RoleRow:
        """Return a custom role, or raise `Fault(NOT_FOUND)`."""
        async with self._catalog.begin() as tx:
            row = await tx.roles.find(name)
        if row is None:
            raise _no_role(name)
        return row

    async def page(self, after: str, limit: int) -> list[RoleRow]:
        """Return custom roles by name."""
        async with self._catalog.begin() as tx:
            return await tx.roles.page(after, limit)


def _no_role(name: str) -> Fault:
    return Fault(
        Code.NOT_FOUND,
        f"there is no custom role {name[:64]!a}: list them, or make this one",
        {"role": name[:64]},
    )
