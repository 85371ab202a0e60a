"""Access put together: who somebody is, what they may, who changes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from entrepot.faces.manage.api import Route
from entrepot.faces.manage.enabling import enabling_routes
from entrepot.faces.manage.explain import explain_routes
from entrepot.faces.manage.factors import factor_reset_routes, factor_routes
from entrepot.faces.manage.groups import group_routes
from entrepot.faces.manage.projects import grant_routes, project_routes
from entrepot.faces.manage.robots import robot_routes
from entrepot.faces.manage.roles import role_routes
from entrepot.faces.manage.signin import signin_routes
from entrepot.faces.manage.tokens import access_token_routes
from entrepot.faces.manage.users import user_routes
from entrepot.faces.manage.workloads import workload_routes
from entrepot.ports.catalog import Catalog
from entrepot.ports.clock import Clock, Random
from entrepot.ports.factors import Passkeys
from entrepot.ports.sealing import Sealer
from entrepot.ports.secrets import Passwords, TokenSigner
from entrepot.rules.access import Policy
from entrepot.rules.networks import Networks
from entrepot.rules.permissions import Permission
from entrepot.services.access import AccessService
from entrepot.services.access_tokens import AccessTokenService
from entrepot.services.accounts import AccountService
from entrepot.services.authentication import Authenticator
from entrepot.services.chosen import ChosenSecrets
from entrepot.services.enabling import EnablingService
from entrepot.services.explaining import ExplainService
from entrepot.services.factors import FactorService
from entrepot.services.facts import FactsService
from entrepot.services.grants import GrantService
from entrepot.services.groups import GroupService
from entrepot.services.people import PeopleService
from entrepot.services.projects import ProjectService
from entrepot.services.robots import RobotService
from entrepot.services.roles import RoleService
from entrepot.services.signin import SigninService
from entrepot.services.sso import SsoService
from entrepot.services.standing import StandingService
from entrepot.services.tokens import Holders, TokenService
from entrepot.services.trusting import TrustService
from entrepot.services.visibility import VisibilityService
from entrepot.services.websessions import WebSessionService
from entrepot.services.workloads import WorkloadService
from entrepot.settings import Auth, Projects


@dataclass(frozen=True, slots=True)
class Ground:
    """What access stands on."""

    catalog: Catalog
    clock: Clock
    random: Random
    signer: TokenSigner
    sealer: Sealer | None = None
    """Without it there are no second factors, nor sign-in by a browser."""
    passkeys: Passkeys | None = None
    passwords: Passwords | None = None
    """Without it robots have no secrets but those that are made here."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Who else knows people and machines; each None where it is not configured."""

    people: PeopleService | None = None
    """Of a directory; `AccountService` asks it."""
    workloads: WorkloadService | None = None
    sso: SsoService | None = None
    audience: str = "entrepot"
    """What tokens of workloads are made for, unless their rule says otherwise."""


NO_SOURCES = Sources()


@dataclass(frozen=True, slots=True)
class Browsing:
    """How browsers sign in."""

    factors: FactorService
    sessions: WebSessionService
    signin: SigninService


@dataclass(frozen=True, slots=True)
class Gate:
    """All services of access."""

    ground: Ground
    access: AccessService
    accounts: AccountService
    authenticator: Authenticator
    tokens: TokenService
    standing: StandingService
    robots: RobotService
    access_tokens: AccessTokenService
    sources: Sources
    browsing: Browsing | None = None
    chosen: ChosenSecrets | None = None

    def routes(self) -> list[Route]:
        """Return what is served of these below `/api/entrepot/v1`."""
        browsing = self.browsing
        clock = self.ground.clock
        found = [*user_routes(self.accounts), *robot_routes(self.robots, clock)]
        found += access_token_routes(self.access_tokens, self.tokens, clock)
        found += self._granting()
        found += group_routes(GroupService(self.ground.catalog, clock))
        trust = TrustService(self.ground.catalog, clock, self.sources.audience)
        found += workload_routes(trust, self.sources.workloads)
        found += enabling_routes(EnablingService(self.ground.catalog, clock))
        if browsing is not None:
            found += signin_routes(browsing.signin, browsing.sessions)
            found += factor_routes(browsing.factors)
            found += factor_reset_routes(browsing.factors)
        return found

    @property
    def projects(self) -> ProjectService:
        """Who keeps projects."""
        return ProjectService(self.ground.catalog, self.ground.clock)

    def _granting(self) -> list[Route]:
        """Return what is served of who may do what, and why."""
        catalog, clock = self.ground.catalog, self.ground.clock
        explaining = ExplainService(catalog, clock, standing=self.standing, access=self.access)
        return [
            *project_routes(self.projects),
            *grant_routes(GrantService(catalog, clock)),
            *role_routes(RoleService(catalog, clock)),
            *explain_routes(explaining),
        ]


@dataclass(frozen=True, slots=True)
class Terms:
    """How tokens are issued, and what nobody may do; `services.access` says more."""

    audience: str = "entrepot"
    seconds: float = 300.0
    binds: bool = False
    asks: bool = True
    switched_off: Mapping[Permission, str] = field(default_factory=dict)


def make_gate(
    ground: Ground,
    *,
    accounts: AccountService,
    auth: Auth,
    projects: Projects,
    switched_off: Mapping[Permission, str],
    sources: Sources,
) -> Gate:
    """Return the services for these settings."""
    policy = Policy(
        open=auth.open or bool(auth.anonymous),
        anonymous_pull=auth.anonymous_pull,
        networks=Networks.parse(auth.networks),
        auto_create=projects.auto_create,
    )
    terms = Terms(
        auth.service, auth.token_seconds, auth.bind_tokens, not auth.anonymous, switched_off
    )
    return assemble_gate(ground, accounts, policy, terms, sources)


def assemble_gate(
    ground: Ground,
    accounts: AccountService,
    policy: Policy,
    terms: Terms | None = None,
    sources: Sources = NO_SOURCES,
) -> Gate:
    """Return the services over these parts."""
    terms = terms or Terms()
    catalog, clock = ground.catalog, ground.clock
    watch = accounts.watch
    standing = StandingService(catalog, accounts, clock, watch)
    facts = FactsService(catalog, watch)
    tokens = TokenService(
        ground.signer,
        clock,
        ground.random,
        holders=Holders(catalog, clock, standing, facts, watch),
        audience=terms.audience,
        seconds=terms.seconds,
        binds=terms.binds,
    )
    browsing = _browsing(ground, accounts)
    chosen = None
    if ground.passwords is not None:
        chosen = ChosenSecrets(catalog, clock, ground.random, ground.passwords)
    authenticator = Authenticator(
        catalog,
        clock,
        accounts=accounts,
        standing=standing,
        workloads=sources.workloads,
        factors=browsing.factors if browsing else None,
        chosen=chosen,
    )
    access = AccessService(
        authenticator,
        tokens,
        facts,
        policy,
        visibility=VisibilityService(catalog, watch),
        switched_off=terms.switched_off,
        asks=terms.asks,
    )
    return Gate(
        ground,
        access,
        accounts,
        authenticator,
        tokens,
        standing,
        robots=RobotService(catalog, clock, ground.random),
        access_tokens=AccessTokenService(catalog, clock, ground.random),
        sources=sources,
        browsing=browsing,
        chosen=chosen,
    )


def _browsing(ground: Ground, accounts: AccountService) -> Browsing | None:
    if ground.sealer is None:
        return None
    catalog, clock, random = ground.catalog, ground.clock, ground.random
    factors = FactorService(
        catalog, clock, random, accounts=accounts, sealer=ground.sealer, passkeys=ground.passkeys
    )
    sessions = WebSessionService(catalog, clock, random, accounts)
    signin = SigninService(catalog, accounts=accounts, factors=factors, sessions=sessions)
    return Browsing(factors, sessions, signin)
