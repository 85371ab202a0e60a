"""Projects as Harbor shows them."""

from collections.abc import Sequence

import msgspec

from entrepot.ports.projects import Project
from entrepot.rules.access import Kind
from entrepot.services.numbers import RETENTION

from .answers import EPOCH, moment
from .api import Call
from .metadata import PUBLIC, RETENTION_ID, Kept, MetadataKeeper
from .parts import Parts, owner_of
from .roles import NO_ROLE, nearest, widest


class CVEAllowlistItem(msgspec.Struct):
    """One vulnerability that is put up with."""

    cve_id: str = ""


class CVEAllowlist(msgspec.Struct, omit_defaults=True):
    """Vulnerabilities that are put up with, of a project or of all."""

    id: int | None = None
    project_id: int | None = None
    expires_at: int | None = None
    items: list[CVEAllowlistItem] | None = msgspec.field(default_factory=list)
    creation_time: str = ""
    update_time: str = ""


class ShownAllowlist(msgspec.Struct, omit_defaults=True):
    """The same in answers; without details `items` is null."""

    creation_time: str
    update_time: str
    items: list[CVEAllowlistItem] | None
    id: int = 0
    project_id: int = 0
    expires_at: int | None = None


class ProjectInfo(msgspec.Struct, omit_defaults=True):
    """A project; `current_user_role_ids` is null for who has no role in it."""

    creation_time: str
    current_user_role_ids: list[int] | None
    cve_allowlist: ShownAllowlist
    name: str
    owner_id: int
    project_id: int
    repo_count: int
    update_time: str
    current_user_role_id: int = 0
    metadata: dict[str, str] | None = None
    owner_name: str = ""


class Shown:
    """Shows projects to callers."""

    def __init__(self, parts: Parts, keeper: MetadataKeeper) -> None:
        self._parts = parts
        self._keeper = keeper

    async def many(
        self, call: Call, projects: Sequence[Project], *, detailed: bool
    ) -> list[ProjectInfo]:
        """Return a page of projects, in the same order."""
        parts, names = self._parts, [one.name for one in projects]
        numbers = await parts.projects(names)
        owners = await parts.users({owner_of(one.created_by) for one in projects})
        counts = await parts.content.projects.repositories(names)
        every = await self._keeper.many(names) if detailed else {}
        found = []
        for one in projects:
            roles = await _roles(call, one.name)
            at, owner, number = moment(one.created_at), owner_of(one.created_by), numbers[one.name]
            shown = ProjectInfo(
                creation_time=at,
                current_user_role_ids=roles or None,
                cve_allowlist=ShownAllowlist(EPOCH, EPOCH, None),
                name=one.name,
                owner_id=owners[owner],
                project_id=number,
                repo_count=counts[one.name],
                update_time=at,
                current_user_role_id=widest(roles),
            )
            if detailed:
                kept = every[one.name]
                shown.metadata = await self._metadata(one, kept)
                # Names of users are for who has one.
                shown.owner_name = "" if call.identity.kind is Kind.ANONYMOUS else owner
                shown.cve_allowlist = allowlist(kept, number)
            found.append(shown)
        return found

    async def metadata(self, project: Project) -> dict[str, str]:
        """Return all metadata of one project."""
        return await self._metadata(project, await self._keeper.of(project.name))

    async def retention(self, project: str) -> str | None:
        """Return the number of the project's retention policy, if it has one."""
        return await self._number(project, await self._keeper.of(project))

    async def _number(self, project: str, kept: Kept) -> str | None:
        if not kept.has_retention:
            return None
        return str(await self._parts.numbers.one(RETENTION, project))

    async def _metadata(self, project: Project, kept: Kept) -> dict[str, str]:
        found = {**kept.values, PUBLIC: "true" if project.public else "false"}
        retention = await self._number(project.name, kept)
        if retention is not None:
            found[RETENTION_ID] = retention
        return dict(sorted(found.items()))


def allowlist(kept: Kept, number: int) -> ShownAllowlist:
    """Return a list of vulnerabilities as it is shown; its number is the project's."""
    items = [CVEAllowlistItem(one) for one in kept.cves]
    return ShownAllowlist(EPOCH, EPOCH, items, number, number, kept.cves_until)


async def _roles(call: Call, project: str) -> list[int]:
    """Return the roles that the caller was granted in a project, as Harbor's numbers."""
    if call.identity.kind is Kind.ANONYMOUS:
        return []
    facts = await call.access.facts(call.identity, project)
    numbers = {nearest(one.permissions) for one in facts.grants if one.area == project}
    return sorted(numbers - {NO_ROLE})
