"""Who asks, and whether they may."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import replace

from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.rules.access import (
    ANONYMOUS,
    NO_FACTS,
    Facts,
    Identity,
    Policy,
    Verdict,
    anyone_may,
    decide,
    keeps_out,
)
from entrepot.rules.areas import REGISTRY, Target
from entrepot.rules.certificates import Certificate
from entrepot.rules.explaining import Explanation, Obstacle, Step, explain
from entrepot.rules.networks import EVERYWHERE
from entrepot.rules.permissions import Permission

from .authentication import Authenticator, at, unauthorized
from .facts import FactsService
from .standing import Standing
from .tokens import TokenService
from .visibility import NOTHING, Names, VisibilityService

CREDENTIALS_MAX_BYTES = 16 * 1024


class AccessService:
    """Turns an Authorization header into an identity, and an identity into a yes or no.

    `switched_off` says why nobody at all may do something. Unless it `asks`, everyone is anonymous
    whatever they send, as clients send passwords that they saved for a registry of before.
    """

    def __init__(
        self,
        authenticator: Authenticator,
        tokens: TokenService,
        facts: FactsService,
        policy: Policy,
        *,
        visibility: VisibilityService,
        switched_off: Mapping[Permission, str] | None = None,
        asks: bool = True,
    ) -> None:
        self._authenticator = authenticator
        self._tokens = tokens
        self._facts = facts
        self._policy = policy
        self._visibility = visibility
        self._switched_off = {**(switched_off or {})}
        self._asks = asks

    @property
    def policy(self) -> Policy:
        """What holds for everyone."""
        return self._policy

    async def identify(
        self,
        authorization: str | None,
        address: str = "",
        *,
        certificate: Certificate | None = None,
    ) -> Identity:
        """Return who sent an Authorization header (RFC 9110 section 11.6.2), and from where.

        A client certificate counts only without such a header. Raises `Fault(UNAUTHORIZED)` for
        credentials that are wrong: they never turn into an anonymous caller.
        """
        if self._asks and authorization is None and certificate is not None:
            return at(await self.certified(certificate), address)
        if authorization is None or not self._asks:
            return replace(ANONYMOUS, address=address) if address else ANONYMOUS
        scheme, _, credentials = authorization.partition(" ")
        if scheme.lower() == "bearer":
            return await self._tokens.bearer(credentials.strip(), address)
        if scheme.lower() == "basic":
            standing = await self.login(*split_basic(credentials.strip()), address)
            return at(standing, address)
        raise unauthorized("only Basic and Bearer credentials are understood: log in with these")

    async def login(self, name: str, password: str, address: str = "") -> Standing:
        """Return whose password this is, or raise `Fault(UNAUTHORIZED)`."""
        return await self._authenticator.password(name, password, address)

    async def certified(self, certificate: Certificate) -> Standing:
        """Return whom a verified client certificate names, or raise `Fault(UNAUTHORIZED)`."""
        return await self._authenticator.certified(certificate)

    async def facts(self, identity: Identity, project: str) -> Facts:
        """Return what decides about a caller in a project; '' for the registry."""
        return await self._facts.of(identity, project)

    async def verdict(
        self, identity: Identity, permission: Permission, target: Target = REGISTRY
    ) -> Verdict:
        """Return whether the identity may do this to the target, and why not."""
        facts = await self._facts.of(identity, target.project)
        return decide(identity, permission, target, self._policy, facts)

    async def permits(
        self, identity: Identity, permission: Permission, target: Target = REGISTRY
    ) -> bool:
        """Return whether the identity may do this."""
        return (await self.verdict(identity, permission, target)).allowed

    async def places(self, identity: Identity, permission: Permission) -> Names:
        """Return the projects in which the identity may do this, without asking for each.

        What may be done in public ones by anyone comes on top; None stands for all projects. Some
        of them may be gone.
        """
        if permission in self._switched_off or keeps_out(
            identity, REGISTRY, self._policy, NO_FACTS
        ):
            return NOTHING
        if anyone_may(permission, REGISTRY, self._policy, NO_FACTS):
            return None
        return await self._visibility.projects(identity, permission)

    async def explain(
        self,
        identity: Identity,
        permission: Permission,
        target: Target,
        *,
        anywhere: bool = False,
    ) -> Explanation:
        """Return whether an identity may do this, with the whole derivation.

        With `anywhere`, no address is asked about, and none keeps them out.
        """
        facts, policy = await self._facts.of(identity, target.project), self._policy
        if anywhere:
            identity = replace(identity, networks=())
            facts, policy = (
                replace(facts, networks=EVERYWHERE),
                replace(policy, networks=EVERYWHERE),
            )
        told = explain(identity, permission, target, policy, facts)
        reason = self._switched_off.get(permission)
        if reason is None or not told.allowed:
            return told
        steps = (*told.steps, Step("registry", reason))
        return Explanation(
            allowed=False, reason=reason, steps=steps, obstacle=Obstacle.SWITCHED_OFF
        )

    async def require(
        self,
        identity: Identity,
        permission: Permission,
        target: Target | RepositoryName = REGISTRY,
    ) -> Verdict:
        """Return the yes, or raise unless the identity may do this, before all writing (I10).

        `Fault(UNAUTHORIZED)` where a login or another token could help, DENIED where none can,
        UNSUPPORTED for what is switched off.
        """
        if isinstance(target, RepositoryName):
            target = Target.of(target)
        verdict = await self.verdict(identity, permission, target)
        if not verdict.allowed:
            code = Code.UNAUTHORIZED if verdict.login_helps else Code.DENIED
            raise Fault(code, verdict.reason, {"permission": permission.value})
        if permission in self._switched_off:
            reason = self._switched_off[permission]
            raise Fault(Code.UNSUPPORTED, reason, {"permission": permission.value})
        return verdict

    def serves(self, permission: Permission) -> bool:
        """Whether anybody at all may do this."""
        return permission not in self._switched_off

    async def require_login(self, identity: Identity) -> None:
        """Raise `Fault(UNAUTHORIZED)` for an anonymous caller, unless the registry is open.

        Clients learn from the ping how to log in, so it asks even where pulls are public. A token
        for an anonymous caller counts as one who has asked.
        """
        if not identity.name and identity.grants is None and not self._policy.open:
            raise unauthorized("log in: docker login asks for user and password")


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
