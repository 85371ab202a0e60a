"""What goes with an account: nothing of it may wait for another one of that name."""

from entrepot.ports.catalog import Tx
from entrepot.ports.grants import ACCESS_EPOCH
from entrepot.ports.notes import OF_USER
from entrepot.ports.robots import CredentialKind
from entrepot.rules.subjects import SubjectKind


async def forget_user(tx: Tx, name: str) -> None:
    """Remove grants, memberships, access tokens, second factors, sessions, profile and notes.

    What they pushed and made stays, robots too, which are nobody's.
    """
    await tx.grants.forget(SubjectKind.USER, name)
    await tx.groups.leave_all(name)
    await tx.credentials.forget(CredentialKind.TOKEN, name)
    await tx.credentials.forget(CredentialKind.CLI, name)
    await tx.factors.remove_all(name)
    await tx.sessions.remove_all(name)
    await tx.profiles.remove(name)
    await tx.notes.remove(OF_USER, name)
    await tx.epochs.advance(ACCESS_EPOCH)
