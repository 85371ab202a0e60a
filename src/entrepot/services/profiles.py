"""What is told of users beside their accounts: name in full, address of mail."""

from collections.abc import Sequence
from dataclasses import replace

from entrepot.oci.errors import Code, Fault
from entrepot.ports.accounts import Account
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock
from entrepot.ports.identity import Source
from entrepot.ports.people import Profile
from entrepot.rules.access import Identity

from .auditing import Act, record
from .context import Caller
from .governing import check_governs, is_self

NAMES_MAX = 1000
"""Most users in one call: a page of the widest list."""
TEXT_LENGTH_MAX = 255


class ProfileService:
    """Keeps what local users say of themselves; of others their source says it."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock

    async def of(self, accounts: Sequence[Account]) -> dict[str, Profile]:
        """Return the profile of each account by its name; an empty one where nothing is known.

        ValueError for more than `NAMES_MAX` accounts.
        """
        if len(accounts) > NAMES_MAX:
            raise ValueError(f"{len(accounts)} accounts at once, of {NAMES_MAX} at most")
        found = {}
        async with self._catalog.begin() as tx:
            for one in accounts:
                found[one.name] = await tx.profiles.find(one.name) or nothing_of(one)
        return found

    async def put(
        self, name: str, email: str, display_name: str, *, by: Identity | None, caller: Caller
    ) -> None:
        """Write what is told of a local user; `by` is who asks, None the operator.

        `Fault`: NOT_FOUND, REQUEST_INVALID for what is no line of text; DENIED for a user of
        another source, which says it, and for one who holds what `by` lacks.
        """
        for text in (email, display_name):
            if len(text) > TEXT_LENGTH_MAX or not text.isprintable():
                raise Fault(
                    Code.REQUEST_INVALID,
                    f"this is no name and no address: use up to {TEXT_LENGTH_MAX} characters that "
                    "can be seen",
                )
        async with self._catalog.begin(write=True) as tx:
            before = await _found(tx, name)
            if not is_self(by, name):
                await check_governs(tx, by, name)
            if before.source is not Source.LOCAL:
                raise Fault(
                    Code.DENIED,
                    f"{before.source.value} says who {name} is: change it there, it is read again "
                    "at the next login",
                )
            after = replace(before, email=email, display_name=display_name)
            if after == before:
                return
            await tx.profiles.put(after)
            detail = {"email": email, "display_name": display_name}
            await record(tx, caller, self._clock.now(), Act("user.described", name, "", detail))


def nothing_of(account: Account) -> Profile:
    """Return the profile of a local user of whom nothing was told."""
    return Profile(
        account.name,
        Source.LOCAL,
        account.name,
        "",
        "",
        enabled=True,
        seen_at=account.created_at,
    )


async def _found(tx: Tx, name: str) -> Profile:
    account = await tx.accounts.find(name)
    if account is None:
        raise Fault(
            Code.NOT_FOUND,
            f"there is no user {name[:64]}: list them, or add this one",
            {"name": name[:64]},
        )
    return await tx.profiles.find(name) or nothing_of(account)
