"""Local accounts: made, changed, listed, and asked for their password."""

import hashlib
import hmac
from collections import OrderedDict
from dataclasses import dataclass

from entrepot.oci.errors import Code, Fault
from entrepot.ports.accounts import Account
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock, Random
from entrepot.ports.secrets import Passwords
from entrepot.rules.passwords import check_name, check_password, throttle_seconds
from entrepot.rules.roles import Role

ADMIN = "admin"
VERIFIED_SECONDS = 60.0
"""How long a password that was right is taken for right without hashing it again."""
VERIFIED_MAX = 4096
PAGE = 100
FAILURES_MAX = 4096
"""Names whose wrong passwords are counted; the oldest is forgotten for a new one."""


@dataclass(frozen=True, slots=True)
class _Failures:
    """Wrong passwords in a row, and until when no other is looked at."""

    count: int
    until: float


class AccountService:
    """Keeps users and knows whether a password is theirs."""

    def __init__(
        self, catalog: Catalog, passwords: Passwords, clock: Clock, random: Random
    ) -> None:
        self._catalog = catalog
        self._passwords = passwords
        self._clock = clock
        self._random = random
        # Basic comes with every request, and hashing takes tens of milliseconds.
        self._verified: OrderedDict[bytes, tuple[str, float]] = OrderedDict()
        self._key = (random.token() + random.token()).encode()
        self._failures: OrderedDict[str, _Failures] = OrderedDict()
        self._nobody = ""

    async def ensure_admin(self, password: str) -> str | None:
        """Make the first administrator if there is no account; return a generated password.

        With `password` given, that is used and None returned.
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

    async def set_password(self, name: str, password: str) -> None:
        """Change a password; tokens made before stop being renewed."""
        _raise(check_password(password))
        password_hash = await self._passwords.hash(password)
        async with self._catalog.begin(write=True) as tx:
            if not await tx.accounts.set_password(name, password_hash, self._clock.now()):
                raise _unknown(name)

    async def set_role(self, name: str, role: Role) -> None:
        """Change a role. The last administrator keeps theirs: `Fault(DENIED)`."""
        async with self._catalog.begin(write=True) as tx:
            account = await tx.accounts.find(name)
            if account is None:
                raise _unknown(name)
            if role is not Role.ADMIN:
                _raise(await _last_admin(tx, account))
            await tx.accounts.set_role(name, role, self._clock.now())

    async def remove(self, name: str) -> None:
        """Remove an account. The last administrator stays: `Fault(DENIED)`."""
        async with self._catalog.begin(write=True) as tx:
            account = await tx.accounts.find(name)
            if account is None:
                raise _unknown(name)
            _raise(await _last_admin(tx, account))
            await tx.accounts.remove(name)

    async def find(self, name: str) -> Account | None:
        """Return an account by name."""
        async with self._catalog.begin() as tx:
            return await tx.accounts.find(name)

    async def page(self, after: str, limit: int) -> list[Account]:
        """Return accounts by name, those after `after`."""
        async with self._catalog.begin() as tx:
            return await tx.accounts.page(after, limit)

    async def verify(self, name: str, password: str) -> Account | None:
        """Return the account if the password is right.

        An unknown name takes as long as a known one. Raises `Fault(TOOMANYREQUESTS)` after
        several wrong passwords in a row, for a while.
        """
        account = await self.find(name)
        proof = self._proof(name, password)
        if account is not None and self._is_verified(proof, account):
            return account
        self._check_throttle(name)
        password_hash = account.password_hash if account else await self._hash_of_nobody()
        right = await self._passwords.verify(password_hash, password)
        if account is None or not right:
            self._note_failure(name)
            return None
        self._failures.pop(name, None)
        self._verified[proof] = (account.password_hash, self._clock.now() + VERIFIED_SECONDS)
        while len(self._verified) > VERIFIED_MAX:
            self._verified.popitem(last=False)
        return account

    def _generate(self) -> str:
        token = self._random.token()[:20]
        return "-".join(token[start : start + 5] for start in range(0, 20, 5))

    def _proof(self, name: str, password: str) -> bytes:
        message = f"{name}\0{password}".encode()
        return hmac.new(self._key, message, hashlib.sha256).digest()

    def _is_verified(self, proof: bytes, account: Account) -> bool:
        # The hash is part of it, so that a changed password is forgotten at once.
        password_hash, until = self._verified.get(proof, ("", 0.0))
        return password_hash == account.password_hash and self._clock.now() < until

    async def _hash_of_nobody(self) -> str:
        if not self._nobody:
            self._nobody = await self._passwords.hash(self._random.token())
        return self._nobody

    def _check_throttle(self, name: str) -> None:
        failures = self._failures.get(name)
        wait = failures.until - self._clock.now() if failures else 0.0
        if wait > 0:
            raise Fault(
                Code.TOOMANYREQUESTS,
                f"too many wrong passwords for this user: try again in {wait:.0f} seconds",
                {"seconds": round(wait, 1)},
            )

    def _note_failure(self, name: str) -> None:
        before = self._failures.pop(name, None)
        count = before.count + 1 if before else 1
        until = self._clock.now() + throttle_seconds(count)
        self._failures[name] = _Failures(count, until)
        while len(self._failures) > FAILURES_MAX:
            self._failures.popitem(last=False)


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


def _unknown(name: str) -> Fault:
    return Fault(Code.NOT_FOUND, f"there is no user {name}", {"name": name})


def _raise(refusal: Fault | None) -> None:
    if refusal is not None:
        raise refusal
