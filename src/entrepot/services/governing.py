"""Whose account somebody may make or change: none that holds what they lack."""

from entrepot.oci.errors import Code, Fault
from entrepot.ports.catalog import Tx
from entrepot.rules.access import Grant, Identity, Kind, lacking, of_account
from entrepot.rules.roles import Role

from .authority import held_by
from .facts import all_of_user


async def check_governs(tx: Tx, by: Identity | None, name: str, role: Role | None = None) -> None:
    """Raise `Fault(DENIED)` with what is lacking, unless `by` holds all that the account does.

    With `role`, that the account is to have, all of this too. Who sets a password can be that user,
    so it is as if they were given it all. `by` is None for the operator.
    """
    if by is None:
        return
    wanted = await all_of_user(tx, name)
    if role is not None:
        wanted += (of_account(role),)
    missing = lacking(await _held(tx, by), wanted, limits=by.limits)
    if missing is None:
        return
    permission, area = missing
    raise Fault(
        Code.DENIED,
        f"{name} has, or would have, {permission.value} on {area}, which {by.name} lacks: ask an "
        "administrator",
        {"permission": permission.value, "scope": area},
    )


def is_self(by: Identity | None, name: str) -> bool:
    """Whether it is the user in person, and not only an access token of theirs."""
    return by is not None and by.kind is Kind.USER and by.name == name and not by.credential


async def _held(tx: Tx, by: Identity) -> tuple[Grant, ...]:
    # Of a user as the catalog has it now: they may have been an administrator a moment ago.
    return await all_of_user(tx, by.name) if by.kind is Kind.USER else await held_by(tx, by)
