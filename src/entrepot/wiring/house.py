"""The composition root: settings and adapters in, services and faces out."""

from collections.abc import Mapping
from dataclasses import dataclass

from entrepot.faces.manage.callers import Browsers
from entrepot.faces.registry.call import Services
from entrepot.services.access import AccessService
from entrepot.services.accounts import AccountService
from entrepot.services.artifacts import ArtifactService
from entrepot.services.auditing import AuditService
from entrepot.services.audittrail import AuditTrail
from entrepot.services.configs import ImageConfigs
from entrepot.services.extracting import Extractor
from entrepot.services.idempotency import IdempotencyService
from entrepot.services.jobs import Handler, JobService
from entrepot.services.keys import KeyService
from entrepot.services.linking import LinkService
from entrepot.services.listing.service import ListingService
from entrepot.services.notices import Notices
from entrepot.services.policies import PolicyService
from entrepot.services.pulls import PullRecorder
from entrepot.services.purging import PurgeService
from entrepot.services.quotas import QuotaService
from entrepot.services.scrub import ScrubLimits
from entrepot.services.secrets import SecretService
from entrepot.services.tokens import TokenService
from entrepot.services.trash import TrashService
from entrepot.services.uploads import UploadLimits, UploadService
from entrepot.services.warnings import WarningService
from entrepot.settings import Settings

from . import parts
from .contents import Contents
from .gate import Gate, Ground, make_gate
from .management import Management, make_management
from .outside import Outside
from .premises import audit_keep_days
from .telling import Telling
from .upkeep import Base, Upkeep, make_upkeep


@dataclass(frozen=True, slots=True)
class House:
    """All services of one process."""

    registry: Services
    gate: Gate
    policies: PolicyService
    upkeep: Upkeep
    management: Management
    audit: AuditService
    keys: KeyService | None = None
    secrets: SecretService | None = None
    listing: ListingService | None = None
    notices: Notices | None = None
    telling: Telling | None = None
    """Without a sealer there are no webhooks."""

    @property
    def accounts(self) -> AccountService:
        return self.gate.accounts

    @property
    def tokens(self) -> TokenService:
        return self.gate.tokens

    @property
    def jobs(self) -> JobService:
        return self.upkeep.jobs

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """Who does each kind of job."""
        return self.upkeep.handlers

    @property
    def quotas(self) -> QuotaService:
        return self.registry.quotas

    @property
    def access(self) -> AccessService:
        return self.registry.access

    @property
    def uploads(self) -> UploadService:
        return self.registry.uploads

    @property
    def keeping(self) -> IdempotencyService:
        """Who keeps answers by the keys of their requests."""
        ground = self.gate.ground
        return IdempotencyService(ground.catalog, ground.clock, ground.sealer)

    @property
    def extractor(self) -> Extractor:
        """Who works out what lists show of manifests."""
        base = self.upkeep.base
        configs = ImageConfigs(base.catalog, base.store)
        artifacts = ArtifactService(base.catalog, configs=configs, policies=self.policies)
        return Extractor(base.catalog, artifacts, base.clock)

    def end_streams(self) -> None:
        """End what would never end by itself, as the server stops."""
        if self.telling is not None:
            self.telling.streams.close()

    @property
    def browsers(self) -> Browsers | None:
        """Who is signed in by a cookie."""
        browsing = self.gate.browsing
        return Browsers(browsing.sessions, self.gate.standing) if browsing else None


def build(settings: Settings, outside: Outside) -> House:
    """Return the services for these settings."""
    catalog, clock, random = outside.catalog, outside.clock, outside.random
    auth, bounds = settings.auth, settings.uploads
    limits = UploadLimits(size_max_bytes=bounds.size_max_bytes, idle_seconds=bounds.idle_seconds)
    accounts = parts.accounts(settings, outside)
    gate = make_gate(
        Ground(
            catalog,
            clock,
            random,
            outside.signer,
            outside.sealer,
            parts.passkeys(settings),
            outside.passwords,
        ),
        accounts=accounts,
        auth=auth,
        projects=settings.projects,
        switched_off=parts.switched_off(settings),
        sources=outside.sources,
    )
    notices = Notices(catalog, clock)
    jobs, quotas = JobService(catalog, clock), parts.quotas(settings, outside, notices)
    policies = PolicyService(catalog, clock)
    moving = parts.moving(settings, outside, policies, quotas)
    deletion = moving.deletion
    upkeep = make_upkeep(
        Base(
            catalog, outside.base, clock, random, outside.signer, policies, outside.sources.people
        ),
        jobs=jobs,
        deletion=deletion,
        trash=TrashService(catalog, clock, guard=policies.guard, admit=quotas.admit),
        purging=PurgeService(catalog, clock, deletion=deletion),
        scrubbing=ScrubLimits(settings.scrub.bytes_per_second),
        audit_keep_days=audit_keep_days(settings),
    )
    telling, listing = parts.telling(settings, outside), ListingService(catalog, clock)
    contents = Contents(gate.access, upkeep, policies, moving, listing, telling)
    return House(
        registry=Services(
            access=gate.access,
            blobs=moving.blobs,
            uploads=parts.uploads(outside, moving.blobs, limits),
            push=moving.push,
            pull=moving.pull,
            pulls=PullRecorder(catalog, clock, notices),
            deletion=deletion,
            warnings=WarningService(clock),
            quotas=quotas,
            rates=parts.rates(settings, clock),
            links=LinkService(catalog, outside.store, policies),
            trail=AuditTrail(catalog, clock),
        ),
        gate=gate,
        policies=policies,
        audit=AuditService(catalog, source=auth.service),
        keys=outside.keys,
        secrets=parts.secrets(outside),
        listing=listing,
        notices=notices,
        telling=telling,
        upkeep=upkeep,
        management=make_management(
            settings, gate, upkeep, policies=policies, quotas=quotas, contents=contents
        ),
    )
