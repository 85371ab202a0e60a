"""What somebody may try: each as its route does, by asking first."""

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
from entrepot.services.founding import enter_project, find_place
from entrepot.services.governing import is_self
from entrepot.services.grants import Wanted
from entrepot.services.robotparts import Gift, NewRobot, RobotChange
from entrepot.services.robots import is_itself
from entrepot.services.standing import LimitGrant

from .rights import AREAS, CUSTOM, GROUPS, PROJECTS, REPOSITORIES, RULES, USERS, View, Who, workload
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


def _gift(town: Town, view: View) -> tuple[str, str, tuple[str, ...]]:
    """Return something to give, often about what somebody has, here or somewhere near."""
    rng = town.dice.rng
    if rng.random() < 0.3 or not view.grants:
        return town.dice.gift()
    row = rng.choice(view.grants)
    near = [one for one in AREAS if project_of(one) == project_of(row.scope)]
    area = rng.choice(near) if near and rng.random() < 0.7 else row.scope
    return area, row.role, tuple(one for one in row.permissions if rng.random() < 0.7)


def _gifts(town: Town, view: View) -> tuple[Gift, ...]:
    return tuple(Gift(*_gift(town, view)) for _ in range(town.dice.rng.randint(1, 2)))


async def give(town: Town, view: View, by: Acting) -> Done:
    """Grant something to somebody."""
    rng = town.dice.rng
    kind = rng.choice((SubjectKind.USER, SubjectKind.USER, SubjectKind.GROUP, SubjectKind.EVERYONE))
    names = {SubjectKind.USER: USERS, SubjectKind.GROUP: GROUPS}.get(kind, ("",))
    subject = by.identity.name if rng.random() < 0.3 else rng.choice(names)
    area, role, permissions = _gift(town, view)
    await _ask(town, by, Permission.GRANT_MANAGE, area)
    await town.grants.give(Wanted(kind, subject, area, role, permissions), by)
    return Done(f"gives {role or permissions} on {area} to {kind.value} {subject}")


async def take(town: Town, view: View, by: Acting) -> Done:
    """Take a grant away."""
    row = town.dice.rng.choice(view.grants)
    await _ask(town, by, Permission.GRANT_MANAGE, row.scope)
    await town.grants.take(row.id, by)
    return Done(f"takes {row.role or row.permissions} on {row.scope} from {row.subject}")


async def put_role(town: Town, _view: View, by: Acting) -> Done:
    """Make or change a custom role."""
    name, permissions = town.dice.rng.choice(CUSTOM), town.dice.some_permissions()
    await _ask(town, by, Permission.ROLE_MANAGE, "")
    await town.roles.put(name, permissions, "", by)
    return Done(f"makes role {name} hold {permissions}")


async def remove_role(town: Town, _view: View, by: Acting) -> Done:
    """Remove a custom role."""
    name = town.dice.rng.choice(CUSTOM)
    await _ask(town, by, Permission.ROLE_MANAGE, "")
    await town.roles.remove(name, by)
    return Done(f"removes role {name}")


async def make_robot(town: Town, view: View, by: Acting) -> Done:
    """Make a robot, and know its secret."""
    rng = town.dice.rng
    project = rng.choice(("", *PROJECTS))
    await _ask(town, by, Permission.ROBOT_MANAGE, project)
    networks = ("192.0.2.0/24",) if rng.random() < 0.2 else ()
    new = NewRobot(rng.choice(("ci", "cd")), project, _gifts(town, view), networks=networks)
    made, _ = await town.robots.create(new, by)
    return Done(f"makes {made.robot.name} with {new.gifts}", (Kind.ROBOT, made.robot.name, ""))


async def change_robot(town: Town, view: View, by: Acting) -> Done:
    """Change a robot."""
    rng = town.dice.rng
    name = rng.choice(view.robots)
    await _ask(town, by, Permission.ROBOT_MANAGE, project_of_robot(name))
    wanted = RobotChange(
        enabled=rng.choice((True, False, None)),
        networks=rng.choice(((), ("10.0.0.0/8",), None)),
        gifts=_gifts(town, view) if rng.random() < 0.6 else None,
    )
    await town.robots.change(name, wanted, by)
    return Done(f"changes {name} by {wanted}")


async def rotate_robot(town: Town, view: View, by: Acting) -> Done:
    """Give a robot a new secret, and know it."""
    name = town.dice.rng.choice(view.robots)
    if not is_itself(by.identity, name):
        await _ask(town, by, Permission.ROBOT_MANAGE, project_of_robot(name))
    await town.robots.rotate(name, by)
    return Done(f"makes a new secret of {name}", (Kind.ROBOT, name, ""))


async def remove_robot(town: Town, view: View, by: Acting) -> Done:
    """Remove a robot."""
    name = town.dice.rng.choice(view.robots)
    await _ask(town, by, Permission.ROBOT_MANAGE, project_of_robot(name))
    await town.robots.remove(name, by)
    return Done(f"removes {name}")


async def make_token(town: Town, view: View, by: Acting) -> Done:
    """Make an access token for oneself."""
    rng = town.dice.rng
    limits = None
    if rng.random() < 0.8:
        limits = tuple(LimitGrant(*_gift(town, view)) for _ in range(rng.randint(1, 2)))
    networks = rng.choice(((), ("10.0.0.0/8",), ("192.0.2.0/24",)))
    made, _ = await town.tokens.create(NewToken("t", limits=limits, networks=networks), by)
    return Done(f"makes a token limited to {limits}", (Kind.USER, by.identity.name, made.id))


async def make_user(town: Town, _view: View, by: Acting) -> Done:
    """Make a user, and know the password."""
    name, role = town.dice.rng.choice(USERS), town.dice.rng.choice((*Role, Role.USER))
    await _ask(town, by, Permission.USER_MANAGE, "")
    await town.accounts.add(name, PASSWORD, role, by=by.identity)
    return Done(f"makes user {name} a {role.value}", (Kind.USER, name, ""))


async def change_user(town: Town, _view: View, by: Acting) -> Done:
    """Set a role or a password."""
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
    """Remove a user."""
    name = town.dice.rng.choice((*USERS, "root"))
    await _ask(town, by, Permission.USER_MANAGE, "")
    await town.accounts.remove(name, by=by.identity)
    return Done(f"removes user {name}")


async def enter_group(town: Town, _view: View, by: Acting) -> Done:
    """Put somebody into a group."""
    rng = town.dice.rng
    group, user = rng.choice(GROUPS), rng.choice((*USERS, by.identity.name))
    await _ask(town, by, Permission.USER_MANAGE, "")
    await town.groups.enter(group, user, by)
    return Done(f"puts {user} into {group}")


async def leave_group(town: Town, _view: View, by: Acting) -> Done:
    """Take somebody out of a group."""
    group, user = town.dice.rng.choice(GROUPS), town.dice.rng.choice(USERS)
    await _ask(town, by, Permission.USER_MANAGE, "")
    await town.groups.leave(group, user, by)
    return Done(f"takes {user} out of {group}")


async def renew_group(town: Town, _view: View, by: Acting) -> Done:
    """Make or remove a group."""
    group = town.dice.rng.choice(GROUPS)
    await _ask(town, by, Permission.USER_MANAGE, "")
    if town.dice.rng.random() < 0.3:
        await town.groups.remove(group, by)
        return Done(f"removes {group}")
    await town.groups.make(group, "", by)
    return Done(f"makes {group}")


async def trust(town: Town, view: View, by: Acting) -> Done:
    """Trust a workload, which is the actor's own."""
    name = town.dice.rng.choice(RULES)
    await _ask(town, by, Permission.WORKLOAD_MANAGE, "")
    gifts = _gifts(town, view)
    grants = [
        {"scope": one.scope, "role": one.role, "permissions": [*one.permissions]} for one in gifts
    ]
    document = {"kind": "github", "conditions": {"repository": "acme/web"}, "grants": grants}
    await town.trust.put(name, document, by)
    return Done(f"trusts a workload with {gifts}", workload(name))


async def make_project(town: Town, _view: View, by: Acting) -> Done:
    """Make a project."""
    name, public = town.dice.rng.choice(PROJECTS), town.dice.rng.random() < 0.3
    await _ask(town, by, Permission.PROJECT_CREATE, "")
    await town.projects.create(name, by, public=public)
    return Done(f"makes project {name}", founded=name, public=public)


async def change_project(town: Town, _view: View, by: Acting) -> Done:
    """Make a project public or private."""
    name, public = town.dice.rng.choice(PROJECTS), town.dice.rng.random() < 0.7
    await _ask(town, by, Permission.PROJECT_UPDATE, name)
    await town.projects.change(name, by, public=public)
    return Done(f"makes project {name} {'public' if public else 'private'}")


async def remove_project(town: Town, _view: View, by: Acting) -> Done:
    """Remove a project."""
    name = town.dice.rng.choice(PROJECTS)
    await _ask(town, by, Permission.PROJECT_DELETE, name)
    await town.projects.remove(name, by)
    return Done(f"removes project {name}")


async def push(town: Town, view: View, by: Acting) -> Done:
    """Push, which makes the project if there is none."""
    name: RepositoryName = town.dice.rng.choice(REPOSITORIES)
    verdict = await town.gate.access.require(by.identity, Permission.PUSH, name)
    caller = replace(by.caller, founds=verdict.founds, creates=verdict.creates)
    async with town.catalog.begin(write=True) as tx:
        await enter_project(tx, await find_place(tx, name), caller, town.clock.now())
    is_new = name.project not in view.projects and verdict.creates
    return Done(f"pushes to {name}", founded=name.project if is_new else "")


MOVES: tuple[tuple[Move, int], ...] = (
    (give, 12),
    (take, 1),
    (put_role, 4),
    (remove_role, 1),
    (make_robot, 7),
    (change_robot, 4),
    (rotate_robot, 3),
    (remove_robot, 3),
    (make_token, 4),
    (make_user, 3),
    (change_user, 5),
    (remove_user, 1),
    (enter_group, 5),
    (leave_group, 1),
    (renew_group, 1),
    (trust, 4),
    (make_project, 2),
    (change_project, 3),
    (remove_project, 1),
    (push, 2),
)
"""With how often each is tried."""
