"""Who asks, and whether they may."""

import base64
import binascii
from collections.abc import Mapping

from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.ports.accounts import Account
from entrepot.rules.access import ANONYMOUS, Action, Identity, Policy, decide

from .accounts import AccountService
from .tokens import TokenService

CREDENTIALS_MAX_BYTES = 16 * 1024


class AccessService:
    """Turns an Authorization header into an identity, and an identity into a yes or no.

    `switched_off` says why nobody at all may do an action. Unless it `asks`, everyone is anonymous
    whatever they send, as clients send passwords that they saved for a registry of before.
    """

    def __init__(
        self,
        accounts: AccountService,
        tokens: TokenService,
        policy: Policy,
        *,
        switched_off: Mapping[Action, str] | None = None,
        asks: bool = True,
    ) -> None:
        self._accounts = accounts
        self._tokens = tokens
        self._policy = policy
        self._switched_off = {**(switched_off or {})}
        self._asks = asks

    @property
    def policy(self) -> Policy:
        """What anyone may do."""
        return self._policy

    async def identify(self, authorization: str | None) -> Identity:
        """Return who sent an Authorization header (RFC 9110 section 11.6.2).

        Raises `Fault(UNAUTHORIZED)` for credentials that are wrong: they never turn into an
        anonymous caller.
        """
        if authorization is None or not self._asks:
            return ANONYMOUS
        scheme, _, credentials = authorization.partition(" ")
        if scheme.lower() == "bearer":
            return await self._bearer(credentials.strip())
        if scheme.lower() == "basic":
            account = await self.login(*split_basic(credentials.strip()))
            return Identity(account.name, account.role)
        raise unauthorized("only Basic and Bearer credentials are understood: log in with these")

    async def login(self, name: str, password: str) -> Account:
        """Return the account whose password this is, or raise `Fault(UNAUTHORIZED)`."""
        account = await self._accounts.verify(name, password)
        if account is None:
            raise unauthorized("user name or password is wrong: log in again")
        return account

    def permits(
        self, identity: Identity, action: Action, repository: RepositoryName | None
    ) -> bool:
        """Return whether the identity may do this."""
        return decide(identity, action, repository, self._policy).allowed

    async def require(
        self, identity: Identity, action: Action, repository: RepositoryName | None = None
    ) -> None:
        """Raise unless the identity may do this (I10: before anything is written).

        `Fault(UNAUTHORIZED)` where a login or another token could help, DENIED where none can,
        UNSUPPORTED for what is switched off.
        """
        verdict = decide(identity, action, repository, self._policy)
        if not verdict.allowed:
            code = Code.UNAUTHORIZED if verdict.login_helps else Code.DENIED
            raise Fault(code, verdict.reason, {"action": action.value})
        if action in self._switched_off:
            raise Fault(Code.UNSUPPORTED, self._switched_off[action], {"action": action.value})

    def serves(self, action: Action) -> bool:
        """Whether anybody at all may do this."""
        return action not in self._switched_off

    async def require_login(self, identity: Identity) -> None:
        """Raise `Fault(UNAUTHORIZED)` for an anonymous caller, unless the registry is open.

        Clients learn from the ping how to log in, so it asks even where pulls are public. A token
        for an anonymous caller counts as one who has asked.
        """
        if identity == ANONYMOUS and not self._policy.open:
            raise unauthorized("log in: docker login asks for user and password")

    async def _bearer(self, token: str) -> Identity:
        verified = self._tokens.verify(token)
        if verified is None:
            raise Fault(
                Code.UNAUTHORIZED,
                "the token is not valid or has expired: ask for a new one",
                INVALID_TOKEN,
            )
        if not verified.name:
            return verified.identity(None)
        # Who is removed or changed loses access at once, within the life of the token.
        account = await self._accounts.recent(verified.name)
        if account is None or verified.changed_at != account.changed_at:
            raise Fault(
                Code.UNAUTHORIZED, "the token's user has changed: log in again", INVALID_TOKEN
            )
        return verified.identity(account)


INVALID_TOKEN = {"error": "invalid_token"}


def split_basic(credentials: str) -> tuple[str, str]:
    """Return (name, password) of Basic credentials (RFC 7617), or raise UNAUTHORIZED."""
    if len(credentials) > CREDENTIALS_MAX_BYTES:
        raise unauthorized("the credentials are too long: log in with user and password")
    try:
        text = base64.b64decode(credentials, validate=True).decode("utf-8")
    except (binascii.Error, ValueError) as error:
        raise unauthorized(
            "the Basic credentials cannot be read: send user:password as UTF-8 in base64"
        ) from error
    name, colon, password = text.partition(":")
    if not colon:
        raise unauthorized(
            "no password: Basic credentials are user and password with a colon between"
        )
    return name, password


def unauthorized(message: str) -> Fault:
    """Return the fault for a caller who must log in."""
    return Fault(Code.UNAUTHORIZED, message)
