"""Whether a password is right: slow hashes, asked for as seldom as can be."""

import asyncio
import hashlib
import hmac
from collections import OrderedDict
from typing import Protocol
from weakref import WeakValueDictionary

from entrepot.oci.errors import Code, Fault
from entrepot.ports.accounts import Account, UserFile
from entrepot.ports.clock import Clock, Random
from entrepot.ports.secrets import Passwords
from entrepot.rules.passwords import address_class

from .recently import remember
from .throttle import Throttle

VERIFIED_SECONDS = 60.0
"""How long a password that was right is taken for right without hashing it again."""
VERIFIED_MAX = 4096
WAITING_MAX = 512
"""Logins that wait for their password to be hashed: some seconds' work."""
PACING_MAX = 1024
"""Logins that are made to wait for their turn, for `rules.passwords.PACE_MAX_SECONDS` at most."""


class Elsewhere(Protocol):
    """Checks passwords of people who are known elsewhere, and keeps their accounts."""

    async def vouch(self, name: str, password: str) -> bool:
        """Return whether it is theirs; they have an account then."""
        ...

    def name_of(self, name: str) -> str:
        """Return the account's name of somebody who was vouched for."""
        ...


class Verifier:
    """Compares passwords with the hashes of accounts; an account that is not there costs as much.

    `file` holds the accounts where they are not in the catalog. `elsewhere` is asked about those
    whose password is not kept here.
    """

    def __init__(
        self,
        passwords: Passwords,
        clock: Clock,
        random: Random,
        *,
        file: UserFile | None = None,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        self._passwords = passwords
        self._clock = clock
        self._random = random
        self._file = file
        self._elsewhere = elsewhere
        # Basic comes with every request, and hashing takes tens of milliseconds.
        self._verified: OrderedDict[bytes, float] = OrderedDict()
        self._key = (random.token() + random.token()).encode()
        self._throttle = Throttle(clock)
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()
        self._waiting = 0
        self._pacing = 0
        self._nobody = ""
        self._nobody_lock = asyncio.Lock()

    async def is_right(
        self, name: str, password: str, account: Account | None, key: str, *, address: str = ""
    ) -> bool:
        """Return whether the password is the account's; False for no account.

        Failures are counted under `key`, by where they come from: an IP address, or empty where
        that is not known. Raises `Fault(TOOMANYREQUESTS)` after several wrong passwords in a row
        from one place, for a while, and when too many wait for an answer. Who was right before with
        this very password need not wait: nobody is locked out by guesses at their name.
        """
        guess = self._guess(name, password, account)
        place = address_class(address)
        known = self._known(key, guess, place)
        if known is not None:
            return known
        if guess not in self._verified:
            await self._wait(key, place)
        return await self._in_turn((key, place), guess, account, name=name, password=password)

    async def _wait(self, name: str, place: str) -> None:
        """Wait while others guess at this name; when too many do already, go on without."""
        seconds = self._throttle.pace_seconds(name, place)
        if seconds > 0 and self._pacing < PACING_MAX:
            self._pacing += 1
            try:
                await self._clock.sleep(seconds)
            finally:
                self._pacing -= 1

    async def _in_turn(
        self,
        key: tuple[str, str],
        guess: bytes,
        account: Account | None,
        *,
        name: str,
        password: str,
    ) -> bool:
        """Look at the passwords of one name from one place one after the other.

        Guesses at the same time are counted like others, and requests at the same time with the
        same right password cost one hash.
        """
        if self._waiting >= WAITING_MAX:
            raise Fault(Code.TOOMANYREQUESTS, "too many logins at once: try again in a moment")
        own, place = key
        self._waiting += 1
        try:
            async with self._locks.setdefault(key, asyncio.Lock()):
                known = self._known(own, guess, place)
                if known is None:
                    if guess not in self._verified:
                        self._throttle.check(own, place)
                    known = await self._is_known(account, name, password)
                    self._note(own, guess, place, right=known)
                return known
        finally:
            self._waiting -= 1

    async def _is_known(self, account: Account | None, name: str, password: str) -> bool:
        """Compare the password with the account's own, or else ask elsewhere.

        The passwords of local accounts are sent to nobody.
        """
        if await self._hashed(account, password):
            return True
        if self._elsewhere is None or (account is not None and account.password_hash):
            return False
        return await self._elsewhere.vouch(name, password)

    async def _hashed(self, account: Account | None, password: str) -> bool:
        # The first login makes it, whoever it is for; so that takes equally long too.
        async with self._nobody_lock:
            if not self._nobody and self._file is None:
                self._nobody = await self._passwords.hash(self._random.token())
        nobody = self._file.hash_of_nobody() if self._file is not None else self._nobody
        # Who logs in elsewhere (LDAP, OIDC) has no hash here, and takes as long as anybody.
        own = account.password_hash if account else ""
        right = await self._passwords.verify(own or nobody, password)
        return right and bool(own)

    def _note(self, name: str, guess: bytes, place: str, *, right: bool) -> None:
        if right:
            self._throttle.passed(name, place)
            until = self._clock.now() + VERIFIED_SECONDS
            remember(self._verified, guess, until, VERIFIED_MAX)
        else:
            self._throttle.failed(name, guess, place)

    def _known(self, name: str, guess: bytes, place: str) -> bool | None:
        """Return whether a guess is right, if it was looked at a short time ago."""
        left = self._verified.get(guess, 0.0) - self._clock.now()
        if 0 < left <= VERIFIED_SECONDS:
            return True
        return False if self._throttle.is_repeated(name, guess, place) else None

    def _guess(self, name: str, password: str, account: Account | None) -> bytes:
        # The hash is part of it, so that a changed password is forgotten at once.
        parts = (name, password, account.password_hash if account else "")
        message = b"".join(len(part).to_bytes(4, "big") + part.encode() for part in parts)
        return hmac.digest(self._key, message, hashlib.sha256)
