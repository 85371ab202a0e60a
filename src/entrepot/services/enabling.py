"""Users switched off and on again."""

from dataclasses import replace

from entrepot.oci.errors import Code, Fault
from entrepot.ports.catalog import Catalog
from entrepot.ports.clock import Clock
from entrepot.ports.grants import ACCESS_EPOCH
from entrepot.ports.identity import Source
from entrepot.ports.people import Profile
from entrepot.rules.access import Identity

from .auditing import Act, record
from .context import Caller
from .governing import check_governs, is_self


class EnablingService:
    """Says who may log in at all, whatever they show."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock

    async def find(self, name: str) -> Profile:
        """Return what is known of a user beside their account, or raise `Fault(NOT_FOUND)`."""
        async with self._catalog.begin() as tx:
            account = await tx.accounts.find(name)
            profile = await tx.profiles.find(name)
        if account is None:
            raise _nobody(name)
        return profile or _local(name, account.created_at)

    async def put(
        self, name: str, *, enabled: bool, caller: Caller, by: Identity | None = None
    ) -> None:
        """Switch a user off or on again; nothing to do for one who is so already.

        Whoever is off cannot log in by any means, and their tokens and sessions are over. `by` is
        who asks, None the operator or a job. `Fault`: NOT_FOUND, or DENIED for oneself, and for an
        account that holds what `by` lacks.
        """
        if is_self(by, name):
            raise Fault(Code.DENIED, "nobody switches themselves off: ask another administrator")
        now = self._clock.now()
        async with self._catalog.begin(write=True) as tx:
            account = await tx.accounts.find(name)
            profile = await tx.profiles.find(name)
            if account is None:
                raise _nobody(name)
            await check_governs(tx, by, name)
            if (profile is None or profile.enabled) is enabled:
                return
            await tx.profiles.put(replace(profile or _local(name, now), enabled=enabled))
            # Who comes back gets new tokens and sessions; those of before stay over.
            await tx.accounts.set_role(name, account.role, max(now, account.changed_at + 0.001))
            await tx.epochs.advance(ACCESS_EPOCH)
            await record(tx, caller, now, Act("user.enabled" if enabled else "user.disabled", name))


def _local(name: str, at: float) -> Profile:
    return Profile(name, Source.LOCAL, name, "", "", enabled=True, seen_at=at)


def _nobody(name: str) -> Fault:
    return Fault(
        Code.NOT_FOUND,
        f"there is no user {name[:64]}: list them, or add this one",
        {"name": name[:64]},
    )
