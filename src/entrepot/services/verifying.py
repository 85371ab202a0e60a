"""Whether a password is right: slow hashes, asked for as seldom as can be."""

import asyncio
import hashlib
import hmac
from collections import OrderedDict
from weakref import WeakValueDictionary

from entrepot.oci.errors import Code, Fault
from entrepot.ports.accounts import Account, UserFile
from entrepot.ports.clock import Clock, Random
from entrepot.ports.secrets import Passwords

from .recently import remember
from .throttle import Throttle

VERIFIED_SECONDS = 60.0
"""How long a password that was right is taken for right without hashing it again."""
VERIFIED_MAX = 4096
WAITING_MAX = 512
"""Logins that wait for their password to be hashed: some seconds' work."""


class Verifier:
    """Compares passwords with the hashes of accounts; an account that is not there costs as much.

    `file` holds the accounts where they are not in the catalog.
    """

    def __init__(
        self,
        passwords: Passwords,
        clock: Clock,
        random: Random,
        *,
        file: UserFile | None = None,
    ) -> None:
        self._passwords = passwords
        self._clock = clock
        self._random = random
        self._file = file
        # Basic comes with every request, and hashing takes tens of milliseconds.
        self._verified: OrderedDict[bytes, float] = OrderedDict()
        self._key = (random.token() + random.token()).encode()
        self._throttle = Throttle(clock)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._waiting = 0
        self._nobody = ""
        self._nobody_lock = asyncio.Lock()

    async def is_right(self, name: str, password: str, account: Account | None, key: str) -> bool:
        """Return whether the password is the account's; False for no account.

        Failures are counted under `key`. Raises `Fault(TOOMANYREQUESTS)` after several wrong
        passwords in a row, for a while, and when too many wait for an answer. Who was right before
        with this very password need not wait: nobody is locked out by guesses at their name.
        """
        guess = self._guess(name, password, account)
        known = self._known(key, guess)
        return await self._in_turn(key, guess, account, password) if known is None else known

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
            if not self._nobody and self._file is None:
                self._nobody = await self._passwords.hash(self._random.token())
        nobody = self._file.hash_of_nobody() if self._file is not None else self._nobody
        password_hash = account.password_hash if account else nobody
        right = await self._passwords.verify(password_hash, password)
        return right and account is not None

    def _note(self, name: str, guess: bytes, *, right: bool) -> None:
        if right:
            self._throttle.passed(name)
            until = self._clock.now() + VERIFIED_SECONDS
            remember(self._verified, guess, until, VERIFIED_MAX)
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
