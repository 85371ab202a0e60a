"""Nobody gives what they lack: what somebody holds, against what they would give."""

from collections.abc import Iterable
from dataclasses import dataclass

from entrepot.oci.errors import Code, Fault
from entrepot.ports.catalog import Tx
from entrepot.ports.grants import ACCESS_EPOCH
from entrepot.rules.access import Grant, Identity, Kind, lacking, of_account
from entrepot.rules.areas import check_area
from entrepot.rules.permissions import known, permission
from entrepot.rules.roles import BUILT_IN, PERMISSIONS_MAX
from entrepot.rules.subjects import SubjectKind

from .auditing import Act, record
from .context import Caller
from .facts import all_of_subject, permissions_of


@dataclass(frozen=True, slots=True)
class Acting:
    """Who changes something: what they are, for what they may, and who asks, for the log."""

    identity: Identity
    caller: Caller


async def held_by(tx: Tx, identity: Identity) -> tuple[Grant, ...]:
    """Return all that a caller holds, wherever."""
    grants: tuple[Grant, ...] = ()
    if identity.role is not None:
        grants = (of_account(identity.role),)
    if identity.kind is Kind.USER:
        grants += await all_of_subject(tx, SubjectKind.USER, identity.name)
        for group in sorted({group for group, _ in await tx.groups.of(identity.name)}):
            grants += await all_of_subject(tx, SubjectKind.GROUP, group)
    elif identity.kind is Kind.ROBOT:
        grants += await all_of_subject(tx, SubjectKind.ROBOT, identity.name)
    return grants


async def check_may_give(tx: Tx, by: Identity, wanted: Iterable[Grant]) -> None:
    """Raise `Fault(DENIED)` with what is lacking, unless `by` holds all that is to be given.

    Somebody who showed a token of the registry gives nothing: it carries no such right.
    """
    missing = lacking(await held_by(tx, by), wanted, limits=by.limits)
    if missing is None and by.grants is None:
        return
    what, area = missing or ("it by a token", "*")
    raise Fault(
        Code.DENIED,
        f"{by.name} cannot give {what} on {area}: nobody gives what they do not have themselves",
        {"permission": str(what), "scope": area},
    )


async def named_grant(tx: Tx, scope: str, role: str, permissions: Iterable[str]) -> Grant:
    """Return the grant that a scope and a role, or else a list of permissions, stand for.

    Raises `Fault(REQUEST_INVALID)` for what is none.
    """
    wrong = check_area(scope)
    if wrong is not None:
        raise wrong
    names = tuple(permissions)
    if bool(role) == bool(names):
        raise Fault(Code.REQUEST_INVALID, "it is not said what is given: a role, or permissions")
    check_permissions(names)
    found = await permissions_of(tx, role, names)
    if found is None:
        raise Fault(
            Code.REQUEST_INVALID,
            f"there is no role {role[:64]!a}: use {', '.join(BUILT_IN)}, or make it first",
            {"role": role[:64]},
        )
    return Grant(scope, found, f"role {role}" if role else "permissions")


def check_permissions(names: tuple[str, ...]) -> None:
    """Raise `Fault(REQUEST_INVALID)` for too many permissions, or one that there is not."""
    if len(names) > PERMISSIONS_MAX:
        raise Fault(
            Code.REQUEST_INVALID, f"too many permissions: name at most {PERMISSIONS_MAX} at once"
        )
    unknown = next((name for name in names if permission(name) is None), None)
    if unknown is not None or len(known(names)) != len(set(names)):
        raise Fault(
            Code.REQUEST_INVALID,
            f"there is no permission {str(unknown)[:64]!a}: list them (entrepot role permissions)",
            {"permission": str(unknown)[:64]},
        )


async def changed(tx: Tx, acting: Acting, now: float, act: Act) -> None:
    """Write the change into the log, and let all who remember rights read them anew."""
    await tx.epochs.advance(ACCESS_EPOCH)
    await record(tx, acting.caller, now, act)
