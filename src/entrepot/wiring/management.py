"""Management put together: Harbor's face, over the services of all the rest."""

from dataclasses import dataclass

from entrepot.faces.asgi import App, Receive, Scope, Send
from entrepot.faces.manage import api
from entrepot.faces.manage.callers import Browsers
from entrepot.faces.manage.declaring import declaring_routes
from entrepot.faces.manage.harbor.answers import ROOT as HARBOR_ROOT
from entrepot.faces.manage.harbor.api import Route, harbor_app
from entrepot.faces.manage.harbor.describing import description_routes
from entrepot.faces.manage.harbor.sessions import login_app
from entrepot.rules.declaring.items import Kind
from entrepot.services.audittrail import AuditTrail
from entrepot.services.declaring.doers import (
    Doer,
    GroupDoer,
    MemberDoer,
    PolicyDoer,
    ProjectDoer,
    RoleDoer,
)
from entrepot.services.declaring.linkdoers import (
    LabelDoer,
    RegistryDoer,
    ReplicationDoer,
    WebhookDoer,
)
from entrepot.services.declaring.service import DeclaringService
from entrepot.services.grants import GrantService
from entrepot.services.groups import GroupService
from entrepot.services.numbers import NumberService
from entrepot.services.policies import PolicyService
from entrepot.services.quotas import QuotaService
from entrepot.services.roles import RoleService
from entrepot.settings import Settings

from .contents import Contents
from .curation import Curation, make_curation
from .gate import Gate
from .premises import Premises, make_premises
from .tenancy import Tenancy
from .upkeep import Upkeep


@dataclass(frozen=True, slots=True)
class Management:
    """The services that only management needs, beside those of access and of the lifecycle."""

    gate: Gate
    upkeep: Upkeep
    policies: PolicyService
    quotas: QuotaService
    numbers: NumberService
    curation: Curation
    premises: Premises
    contents: Contents
    tenancy: Tenancy

    def routes(self) -> list[api.Route]:
        """Return what is served of these below `/api/entrepot/v1`."""
        return [
            *declaring_routes(self.declaring),
            *self.curation.routes(),
            *self.premises.routes(),
        ]

    @property
    def declaring(self) -> DeclaringService:
        """Who compares a file with what there is."""
        ground = self.gate.ground
        catalog, clock = ground.catalog, ground.clock
        doers: dict[Kind, Doer] = {
            Kind.PROJECT: ProjectDoer(self.gate.projects, self.quotas),
            Kind.POLICY: PolicyDoer(self.policies),
            Kind.MEMBER: MemberDoer(GrantService(catalog, clock)),
            Kind.ROLE: RoleDoer(RoleService(catalog, clock)),
            Kind.GROUP: GroupDoer(GroupService(catalog, clock)),
            Kind.LABEL: LabelDoer(self.curation.labels),
            Kind.REGISTRY: RegistryDoer(self.premises.remotes),
            Kind.REPLICATION: ReplicationDoer(self.premises.replication, self.premises.remotes),
        }
        if self.contents.telling is not None:
            doers[Kind.WEBHOOK] = WebhookDoer(self.contents.telling.webhooks)
        return DeclaringService(catalog, clock, doers)

    def harbor_routes(self) -> list[Route]:
        """Return what is served below `/api/v2.0`."""
        contents = self.contents.routes(self.premises, self.tenancy.parts.notes)
        found = [*self.tenancy.routes(), *contents]
        return [*found, *description_routes(found)]

    def signin(self, trail: AuditTrail | None) -> dict[str, App]:
        """Return where browsers sign in as at Harbor, if there are sessions."""
        browsing = self.gate.browsing
        return {"c": login_app(browsing.signin, browsing.sessions, trail)} if browsing else {}

    def harbor(self, trail: AuditTrail | None, browsers: Browsers | None) -> App:
        """Return Harbor's face."""
        access, numbers = self.gate.access, self.numbers
        return harbor_app(self.harbor_routes(), access, numbers, trail=trail, browsers=browsers)


def make_management(
    settings: Settings,
    gate: Gate,
    upkeep: Upkeep,
    *,
    policies: PolicyService,
    quotas: QuotaService,
    contents: Contents,
) -> Management:
    """Return the services over those of the rest."""
    premises = make_premises(settings, gate.ground.catalog, gate.ground.clock, gate.ground.sealer)
    return Management(
        gate,
        upkeep,
        policies,
        quotas,
        numbers=NumberService(gate.ground.catalog),
        curation=make_curation(
            gate.ground.catalog,
            upkeep.base.store,
            gate.ground.clock,
            public_url=settings.server.public_url,
        ),
        premises=premises,
        contents=contents,
        tenancy=Tenancy(settings, gate, upkeep, policies, quotas, contents.listing, premises.site),
    )


def by_root(harbor: App, ours: App) -> App:
    """Return the application below `/api`: each face has an address of its own."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        is_harbor = path == HARBOR_ROOT or path.startswith(f"{HARBOR_ROOT}/")
        await (harbor if is_harbor else ours)(scope, receive, send)

    return app
