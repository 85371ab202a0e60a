"""What somebody may try: each as its route does, by asking first and calling the service then."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from entrepot.oci.name import RepositoryName
from entrepot.rules.access import Kind
from entrepot.rules.areas import REGISTRY, REGISTRY_AREA, Target, project_of
from entrepot.rules.permissions import Permission
from entrepot.rules.robots import project_of_robot
from entrepot.rules.roles import Role
from entrepot.rules.subjects import SubjectKind
from entrepot.services.access_tokens import NewToken
from entrepot.services.authority import Acting
from entrepot.services.context import Caller
from entrepot.services.founding import enter_project
from entrepot.services.governing import is_self
from entrepot.services.grants import Wanted
from entrepot.services.robotparts import Gift, NewRobot, RobotChange
from entrepot.services.robots import is_itself
from entrepot.services.standing import LimitGrant

from .rights import CUSTOM, GROUPS, PROJECTS, REPOSITORIES, USERS, View, Who
from .world import PASSWORD, Town


@dataclass(frozen=True, slots=True)
class Done:
    """What was done: in words, whose secret the actor knows by it, what project it founded."""

    words: str
    taken: Who | None = None
    founded: str = ""
    public: bool = False


Move = Callable[[Town, View, Acting], Awaitable[Done]]


async def _ask(town: Town, by: Acting, permission: Permission, area: str) -> None:
    project = project_of(area)
    target = REGISTRY if project in ("", REGISTRY_AREA) else Target(project)
    await town.gate.access.require(by.identity, permission, target)


async def give(town: Town, _view: View, by: Acting) -> Done:
    rng = town.dice.rng
    kind = rng.choice((SubjectKind.USER, SubjectKind.USER, SubjectKind.GROUP, SubjectKind.EVERYONE))
    names = {SubjectKind.USER: USERS, SubjectKind.GROUP: GROUPS}.get(kind, ("",))
    subject = by.identity.name if rng.random() < 0.3 else rng.choice(names)
    area, role, permissions = town.dice.gift()
    await _ask(town, by, Permission.GRANT_MANAGE, area)
    await town.grants.give(Wanted(kind, subject, area, role, permissions), by)
    return Done(f"gives {role or permissions} on {area} to {kind.value} {subject}")


async def take(town: Town, view: View, by: Acting) -> Done:
    row = town.dice.rng.choice(view.grants)
    await _ask(town, by, Permission.GRANT_MANAGE, row.scope)
    await town.grants.take(row.id, by)
    return Done(f"takes {row.role or row.permissions} on {row.scope} from {row.subject}")


async def put_role(town: Town, _view: View, by: Acting) -> Done:
    name, permissions = town.dice.rng.choice(CUSTOM), town.dice.some_permissions()
    await _ask(town, by, Permission.ROLE_MANAGE, "")
    await town.roles.put(name, permissions, "", by)
    return Done(f"makes role {name} hold {permissions}")


async def remove_role(town: Town, _view: View, by: Acting) -> Done:
    name = town.dice.rng.choice(CUSTOM)
    await _ask(town, by, Permission.ROLE_MANAGE, "")
    await town.roles.remove(name, by)
    return Done(f"removes role {name}")


def _gifts(town: Town) -> tuple[Gift, ...]:
    return tuple(Gift(*town.dice.gift()) for _ in range(town.dice.rng.randint(1, 2)))


async def make_robot(town: Town, _view: View, by: Acting) -> Done:
    rng = town.dice.rng
    project = rng.choice(("", *PROJECTS))
    await _ask(town, by, Permission.ROBOT_MANAGE, project)
    networks = ("192.0.2.0/24",) if rng.random() < 0.2 else ()
    new = NewRobot(rng.choice(("ci", "cd")), project, _gifts(town), networks=networks)
    made, _ = await town.robots.create(new, by)
    return Done(f"makes {made.robot.name} with {new.gifts}", (Kind.ROBOT, made.robot.name, ""))


async def change_robot(town: Town, view: View, by: Acting) -> Done:
    rng = town.dice.rng
    name = rng.choice(view.robots)
    await _ask(town, by, Permission.ROBOT_MANAGE, project_of_robot(name))
    wanted = RobotChange(
        enabled=rng.choice((True, False, None)),
        networks=rng.choice(((), ("10.0.0.0/8",), None)),
        gifts=_gifts(town) if rng.random() < 0.6 else None,
    )
    await town.robots.change(name, wanted, by)
    return Done(f"changes {name} by {wanted}")


async def rotate_robot(town: Town, view: View, by: Acting) -> Done:
    name = town.dice.rng.choice(view.robots)
    if not is_itself(by.identity, name):
        await _ask(town, by, Permission.ROBOT_MANAGE, project_of_robot(name))
    await town.robots.rotate(name, by)
    return Done(f"makes a new secret of {name}", (Kind.ROBOT, name, ""))


async def remove_robot(town: Town, view: View, by: Acting) -> Done:
    name = town.dice.rng.choice(view.robots)
    await _ask(town, by, Permission.ROBOT_MANAGE, project_of_robot(name))
    await town.robots.remove(name, by)
    return Done(f"removes {name}")


async def make_token(town: Town, _view: View, by: Acting) -> Done:
    rng = town.dice.rng
    limits = None
    if rng.random() < 0.8:
        limits = tuple(LimitGrant(*town.dice.gift()) for _ in range(rng.randint(1, 2)))
    networks = rng.choice(((), ("10.0.0.0/8",), ("192.0.2.0/24",)))
    made, _ = await town.tokens.create(NewToken("t", limits=limits, networks=networks), by)
    return Done(f"makes a token limited to {limits}", (Kind.USER, by.identity.name, made.id))


async def make_user(town: Town, _view: View, by: Acting) -> Done:
    name, role = town.dice.rng.choice(USERS), town.dice.rng.choice((*Role, Role.USER))
    await _ask(town, by, Permission.USER_MANAGE, "")
    await town.accounts.add(name, PASSWORD, role, by=by.identity)
    return Done(f"makes user {name} a {role.value}", (Kind.USER, name, ""))


async def change_user(town: Town, _view: View, by: Acting) -> Done:
    rng = town.dice.rng
    name = rng.choice((*USERS, "root", by.identity.name))
    role = rng.choice((*Role, None, None))
    password = PASSWORD if role is None or rng.random() < 0.5 else None
    if role is not None or not is_self(by.identity, name):
        await _ask(town, by, Permission.USER_MANAGE, "")
    await town.accounts.change(name, password=password, role=role, by=by.identity)
    taken = (Kind.USER, name, "") if password is not None else None
    return Done(f"sets role {role} and password {password is not None} of {name}", taken)


async def remove_user(town: Town, _view: View, by: Acting) -> Done:
    name = town.dice.rng.choice((*USERS, "root"))
    await _ask(town, by, Permission.USER_MANAGE, "")
    await town.accounts.remove(name, by=by.identity)
    return Done(f"removes user {name}")


async def enter_group(town: Town, _view: View, by: Acting) -> Done:
    rng = town.dice.rng
    group, user = rng.choice(GROUPS), rng.choice((*USERS, by.identity.name))
    await _ask(town, by, Permission.USER_MANAGE, "")
    await town.groups.enter(group, user, by)
    return Done(f"puts {user} into {group}")


async def leave_group(town: Town, _view: View, by: Acting) -> Done:
    group, user = town.dice.rng.choice(GROUPS), town.dice.rng.choice(USERS)
    await _ask(town, by, Permission.USER_MANAGE, "")
    await town.groups.leave(group, user, by)
    return Done(f"takes {user} out of {group}")


async def renew_group(town: Town, _view: View, by: Acting) -> Done:
    group = town.dice.rng.choice(GROUPS)
    await _ask(town, by, Permission.USER_MANAGE, "")
    if town.dice.rng.random() < 0.3:
        await town.groups.remove(group, by)
        return Done(f"removes {group}")
    await town.groups.make(group, "", by)
    return Done(f"makes {group}")


async def make_project(town: Town, _view: View, by: Acting) -> Done:
    name, public = town.dice.rng.choice(PROJECTS), town.dice.rng.random() < 0.3
    await _ask(town, by, Permission.PROJECT_CREATE, "")
    await town.projects.create(name, by, public=public)
    return Done(f"makes project {name}", founded=name, public=public)


async def change_project(town: Town, _view: View, by: Acting) -> Done:
    name, public = town.dice.rng.choice(PROJECTS), town.dice.rng.random() < 0.7
    await _ask(town, by, Permission.PROJECT_UPDATE, name)
    await town.projects.change(name, by, public=public)
    return Done(f"makes project {name} {'public' if public else 'private'}")


async def remove_project(town: Town, _view: View, by: Acting) -> Done:
    name = town.dice.rng.choice(PROJECTS)
    await _ask(town, by, Permission.PROJECT_DELETE, name)
    await town.projects.remove(name, by)
    return Done(f"removes project {name}")


async def push(town: Town, view: View, by: Acting) -> Done:
    name: RepositoryName = town.dice.rng.choice(REPOSITORIES)
    verdict = await town.gate.access.require(by.identity, Permission.PUSH, name)
    caller = by.caller if not verdict.founds else _founder(by)
    async with town.catalog.begin(write=True) as tx:
        await enter_project(tx, name, caller, town.clock.now())
    is_new = name.project not in view.projects and verdict.founds
    return Done(f"pushes to {name}", founded=name.project if is_new else "")


def _founder(by: Acting) -> Caller:
    return replace(by.caller, founds=True)


MOVES: tuple[tuple[Move, int], ...] = (
    (give, 12),
    (take, 1),
    (put_role, 4),
    (remove_role, 1),
    (make_robot, 5),
    (change_robot, 4),
    (rotate_robot, 3),
    (remove_robot, 1),
    (make_token, 4),
    (make_user, 3),
    (change_user, 5),
    (remove_user, 1),
    (enter_group, 5),
    (leave_group, 1),
    (renew_group, 1),
    (make_project, 2),
    (change_project, 3),
    (remove_project, 1),
    (push, 2),
)
"""With how often each is tried."""
