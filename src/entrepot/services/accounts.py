"""Local accounts: made, changed, listed, and asked for their password."""

from dataclasses import replace

from entrepot.oci.errors import Code, Fault
from entrepot.ports.accounts import Account, UserFile
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock, Random
from entrepot.ports.grants import ACCESS_EPOCH
from entrepot.ports.secrets import Passwords
from entrepot.rules.access import Identity
from entrepot.rules.passwords import (
    DEFAULT_POLICY,
    PasswordPolicy,
    check_name,
    check_new_name,
    check_password,
)
from entrepot.rules.roles import Role

from .auditing import Act, record
from .context import ANONYMOUS, Caller
from .epochs import EpochWatch, Remembered
from .governing import check_governs, is_self
from .leaving import forget_user
from .verifying import Elsewhere, Verifier

ADMIN = "admin"
RECENT_MAX = 4096
PAGE = 100


class AccountService:
    """Keeps users and knows whether a password is theirs.

    With `file`, its users are all there are, and nobody is made or changed here. People without a
    password of their own here are asked for `elsewhere`, in a directory.
    """

    def __init__(
        self,
        catalog: Catalog,
        passwords: Passwords,
        clock: Clock,
        random: Random,
        *,
        file: UserFile | None = None,
        policy: PasswordPolicy = DEFAULT_POLICY,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        self._catalog = catalog
        self._passwords = passwords
        self._clock = clock
        self._random = random
        self._file = file
        self._policy = policy
        self.watch = EpochWatch(catalog)
        """The one of all who remember rights: it is read once for all of them."""
        self._recent: Remembered[str, Account | None] = Remembered(
            self.watch, self.find, RECENT_MAX
        )
        self._elsewhere = elsewhere
        self._verifier = Verifier(passwords, clock, random, file=file, elsewhere=elsewhere)

    async def ensure_admin(self, password: str) -> str | None:
        """Make the first administrator if there is no account; return a generated password.

        With `password` given, that is used and None returned; the settings have checked it.
        """
        if self._file is not None:
            return None
        async with self._catalog.begin() as tx:
            if await tx.accounts.count():
                return None
        generated = None if password else self._generate()
        try:
            await self.add(ADMIN, password or generated or "", Role.ADMIN)
        except Fault as fault:
            if fault.code is not Code.CONFLICT:
                raise
            return None  # another replica was faster
        return generated

    async def add(
        self,
        name: str,
        password: str,
        role: Role,
        *,
        by: Identity | None = None,
        caller: Caller = ANONYMOUS,
    ) -> Account:
        """Make an account; `by` is who asks, None the operator, and `caller` for the log.

        Raises `Fault`: REQUEST_INVALID, CONFLICT when the name is taken, or DENIED where users are
        kept in a file, and for an account that would hold what `by` lacks.
        """
        _raise(self._kept_elsewhere())
        _raise(check_new_name(name) or check_password(password, self._policy, name=name))
        now = self._clock.now()
        account = Account(name, role, await self._passwords.hash(password), now, now)
        async with self._catalog.begin(write=True) as tx:
            if not await tx.accounts.add(account):
                raise Fault(Code.CONFLICT, f"there is a user {name} already: choose another name")
            # What was granted to that name before counts too.
            await check_governs(tx, by, name)
            await tx.epochs.advance(ACCESS_EPOCH)
            await record(tx, caller, now, Act("user.created", name, "", {"role": role.value}))
        return account

    async def change(
        self,
        name: str,
        *,
        password: str | None = None,
        role: Role | None = None,
        by: Identity | None = None,
        caller: Caller = ANONYMOUS,
    ) -> Account:
        """Change what is given, all or nothing, and return the account.

        Tokens from before are not valid any more. `by` is who asks, None the operator. Raises
        `Fault`: REQUEST_INVALID, NOT_FOUND, or DENIED for the last administrator's role, and for
        an account that holds, or would hold, what `by` lacks.
        """
        _raise(self._kept_elsewhere())
        password_hash = None
        if password is not None:
            _raise(check_password(password, self._policy, name=name))
            password_hash = await self._passwords.hash(password)
        async with self._catalog.begin(write=True) as tx:
            account = await _existing(tx, name)
            if role is not None or not is_self(by, name):
                await check_governs(tx, by, name, role)
            elif password_hash is not None and not account.password_hash:
                raise _no_password(name)
            now = _later(account, self._clock.now())
            if role is not None and role is not account.role:
                _raise(await _last_admin(tx, account))
                await tx.accounts.set_role(name, role, now)
                account = replace(account, role=role, changed_at=now)
            if password_hash is not None:
                await tx.accounts.set_password(name, password_hash, now)
                account = replace(account, password_hash=password_hash, changed_at=now)
            await tx.epochs.advance(ACCESS_EPOCH)
            detail = {"role": account.role.value, "password": password_hash is not None}
            await record(tx, caller, now, Act("user.changed", name, "", detail))
        return account

    async def remove(
        self, name: str, *, by: Identity | None = None, caller: Caller = ANONYMOUS
    ) -> None:
        """Remove an account; `by` is who asks, None the operator.

        The last administrator stays, and whoever holds what `by` lacks: `Fault(DENIED)`.
        """
        _raise(self._kept_elsewhere())
        async with self._catalog.begin(write=True) as tx:
            account = await _existing(tx, name)
            await check_governs(tx, by, name)
            _raise(await _last_admin(tx, account))
            await tx.accounts.remove(name)
            await forget_user(tx, name)
            await record(tx, caller, self._clock.now(), Act("user.removed", name))

    @property
    def in_file(self) -> bool:
        """Whether users are kept in a file, and not in the catalog."""
        return self._file is not None

    async def find(self, name: str) -> Account | None:
        """Return an account by name."""
        if self._file is not None:
            return await self._file.find(name)
        async with self._catalog.begin() as tx:
            return await tx.accounts.find(name)

    async def recent(self, name: str) -> Account | None:
        """Return an account, looked up only if somebody's rights changed since it last was."""
        if self._file is not None:
            return await self._file.find(name)
        return await self._recent.of(name)

    async def page(self, after: str, limit: int) -> list[Account]:
        """Return accounts by name, those after `after`."""
        if self._file is not None:
            return await self._file.page(after, limit)
        async with self._catalog.begin() as tx:
            return await tx.accounts.page(after, limit)

    async def verify(self, name: str, password: str, address: str = "") -> Account | None:
        """Return the account if the password is right; `address` is where it came from.

        An unknown name takes as long as a known one. Raises `Fault(TOOMANYREQUESTS)` after
        several wrong passwords in a row from there, for a while, and when too many wait for an
        answer. Who was right before with this very password need not wait: nobody is locked out by
        guesses at their name.
        """
        # What cannot be a name shares one entry, so that nobody fills memory with long ones; only
        # a file may hold names that could not be made here.
        key = name if check_name(name) is None else ""
        account = await self.recent(key if self._file is None else name)
        if account is not None:
            key = account.name
        elif self._elsewhere is not None:
            key = key.lower()  # as directories know no case, each spelling would be guesses anew
        is_right = await self._verifier.is_right(name, password, account, key, address=address)
        if is_right and self._elsewhere is not None and account is None:
            account = await self.recent(self._elsewhere.name_of(name))
        return account if is_right else None

    def _kept_elsewhere(self) -> Fault | None:
        if self._file is None:
            return None
        return Fault(
            Code.DENIED,
            f"users are kept in {self._file.path}: add or change one there with htpasswd -B; it is "
            "read again by itself",
        )

    def _generate(self) -> str:
        token = self._random.token()[:20]
        return "-".join(token[start : start + 5] for start in range(0, 20, 5))


async def _existing(tx: Tx, name: str) -> Account:
    account = await tx.accounts.find(name)
    if account is None:
        raise Fault(
            Code.NOT_FOUND,
            f"there is no user {name[:64]}: list them, or add this one",
            {"name": name[:64]},
        )
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
    return Fault(
        Code.DENIED,
        f"{account.name} is the last administrator: make another one first",
        {"name": account.name},
    )


def _no_password(name: str) -> Fault:
    return Fault(
        Code.DENIED,
        f"{name} has no password here: it is changed where {name} logs in (LDAP or OIDC)",
    )


def _raise(refusal: Fault | None) -> None:
    if refusal is not None:
        raise refusal
