"""Users switched off and on again."""

from dataclasses import replace

from entrepot.oci.errors import Code, Fault
from entrepot.ports.catalog import Catalog
from entrepot.ports.clock import Clock
from entrepot.ports.grants import ACCESS_EPOCH
from entrepot.ports.identity import Source
from entrepot.ports.people import Profile

from .auditing import Act, record
from .context import Caller


async def set_enabled(
    catalog: Catalog, clock: Clock, name: str, *, enabled: bool, by: Caller
) -> None:
    """Switch a user off or on again; nothing to do for one who is so already.

    Whoever is off cannot log in by any means, and their tokens and sessions are over.
    `Fault(NOT_FOUND)` where there is no such account.
    """
    now = clock.now()
    async with catalog.begin(write=True) as tx:
        account = await tx.accounts.find(name)
        profile = await tx.profiles.find(name)
        if account is None:
            raise Fault(
                Code.NOT_FOUND,
                f"there is no user {name[:64]}: list them, or add this one",
                {"name": name[:64]},
            )
        if (profile is None or profile.enabled) is enabled:
            return
        made = profile or Profile(name, Source.LOCAL, name, "", "", enabled, now)
        await tx.profiles.put(replace(made, enabled=enabled))
        # Who comes back gets new tokens and sessions; those of before stay over.
        await tx.accounts.set_role(name, account.role, max(now, account.changed_at + 0.001))
        await tx.epochs.advance(ACCESS_EPOCH)
        await record(tx, by, now, Act("user.enabled" if enabled else "user.disabled", name))
