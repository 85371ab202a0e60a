"""Sessions of browsers: begun at sign-in, found by a cookie, ended."""

from dataclasses import dataclass, replace

from entrepot.ports.accounts import Account
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock, Random
from entrepot.ports.factors import WebSession
from entrepot.rules.websessions import (
    LIFE_SECONDS,
    PER_USER_MAX,
    SEEN_SECONDS,
    csrf_token,
    id_hash,
    is_over,
    join_id,
    split_id,
)

from .accounts import AccountService
from .auditing import Act, record
from .context import Caller

EXPIRE_MAX = 100
"""Sessions of whomever that are cleared away when one begins."""
ADDRESS_LENGTH_MAX = 64


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that has begun. `session_id` is for the browser alone."""

    account: Account
    session_id: str
    begun_at: float
    expires_at: float

    @property
    def csrf(self) -> str:
        """What pages send with changes."""
        return csrf_token(self.session_id)


class WebSessionService:
    """Keeps sessions in the catalog, by a hash that no id can be made of.

    A session ends when it is idle or old, when its user signs out or has too many, and as soon as
    their account changes: password, role, removal.
    """

    def __init__(
        self, catalog: Catalog, clock: Clock, random: Random, accounts: AccountService
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._random = random
        self._accounts = accounts

    async def begin(self, tx: Tx, account: Account, visitor: Caller) -> Opened:
        """Begin one within a transaction, for a visitor who has proved to be that account's."""
        now = self._clock.now()
        await tx.sessions.expire(now, EXPIRE_MAX)
        others = await tx.sessions.of(account.name)
        for other in others[: max(0, len(others) + 1 - PER_USER_MAX)]:
            await tx.sessions.remove(other.id_hash)
        token = self._random.token() + self._random.token()
        session = WebSession(
            id_hash(account.name, token, account.changed_at),
            account.name,
            now,
            now + LIFE_SECONDS,
            now,
            visitor.address[:ADDRESS_LENGTH_MAX],
            visitor.client,
        )
        await tx.sessions.add(session)
        await record(tx, _known(account, visitor), now, Act("session.opened", account.name))
        return Opened(account, join_id(account.name, token), now, session.expires_at)

    async def open(self, account: Account, visitor: Caller) -> Opened:
        """Begin one, for whom another service knows (OIDC)."""
        async with self._catalog.begin(write=True) as tx:
            return await self.begin(tx, account, visitor)

    async def identify(self, session_id: str) -> Account | None:
        """Return whose session this is, and note that it is used; None if it is over."""
        found = await self._find(session_id)
        if found is None:
            return None
        account, session = found
        now = self._clock.now()
        if is_over(now, seen_at=session.seen_at, expires_at=session.expires_at):
            return None
        if now - session.seen_at >= SEEN_SECONDS:
            # A note that a power cut may take along.
            async with self._catalog.begin(write=True, durable=False) as tx:
                await tx.sessions.seen(session.id_hash, now)
        return account

    async def end(self, session_id: str, visitor: Caller) -> bool:
        """End one; False if it was over."""
        found = await self._find(session_id)
        if found is None:
            return False
        account, session = found
        async with self._catalog.begin(write=True) as tx:
            act = Act("session.ended", account.name)
            await record(tx, _known(account, visitor), self._clock.now(), act)
            return await tx.sessions.remove(session.id_hash)

    async def end_all(self, user_name: str, caller: Caller) -> int:
        """End all of a user's."""
        async with self._catalog.begin(write=True) as tx:
            ended = await tx.sessions.remove_all(user_name)
            act = Act("session.ended", user_name, detail={"sessions": ended})
            await record(tx, caller, self._clock.now(), act)
        return ended

    async def of(self, user_name: str) -> list[WebSession]:
        """Return a user's that are not over, the oldest first."""
        async with self._catalog.begin() as tx:
            found = await tx.sessions.of(user_name)
        now = self._clock.now()
        return [
            each
            for each in found
            if not is_over(now, seen_at=each.seen_at, expires_at=each.expires_at)
        ]

    async def _find(self, session_id: str) -> tuple[Account, WebSession] | None:
        parts = split_id(session_id)
        account = await self._accounts.recent(parts[0]) if parts is not None else None
        if parts is None or account is None:
            return None
        key = id_hash(account.name, parts[1], account.changed_at)
        async with self._catalog.begin() as tx:
            session = await tx.sessions.find(key)
        return (account, session) if session is not None else None


def _known(account: Account, visitor: Caller) -> Caller:
    return replace(visitor, actor=account.name)
