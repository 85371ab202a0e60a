"""Who somebody is, by what they show: password, secret, token, certificate."""

from collections import OrderedDict
from dataclasses import replace
from typing import Protocol

from entrepot.oci.errors import Code, Fault
from entrepot.ports.catalog import Busy, Catalog, CatalogFailed
from entrepot.ports.clock import Clock
from entrepot.ports.robots import Credential, CredentialKind
from entrepot.rules import credentials
from entrepot.rules.access import Identity, Kind
from entrepot.rules.certificates import Certificate
from entrepot.rules.credentials import Prefix
from entrepot.rules.robots import is_robot

from .absence import why_absent
from .accounts import AccountService
from .chosen import ChosenSecrets
from .pulls import Log
from .standing import Standing, StandingService

USED_MAX = 4096
"""Credentials whose last use waits to be written down."""
FLUSH_SECONDS = 5.0
"""How long it stays in memory, about."""
FLUSH_STEP = 32
"""Rows written in one transaction."""
USED_SECONDS = 60.0
"""How exactly the last use of a credential is known."""
WORKLOAD_NAME = "workload"
"""The user name with which an identity token of another issuer is sent as password."""

_KINDS = {
    Prefix.ROBOT: CredentialKind.ROBOT,
    Prefix.TOKEN: CredentialKind.TOKEN,
    Prefix.CLI: CredentialKind.CLI,
}


class SecondFactors(Protocol):
    """Knows whose password alone is not enough."""

    async def required(self, user: str) -> bool: ...


class Workloads(Protocol):
    """Trusts tokens of other issuers, by rules."""

    async def verify(self, token: str) -> str:
        """Return the workload's name; `Fault(UNAUTHORIZED)` says why there is none."""
        ...


class Authenticator:
    """Turns what is shown into a standing. Without the optional parts, only accounts log in."""

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        *,
        accounts: AccountService,
        standing: StandingService,
        workloads: Workloads | None = None,
        factors: SecondFactors | None = None,
        chosen: ChosenSecrets | None = None,
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._accounts = accounts
        self._standing = standing
        self._workloads = workloads
        self._factors = factors
        self._chosen = chosen
        self._used: OrderedDict[str, float] = OrderedDict()
        self._noted: OrderedDict[str, float] = OrderedDict()

    async def password(self, name: str, password: str, address: str = "") -> Standing:
        """Return whose user name and password these are, or raise `Fault(UNAUTHORIZED)`.

        Robot secrets, access tokens and identity tokens of workloads are passwords too.
        """
        secret = credentials.read(password)
        if secret is not None:
            return await self._secret(name, password, secret[1])
        if name == WORKLOAD_NAME and self._workloads is not None:
            workload = await self._workloads.verify(password)
            return await self._present(Kind.WORKLOAD, workload)
        if is_robot(name):
            return await self._robot(name, password, address)
        return await self._present(Kind.USER, await self._person(name, password, address))

    async def certified(self, certificate: Certificate) -> Standing:
        """Return which user or robot a verified certificate names, or raise `Fault(UNAUTHORIZED)`.

        No password and no second factor is asked for: the authority has vouched for them.
        """
        if certificate.problem:
            raise unauthorized(
                f"the client certificate cannot be used, as {certificate.problem}: connect with "
                "another one, or log in with user and password"
            )
        name = certificate.name
        kind = Kind.ROBOT if is_robot(name) else Kind.USER
        return await self._present(kind, name, shown=f"{name!a} of the client certificate")

    async def _person(self, name: str, password: str, address: str) -> str:
        """Return whose password it is; directories may write the name otherwise."""
        account = await self._accounts.verify(name, password, address)
        if account is None:
            raise wrong()
        if self._factors is not None and await self._factors.required(account.name):
            raise unauthorized(
                f"{account.name} has a second factor, so that the password alone is not "
                "enough: use an access token as the password (entrepot token create)"
            )
        return account.name

    async def flush(self) -> None:
        """Write down when credentials were last used; not for ever, if it should be lost."""
        while self._used:
            count = min(FLUSH_STEP, len(self._used))
            step = [self._used.popitem(last=False) for _ in range(count)]
            async with self._catalog.begin(write=True, durable=False) as tx:
                for credential_id, at in step:
                    await tx.credentials.used(credential_id, at)
            await self._clock.sleep(0)  # others have their turn

    async def run(self, log: Log) -> None:
        """Flush again and again until cancelled."""
        while True:
            await self._clock.sleep(FLUSH_SECONDS)
            try:
                await self.flush()
            except (Busy, CatalogFailed) as error:
                log.warning("last uses of credentials are not written", reason=str(error))

    async def _secret(self, name: str, secret: str, public_id: str) -> Standing:
        async with self._catalog.begin() as tx:
            found = await tx.credentials.find(public_id)
        if found is None or not credentials.is_same(secret, found.hash) or found.owner != name:
            raise wrong()
        return await self._shown(name, found)

    async def _robot(self, name: str, secret: str, address: str) -> Standing:
        """Return whose secret it is that somebody thought out for a robot."""
        found = None if self._chosen is None else await self._chosen.find(name, secret, address)
        if found is None:
            raise wrong()
        return await self._shown(name, found)

    async def _shown(self, name: str, found: Credential) -> Standing:
        """Return the standing of who has shown this secret."""
        now = self._clock.now()
        if found.expires_at is not None and found.expires_at <= now:
            raise unauthorized(
                f"the secret '{found.label or found.id}' of {name} has expired: make a new one"
            )
        self._note(found, now)
        kind = Kind.ROBOT if found.kind is CredentialKind.ROBOT else Kind.USER
        return await self._present(kind, name, found.id)

    async def _present(
        self, kind: Kind, name: str, credential: str = "", *, shown: str = ""
    ) -> Standing:
        standing = await self._standing.of(kind, name, credential)
        if standing is None:
            async with self._catalog.begin() as tx:
                reason = await why_absent(tx, kind, name, self._clock.now())
            cause, _, cure = reason.partition(": ")
            raise unauthorized(f"{shown or name} {cause}: {cure}")
        return standing

    def _note(self, credential: Credential, now: float) -> None:
        if now - self._noted.get(credential.id, 0.0) < USED_SECONDS:
            return
        for notes in (self._noted, self._used):
            notes[credential.id] = now
            notes.move_to_end(credential.id)
            if len(notes) > USED_MAX:
                notes.popitem(last=False)


def at(standing: Standing, address: str) -> Identity:
    """Return the identity as it comes from an address."""
    return replace(standing.identity, address=address)


def wrong() -> Fault:
    """Return the fault for what is wrong; it does not say what."""
    return unauthorized("user name or password is wrong: log in again")


def unauthorized(message: str) -> Fault:
    """Return the fault for a caller who must log in."""
    return Fault(Code.UNAUTHORIZED, message)
