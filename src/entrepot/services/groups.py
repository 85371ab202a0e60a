"""Groups of users: made, filled, listed and removed."""

from entrepot.oci.errors import Code, Fault
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock
from entrepot.ports.identity import Source
from entrepot.ports.notes import OF_GROUP
from entrepot.ports.people import Group
from entrepot.rules.passwords import check_name
from entrepot.rules.subjects import SubjectKind

from .auditing import Act
from .authority import Acting, changed, check_may_give
from .facts import all_of_subject

NAME_MAX = 255
"""As long as directories' names of groups are kept."""
DESCRIPTION_MAX = 256
OF_USER_MAX = 1000
"""Groups of one user."""


class GroupService:
    """Keeps groups. Who is in one has what it was granted, so that nobody adds above themselves.

    The caller has checked that `by` may manage users.
    """

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock

    async def make(self, name: str, description: str, by: Acting) -> Group:
        """Make a group; `Fault`: REQUEST_INVALID, or CONFLICT when there is one of that name.

        Whom a directory puts into a group of that name is a member from the start.
        """
        _check(name, description)
        group = Group(name, description, self._clock.now())
        async with self._catalog.begin(write=True) as tx:
            if await tx.groups.find(name) is not None:
                raise Fault(
                    Code.CONFLICT, f"there is a group {name} already: use it, or another name"
                )
            await tx.groups.put(group)
            await changed(tx, by, group.created_at, Act("group.created", name))
        return group

    async def describe(self, name: str, description: str, by: Acting) -> Group:
        """Change what people read about a group; `Fault`: REQUEST_INVALID, NOT_FOUND."""
        _check(name, description)
        async with self._catalog.begin(write=True) as tx:
            before = await _found(tx, name)
            group = Group(name, description, before.created_at)
            await tx.groups.put(group)
            await changed(tx, by, self._clock.now(), Act("group.changed", name))
        return group

    async def remove(self, name: str, by: Acting) -> None:
        """Remove a group with its grants and members; `Fault`: NOT_FOUND, DENIED.

        Whom a directory names as a member is one again with the next login, of a group that was
        granted nothing.
        """
        async with self._catalog.begin(write=True) as tx:
            await _found(tx, name)
            await _check_within(tx, name, by)
            taken = await tx.grants.forget(SubjectKind.GROUP, name)
            await tx.groups.remove(name)
            await tx.notes.remove(OF_GROUP, name)
            await changed(
                tx, by, self._clock.now(), Act("group.removed", name, "", {"grants": taken})
            )

    async def find(self, name: str) -> Group:
        """Return a group, or raise `Fault(NOT_FOUND)`."""
        async with self._catalog.begin() as tx:
            return await _found(tx, name)

    async def page(self, after: str, limit: int) -> list[Group]:
        """Return groups by name, those after `after`."""
        async with self._catalog.begin() as tx:
            return await tx.groups.page(after, limit)

    async def members(self, name: str, after: str, limit: int) -> list[tuple[str, Source]]:
        """Return users above `after` with who says so, at most `limit` or a few more entries."""
        async with self._catalog.begin() as tx:
            return await tx.groups.members(name, after, limit)

    async def of(self, user: str) -> list[tuple[str, Source]]:
        """Return the groups of a user, each with who says so."""
        async with self._catalog.begin() as tx:
            return await tx.groups.of(user)

    async def enter(self, name: str, user: str, by: Acting) -> None:
        """Make a user a member; nothing to do for one who is.

        `Fault`: REQUEST_INVALID, NOT_FOUND, DENIED for a group that was granted what `by` lacks.
        """
        wrong = check_name(user)
        if wrong is not None:
            raise wrong
        async with self._catalog.begin(write=True) as tx:
            await _found(tx, name)
            await _check_within(tx, name, by)
            if len(await tx.groups.of(user)) >= OF_USER_MAX:
                raise Fault(
                    Code.DENIED, f"{user} is in {OF_USER_MAX} groups already: take one away first"
                )
            if await tx.groups.enter(user, name, Source.LOCAL):
                act = Act("group.entered", name, "", {"user": user})
                await changed(tx, by, self._clock.now(), act)

    async def leave(self, name: str, user: str, by: Acting) -> None:
        """Take a user out again; `Fault`: NOT_FOUND, DENIED, CONFLICT for whom a directory put in.

        Nobody takes others out of what gives more than they have themselves.
        """
        async with self._catalog.begin(write=True) as tx:
            await _check_within(tx, name, by)
            if not await tx.groups.leave(user, name, Source.LOCAL):
                raise await _not_local(tx, name, user)
            act = Act("group.left", name, "", {"user": user})
            await changed(tx, by, self._clock.now(), act)


async def _check_within(tx: Tx, name: str, by: Acting) -> None:
    await check_may_give(tx, by.identity, await all_of_subject(tx, SubjectKind.GROUP, name))


async def _not_local(tx: Tx, name: str, user: str) -> Fault:
    sources = [source for group, source in await tx.groups.of(user) if group == name]
    if sources:
        return Fault(
            Code.CONFLICT,
            f"{user[:64]} is in {name[:64]} as {sources[0].value} says: take them out there",
        )
    return Fault(Code.NOT_FOUND, f"{user[:64]} is not in group {name[:64]!a}: list its members")


async def _found(tx: Tx, name: str) -> Group:
    group = await tx.groups.find(name)
    if group is None:
        raise Fault(
            Code.NOT_FOUND,
            f"there is no group {name[:64]!a}: list them, or make it first",
            {"group": name[:64]},
        )
    return group


def _check(name: str, description: str) -> None:
    if not 0 < len(name) <= NAME_MAX or not name.isprintable() or name != name.strip():
        raise Fault(
            Code.REQUEST_INVALID,
            f"this cannot be a group's name: use up to {NAME_MAX} characters that can be seen, as "
            "the directory writes it if it has that group",
        )
    if len(description) > DESCRIPTION_MAX or not description.isprintable():
        raise Fault(
            Code.REQUEST_INVALID,
            f"the description is too long, or no line of text: use up to {DESCRIPTION_MAX} "
            "characters",
        )
