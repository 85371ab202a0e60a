"""Signing in at an OpenID provider: sent there with a browser, and come back."""

import base64
import binascii
import hmac
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from entrepot.oci.errors import Code, Fault
from entrepot.ports.accounts import Account
from entrepot.ports.clock import Clock, Random
from entrepot.ports.federation import Attempt, OidcProvider, Returned, TokenRefused
from entrepot.ports.identity import Person, Source, SourceFailed
from entrepot.ports.sealing import SealBroken, Sealer
from entrepot.rules.federation.people import OidcRules

from .recently import remember
from .welcoming import Welcomer

LIFE_SECONDS = 600.0
"""How long somebody may take at the provider."""
USED_MAX = 16384
"""Logins of the last minutes that came back, each good for one time."""
COOKIE_MAX = 3000
"""Characters of what a browser keeps meanwhile; browsers take 4096 with name and attributes."""
NEXT_MAX = 512
HOME = "/"
_PURPOSE = "oidc-login"


class Log(Protocol):
    """A structured logger, as far as it is needed here."""

    def warning(self, event: str, **facts: Any) -> Any: ...


class _Kept(msgspec.Struct, frozen=True):
    """What a browser keeps while it is away, sealed: nobody can read, make or change one."""

    state: str
    nonce: str
    verifier: str
    redirect_uri: str
    following: str
    at: float


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser, and what it is to keep in a cookie until it is back."""

    url: str
    cookie: str


@dataclass(frozen=True, slots=True)
class Landed:
    """Who came back, and where they wanted to go: a path of ours."""

    account: Account
    following: str


@dataclass(frozen=True, slots=True)
class SsoTerms:
    """How claims are read, and where the provider sends browsers back to."""

    rules: OidcRules
    redirect_uri: str


class SsoService:
    """Logs people in at a provider.

    What belongs to one login is kept by the browser that began it, sealed, so that any process of
    the registry can finish it and nobody can fill memory with logins that are never finished.
    """

    def __init__(
        self,
        clock: Clock,
        random: Random,
        *,
        provider: OidcProvider,
        sealer: Sealer,
        welcomer: Welcomer,
        terms: SsoTerms,
        log: Log,
    ) -> None:
        self._clock = clock
        self._random = random
        self._provider = provider
        self._sealer = sealer
        self._welcomer = welcomer
        self._terms = terms
        self._log = log
        self._used: OrderedDict[str, None] = OrderedDict()

    async def begin(self, following: str) -> Begun:
        """Return where a browser is sent to log in; `following` is where it goes afterwards.

        Whatever is no path of ours becomes `HOME`. Raises `Fault(UNAVAILABLE)`.
        """
        kept = _Kept(
            state=self._chance(),
            nonce=self._chance(),
            verifier=self._chance(),
            redirect_uri=self._terms.redirect_uri,
            following=local_path(following),
            at=self._clock.now(),
        )
        try:
            url = await self._provider.authorization_url(_attempt(kept), state=kept.state)
        except SourceFailed as error:
            raise self._unavailable(error) from error
        sealed = self._sealer.seal(_PURPOSE, msgspec.json.encode(kept))
        return Begun(url, base64.urlsafe_b64encode(sealed).decode())

    async def finish(self, cookie: str, state: str, returned: Returned) -> Landed:
        """Return who came back.

        `Fault`: UNAUTHORIZED for a login that this browser did not begin, or not just now, or that
        came back before, and for what the provider does not vouch for; DENIED for who may not in;
        CONFLICT as of
        `Welcomer.welcome`; UNAVAILABLE.
        """
        kept = self._opened(cookie)
        # Compared before all else: what another page made the browser send is not looked at.
        if kept is None or not hmac.compare_digest(kept.state.encode(), state.encode()):
            raise _refused("this login was not begun in this browser, or took too long")
        if state in self._used:
            raise _refused("this login came back before")
        remember(self._used, state, None, USED_MAX)
        try:
            now = self._clock.now()
            claims = await self._provider.redeem(returned, _attempt(kept), now=now)
        except TokenRefused as error:
            raise Fault(Code.UNAUTHORIZED, error.message) from error
        except SourceFailed as error:
            raise self._unavailable(error) from error
        found = self._terms.rules.describe(claims)
        person = Person(
            found.name,
            Source.OIDC,
            found.subject,
            found.email,
            found.display_name,
            found.groups,
            found.is_admin,
        )
        return Landed(await self._welcomer.welcome(person), kept.following)

    def _opened(self, cookie: str) -> _Kept | None:
        """Return what the browser kept; None for what is not ours, or too old."""
        if len(cookie) > COOKIE_MAX:
            return None
        try:
            sealed = base64.urlsafe_b64decode(cookie)
            kept = msgspec.json.decode(self._sealer.open(_PURPOSE, sealed), type=_Kept)
        except (binascii.Error, ValueError, SealBroken, msgspec.MsgspecError):
            return None
        return kept if 0 <= self._clock.now() - kept.at <= LIFE_SECONDS else None

    def _chance(self) -> str:
        """Return 64 characters that nobody can guess (RFC 7636, section 4.1)."""
        return (self._random.token() + self._random.token())[:64]

    def _unavailable(self, error: SourceFailed) -> Fault:
        self._log.warning("identity provider unavailable", reason=str(error))
        return Fault(
            Code.UNAVAILABLE,
            "the identity provider cannot be asked now: try again; the server's log says why",
        )


def local_path(text: str) -> str:
    r"""Return a path of ours, with its query; `HOME` for whatever could lead elsewhere.

    Browsers take `\` for `/`, and leave out tabs and line ends; `//` begins another host.
    """
    is_ours = (
        len(text) <= NEXT_MAX
        and text.startswith("/")
        and not text.startswith("//")
        and "\\" not in text
        and text.isascii()
        and text.isprintable()
        and " " not in text
        and not text.lower().startswith(("/%2f", "/%5c", "/%09", "/%0a", "/%0d"))
    )
    return text if is_ours else HOME


def _attempt(kept: _Kept) -> Attempt:
    return Attempt(kept.nonce, kept.verifier, kept.redirect_uri)


def _refused(cause: str) -> Fault:
    return Fault(
        Code.UNAUTHORIZED, f"the sign-in failed, as {cause}: sign in again, with cookies allowed"
    )
