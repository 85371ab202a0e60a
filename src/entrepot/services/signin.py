"""Signing in at the console: password, second factor, session."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from entrepot.oci.errors import Code, Fault
from entrepot.ports.accounts import Account
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.factors import Kind

from .accounts import AccountService
from .ceremonies import Ceremony
from .context import Caller
from .factors import FactorService, kinds_of
from .websessions import Opened, WebSessionService

_PURPOSE = "sign-in"


@dataclass(frozen=True, slots=True)
class Needs:
    """The password was right, and one of these is needed too; `ticket` says for whom."""

    ticket: str
    kinds: tuple[Kind, ...]


class SigninService:
    """Turns proofs into sessions, step by step."""

    def __init__(
        self,
        catalog: Catalog,
        *,
        accounts: AccountService,
        factors: FactorService,
        sessions: WebSessionService,
    ) -> None:
        self._catalog = catalog
        self._accounts = accounts
        self._factors = factors
        self._sessions = sessions

    async def begin(self, name: str, password: str, visitor: Caller) -> Opened | Needs:
        """Return a session, or what is needed besides the password.

        Raises `Fault`: UNAUTHORIZED for a wrong name or password, without saying which, and
        TOOMANYREQUESTS as `AccountService.verify` does.
        """
        account = await self._accounts.verify(name, password, visitor.address)
        if account is None:
            raise Fault(Code.UNAUTHORIZED, "user name or password is wrong: try again")
        async with self._catalog.begin(write=True) as tx:
            kinds = kinds_of(await tx.factors.of(account.name))
            if not kinds:
                return await self._sessions.begin(tx, account, visitor)
            ticket, _ = await self._factors.ceremonies.begin(
                tx, account.name, _PURPOSE, label=_version(account)
            )
        return Needs(ticket, kinds)

    async def with_code(self, ticket: str, code: str, visitor: Caller) -> Opened:
        """Return a session for a code of an app, or a recovery code.

        A wrong one, `Fault(UNAUTHORIZED)`, may be corrected with the same ticket, after a few of
        them slowly: TOOMANYREQUESTS.
        """
        account, _ = await self._owner(ticket)
        async with self._catalog.begin(write=True) as tx:
            ceremony = await self._factors.ceremonies.find(tx, ticket, _PURPOSE, account.name)
            fault = await self._factors.proofs.code(tx, account.name, code)
            if fault is None:
                return await self._finish(tx, ceremony, account, visitor)
        # Only now, so that the count of wrong codes is kept.
        raise fault

    async def passkey_options(self, ticket: str) -> dict[str, Any]:
        """Return the options that the browser asks for a passkey with."""
        _, ceremony = await self._owner(ticket)
        async with self._catalog.begin() as tx:
            rows = await tx.factors.of(ceremony.user_name)
        return self._factors.proofs.options(rows, ceremony.matter.challenge)

    async def with_passkey(self, ticket: str, answer: Mapping[str, Any], visitor: Caller) -> Opened:
        """Return a session for a passkey's answer to the options; `Fault(UNAUTHORIZED)`."""
        account, ceremony = await self._owner(ticket)
        async with self._catalog.begin() as tx:
            rows = await tx.factors.of(account.name)
        row, counter = self._factors.proofs.passkey(rows, answer, ceremony.matter.challenge)
        async with self._catalog.begin(write=True) as tx:
            opened = await self._finish(tx, ceremony, account, visitor)
            # That of a copy which was quicker would be above this one.
            used = await tx.factors.use(
                row.id, before=row.counter, after=counter, now=opened.begun_at
            )
            if not used:
                raise Fault(Code.UNAUTHORIZED, "the passkey was used at the same time: try again")
        return opened

    async def _owner(self, ticket: str) -> tuple[Account, Ceremony]:
        async with self._catalog.begin() as tx:
            ceremony = await self._factors.ceremonies.find(tx, ticket, _PURPOSE)
        account = await self._accounts.find(ceremony.user_name)
        if account is None or ceremony.matter.label != _version(account):
            raise Fault(Code.UNAUTHORIZED, "the account has changed meanwhile: sign in again")
        return account, ceremony

    async def _finish(
        self, tx: Tx, ceremony: Ceremony, account: Account, visitor: Caller
    ) -> Opened:
        await self._factors.ceremonies.end(tx, ceremony)
        return await self._sessions.begin(tx, account, visitor)


def _version(account: Account) -> str:
    """Return what tells an account from itself after a change, as for tokens."""
    return repr(account.changed_at)
