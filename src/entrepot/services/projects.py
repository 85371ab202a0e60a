"""Projects: made, changed, listed and removed."""

from collections.abc import Sequence
from dataclasses import replace

from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import DEFAULT_PROJECT
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock
from entrepot.ports.ledgers import KIND_PROJECT
from entrepot.ports.projects import Project
from entrepot.ports.trash import TrashScope
from entrepot.rules.access import OF_PUBLIC, Grant
from entrepot.rules.areas import check_project_name
from entrepot.rules.networks import Networks
from entrepot.rules.roles import Role

from .auditing import Act
from .authority import Acting, changed, check_may_give
from .fading import fade_project
from .founding import found_project, name_was_used, was_used
from .policies import forget_policies
from .robots import forget_robots
from .webhooks import retire_of


class ProjectService:
    """Keeps projects as rows; what lies in them is the business of others."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock

    async def ensure_library(self) -> None:
        """Make the project of names without one, which is nobody's, at the first start."""
        async with self._catalog.begin() as tx:
            if await tx.projects.find(DEFAULT_PROJECT) is not None:
                return
        made = Project(
            DEFAULT_PROJECT, public=False, networks=(), created_at=self._clock.now(), created_by=""
        )
        async with self._catalog.begin(write=True) as tx:
            await found_project(tx, made)

    async def create(
        self, name: str, by: Acting, *, public: bool = False, networks: tuple[str, ...] = ()
    ) -> Project:
        """Make a project that `by` runs; `Fault`: NAME_INVALID, REQUEST_INVALID, CONFLICT.

        DENIED for the name of one that was removed, unless `by` is an administrator.
        """
        wrong = check_project_name(name)
        if wrong is not None:
            raise wrong
        texts = Networks.parse(networks).texts
        project = Project(
            name,
            public=public,
            networks=texts,
            created_at=self._clock.now(),
            created_by=by.caller.actor,
        )
        async with self._catalog.begin(write=True) as tx:
            if await tx.projects.find(name) is not None:
                raise Fault(
                    Code.CONFLICT, f"there is a project {name} already: choose another name"
                )
            if by.identity.role is not Role.ADMIN and await was_used(tx, name):
                raise name_was_used(name)
            await found_project(tx, project)
            await changed(tx, by, project.created_at, _act("project.created", project))
        return project

    async def change(
        self,
        name: str,
        by: Acting,
        *,
        public: bool | None = None,
        networks: tuple[str, ...] | None = None,
    ) -> Project:
        """Change what is given.

        `Fault`: NOT_FOUND, REQUEST_INVALID; DENIED to make it public for who may not pull from it.
        """
        texts = Networks.parse(networks).texts if networks is not None else None
        async with self._catalog.begin(write=True) as tx:
            before = await self._found(tx, name)
            after = replace(
                before,
                public=before.public if public is None else public,
                networks=before.networks if texts is None else texts,
            )
            if after == before:
                return before
            if after.public and not before.public:
                # Nobody gives what they lack, to everybody least of all.
                await check_may_give(tx, by.identity, [Grant(name, OF_PUBLIC)])
            await tx.projects.change(after)
            await changed(tx, by, self._clock.now(), _act("project.changed", after))
        return after

    async def remove(self, name: str, by: Acting) -> None:
        """Remove a project in which nothing lies, with all that was set up in it.

        `Fault`: NOT_FOUND; CONFLICT as long as there are manifests, or entries in the trash;
        DENIED for `library`.
        """
        if name == DEFAULT_PROJECT:
            raise Fault(
                Code.DENIED, f"{DEFAULT_PROJECT} holds the names without a project: it stays"
            )
        while True:
            async with self._catalog.begin(write=True) as tx:
                project = await self._found(tx, name)
                await _check_empty(tx, name)
                if not await fade_project(tx, name):
                    await forget_robots(tx, name)
                    await retire_of(tx, name)
                    now = self._clock.now()
                    await forget_policies(tx, name, by.caller, now)
                    await tx.grants.forget_project(name)
                    await tx.projects.remove(name)
                    await changed(tx, by, now, _act("project.removed", project))
                    return
            await self._clock.sleep(0)

    async def is_empty(self, name: str) -> bool:
        """Whether no manifest lies in a project; the trash may still hold some."""
        async with self._catalog.begin() as tx:
            return not await _manifests(tx, name)

    async def find(self, name: str) -> Project:
        """Return a project, or raise `Fault(NOT_FOUND)`."""
        async with self._catalog.begin() as tx:
            return await self._found(tx, name)

    async def page(self, after: str, limit: int) -> list[Project]:
        """Return projects by name."""
        async with self._catalog.begin() as tx:
            return await tx.projects.page(after, limit)

    async def repositories(self, names: Sequence[str]) -> dict[str, int]:
        """Return how many repositories with content each project has; few projects at once."""
        async with self._catalog.begin() as tx:
            return {name: await tx.repositories.count(name) for name in names}

    async def _found(self, tx: Tx, name: str) -> Project:
        project = await tx.projects.find(name)
        if project is None:
            raise Fault(
                Code.NOT_FOUND,
                f"there is no project {name[:64]!a}: list them, or make this one",
                {"project": name[:64]},
            )
        return project


async def _manifests(tx: Tx, name: str) -> int:
    ledger = await tx.ledgers.find(KIND_PROJECT, name)
    return ledger.manifests if ledger is not None else 0


async def _check_empty(tx: Tx, name: str) -> None:
    if await _manifests(tx, name):
        raise Fault(
            Code.CONFLICT,
            f"project {name} holds images: delete them first (entrepot project delete {name})",
        )
    if await tx.trash.page(TrashScope(project=name), 0, 1):
        raise Fault(
            Code.CONFLICT,
            f"what was deleted of project {name} is still in the trash: purge it first (entrepot "
            f"trash list --project {name} shows the ids), or wait until its time has come",
        )


def _act(operation: str, project: Project) -> Act:
    detail = {"public": project.public, "networks": [*project.networks]}
    return Act(operation, project.name, project.name, detail)
