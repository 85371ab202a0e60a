"""Local accounts: made, changed, listed, and asked for their password."""

import asyncio
import hashlib
import hmac
from collections import OrderedDict
from dataclasses import replace
from typing import TypeVar
from weakref import WeakValueDictionary

from entrepot.oci.errors import Code, Fault
from entrepot.ports.accounts import Account
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock, Random
from entrepot.ports.secrets import Passwords
from entrepot.rules.passwords import check_name, check_password
from entrepot.rules.roles import Role

from .throttle import Throttle

ADMIN = "admin"
VERIFIED_SECONDS = 60.0
"""How long a password that was right is taken for right without hashing it again."""
VERIFIED_MAX = 4096
RECENT_SECONDS = 1.0
"""How long a row is good for `recent`: what another process changes is seen after that."""
RECENT_MAX = 4096
WAITING_MAX = 512
"""Logins that wait for their password to be hashed: some seconds' work."""
PAGE = 100

Key = TypeVar("Key")
Value = TypeVar("Value")


class AccountService:
    """Keeps users and knows whether a password is theirs."""

    def __init__(
        self, catalog: Catalog, passwords: Passwords, clock: Clock, random: Random
    ) -> None:
        self._catalog = catalog
        self._passwords = passwords
        self._clock = clock
        self._random = random
        self._recent: OrderedDict[str, tuple[Account, float]] = OrderedDict()
        # Basic comes with every request, and hashing takes tens of milliseconds.
        self._verified: OrderedDict[bytes, float] = OrderedDict()
        self._key = (random.token() + random.token()).encode()
        self._throttle = Throttle(clock)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._waiting = 0
        self._nobody = ""
        self._nobody_lock = asyncio.Lock()

    async def ensure_admin(self, password: str) -> str | None:
        """Make the first administrator if there is no account; return a generated password.

        With `password` given, that is used and None returned; the settings have checked it.
        """
        async with self._catalog.begin() as tx:
            if await tx.accounts.count():
                return None
        generated = None if password else self._generate()
        await self.add(ADMIN, password or generated or "", Role.ADMIN)
        return generated

    async def add(self, name: str, password: str, role: Role) -> Account:
        """Make an account. Raises `Fault`: REQUEST_INVALID, or CONFLICT when the name is taken."""
        _raise(check_name(name) or check_password(password))
        now = self._clock.now()
        account = Account(name, role, await self._passwords.hash(password), now, now)
        async with self._catalog.begin(write=True) as tx:
            if not await tx.accounts.add(account):
                raise Fault(Code.CONFLICT, f"there is a user {name} already")
        return account

    async def change(
        self, name: str, *, password: str | None = None, role: Role | None = None
    ) -> Account:
        """Change what is given, all or nothing, and return the account.

        Tokens from before are not valid any more. Raises `Fault`: REQUEST_INVALID, NOT_FOUND, or
        DENIED for the last administrator's role.
        """
        password_hash = None
        if password is not None:
            _raise(check_password(password))
            password_hash = await self._passwords.hash(password)
        async with self._catalog.begin(write=True) as tx:
            account = await _existing(tx, name)
            now = _later(account, self._clock.now())
            if role is not None and role is not account.role:
                _raise(await _last_admin(tx, account))
                await tx.accounts.set_role(name, role, now)
                account = replace(account, role=role, changed_at=now)
            if password_hash is not None:
                await tx.accounts.set_password(name, password_hash, now)
                account = replace(account, password_hash=password_hash, changed_at=now)
        self._recent.pop(name, None)
        return account

    async def remove(self, name: str) -> None:
        """Remove an account. The last administrator stays: `Fault(DENIED)`."""
        async with self._catalog.begin(write=True) as tx:
            account = await _existing(tx, name)
            _raise(await _last_admin(tx, account))
            await tx.accounts.remove(name)
        self._recent.pop(name, None)

    async def find(self, name: str) -> Account | None:
        """Return an account by name."""
        async with self._catalog.begin() as tx:
            return await tx.accounts.find(name)

    async def recent(self, name: str) -> Account | None:
        """Return an account as it is, or was `RECENT_SECONDS` ago if another process changed it."""
        account, until = self._recent.get(name, (None, 0.0))
        if account is not None and 0 < until - self._clock.now() <= RECENT_SECONDS:
            return account
        account = await self.find(name)
        if account is None:
            self._recent.pop(name, None)
        else:
            _remember(self._recent, name, (account, self._clock.now() + RECENT_SECONDS), RECENT_MAX)
        return account

    async def page(self, after: str, limit: int) -> list[Account]:
        """Return accounts by name, those after `after`."""
        async with self._catalog.begin() as tx:
            return await tx.accounts.page(after, limit)

    async def verify(self, name: str, password: str) -> Account | None:
        """Return the account if the password is right.

        An unknown name takes as long as a known one. Raises `Fault(TOOMANYREQUESTS)` after
        several wrong passwords in a row, for a while, and when too many wait for an answer. Who was
        right before with this very password need not wait: nobody is locked out by guesses at
        their name.
        """
        # What cannot be a name shares one entry, so that nobody fills memory with long ones.
        key = name if check_name(name) is None else ""
        account = await self.recent(key)
        guess = self._guess(name, password, account)
        known = self._known(key, guess)
        if known is None:
            known = await self._in_turn(key, guess, account, password)
        return account if known else None

    async def _in_turn(
        self, name: str, guess: bytes, account: Account | None, password: str
    ) -> bool:
        """Look at the passwords of one name one after the other.

        Guesses at the same time are counted like others, and requests at the same time with the
        same right password cost one hash.
        """
        if self._waiting >= WAITING_MAX:
            raise Fault(Code.TOOMANYREQUESTS, "too many logins at once: try again in a moment")
        self._waiting += 1
        try:
            async with self._locks.setdefault(name, asyncio.Lock()):
                known = self._known(name, guess)
                if known is None:
                    if guess not in self._verified:
                        self._throttle.check(name)
                    known = await self._hashed(account, password)
                    self._note(name, guess, right=known)
                return known
        finally:
            self._waiting -= 1

    async def _hashed(self, account: Account | None, password: str) -> bool:
        # The first login makes it, whoever it is for; so that takes equally long too.
        async with self._nobody_lock:
            if not self._nobody:
                self._nobody = await self._passwords.hash(self._random.token())
        password_hash = account.password_hash if account else self._nobody
        right = await self._passwords.verify(password_hash, password)
        return right and account is not None

    def _note(self, name: str, guess: bytes, *, right: bool) -> None:
        if right:
            self._throttle.passed(name)
            until = self._clock.now() + VERIFIED_SECONDS
            _remember(self._verified, guess, until, VERIFIED_MAX)
        else:
            self._throttle.failed(name, guess)

    def _known(self, name: str, guess: bytes) -> bool | None:
        """Return whether a guess is right, if it was looked at a short time ago."""
        left = self._verified.get(guess, 0.0) - self._clock.now()
        if 0 < left <= VERIFIED_SECONDS:
            return True
        return False if self._throttle.is_repeated(name, guess) else None

    def _guess(self, name: str, password: str, account: Account | None) -> bytes:
        # The hash is part of it, so that a changed password is forgotten at once.
        parts = (name, password, account.password_hash if account else "")
        message = b"".join(len(part).to_bytes(4, "big") + part.encode() for part in parts)
        return hmac.digest(self._key, message, hashlib.sha256)

    def _generate(self) -> str:
        token = self._random.token()[:20]
        return "-".join(token[start : start + 5] for start in range(0, 20, 5))


async def _existing(tx: Tx, name: str) -> Account:
    account = await tx.accounts.find(name)
    if account is None:
        raise Fault(Code.NOT_FOUND, f"there is no user {name[:64]}", {"name": name[:64]})
    return account


def _later(account: Account, now: float) -> float:
    """Return a time after the account's last change, by which tokens tell old from new."""
    return max(now, account.changed_at + 0.001)


async def _last_admin(tx: Tx, account: Account) -> Fault | None:
    """Return why this account must stay an administrator, or None."""
    if account.role is not Role.ADMIN:
        return None
    after = ""
    while page := await tx.accounts.page(after, PAGE):
        if any(other.role is Role.ADMIN and other.name != account.name for other in page):
            return None
        after = page[-1].name
    return Fault(Code.DENIED, f"{account.name} is the last administrator: make another one first")


def _raise(refusal: Fault | None) -> None:
    if refusal is not None:
        raise refusal


def _remember(cache: OrderedDict[Key, Value], key: Key, value: Value, limit: int) -> None:
    """Put a value in as the newest; the oldest beyond the limit go."""
    cache[key] = value
    cache.move_to_end(key)
    while len(cache) > limit:
        cache.popitem(last=False)
