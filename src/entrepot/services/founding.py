"""Projects that a first push makes."""

from dataclasses import dataclass

from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Repository, Tx
from entrepot.ports.grants import ACCESS_EPOCH, GrantRow
from entrepot.ports.projects import Project
from entrepot.rules.passwords import check_name
from entrepot.rules.roles import PROJECT_ADMIN
from entrepot.rules.subjects import SubjectKind

from .auditing import Act, record
from .context import OPERATOR, Caller


@dataclass(frozen=True, slots=True)
class Place:
    """What there is, in a transaction, of where something goes."""

    name: RepositoryName
    project: Project | None
    repository: Repository | None


async def find_place(tx: Tx, name: RepositoryName) -> Place:
    """Look a repository and its project up."""
    found = await tx.together(tx.projects.find(name.project), tx.repositories.find(name))
    return Place(name, *found)


async def enter_place(tx: Tx, place: Place, caller: Caller, now: float) -> Repository:
    """Return the repository, made now if it is new, and its project too.

    Who makes the project runs it, if they may make one. `Fault(DENIED)` if the caller may push
    only because there was none, and now it is somebody else's.
    """
    await enter_project(tx, place, caller, now)
    return place.repository or await tx.repositories.ensure(place.name, now)


async def enter_project(tx: Tx, place: Place, caller: Caller, now: float) -> None:
    """Do the project's part of `enter_place`."""
    name, found = place.name, place.project
    if found is None:
        if caller.founds and await was_used(tx, name.project):
            raise name_was_used(name.project)
        made = Project(
            name.project, public=False, networks=(), created_at=now, created_by=caller.actor
        )
        if await found_project(tx, made, runs=caller.creates):
            detail = {"public": False, "networks": [], "by": "push"}
            await record(tx, caller, now, Act("project.created", made.name, made.name, detail))
    elif caller.founds and found.created_by != caller.actor:
        raise Fault(
            Code.DENIED,
            f"somebody else has just made project {name.project}: ask them for a role in it",
        )


async def found_project(tx: Tx, project: Project, *, runs: bool = True) -> bool:
    """Write a new project and let its maker run it; False when there is one of that name.

    Unless the maker `runs` it, administrators do: who may only push everywhere gets no more by it.

    Robots, workloads, anonymous callers and the operator make projects that administrators run.
    """
    if not await tx.projects.add(project):
        return False
    maker = project.created_by
    if runs and maker not in ("", OPERATOR) and check_name(maker) is None:
        row = GrantRow(
            0,
            SubjectKind.USER,
            maker,
            project.name,
            PROJECT_ADMIN,
            (),
            project.created_at,
            maker,
        )
        await tx.grants.add(row)
    await tx.epochs.advance(ACCESS_EPOCH)
    return True


async def was_used(tx: Tx, project: str) -> bool:
    """Whether there ever was a repository in a project: its history is kept for ever."""
    return bool(await tx.history.repositories(project, "", 1))


def name_was_used(project: str) -> Fault:
    """Return the fault for who would get the history of others with a project's name."""
    return Fault(
        Code.DENIED,
        f"project {project} was removed, and its name stays with its history: choose another "
        "name, or ask an administrator to make it again",
        {"project": project},
    )
