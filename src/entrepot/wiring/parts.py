"""Single services by the settings, for the composition root."""

from entrepot.adapters.passkeys import WebauthnPasskeys
from entrepot.ports.clock import Clock
from entrepot.rules.admission import Sparse
from entrepot.rules.leases import Grace
from entrepot.rules.passwords import PasswordPolicy
from entrepot.rules.permissions import Permission
from entrepot.rules.ratelimits import parse_rate
from entrepot.rules.tickets import Tickets
from entrepot.services.accounts import AccountService
from entrepot.services.blobs import BlobService
from entrepot.services.deletion import DeletionService
from entrepot.services.notices import Notices
from entrepot.services.policies import PolicyService
from entrepot.services.pull import PullLimits, PullService
from entrepot.services.push import PushService
from entrepot.services.quotas import QuotaService
from entrepot.services.ratelimiting import RateService
from entrepot.services.secrets import SecretService
from entrepot.services.sharing import SharedUploadService
from entrepot.services.uploads import UploadLimits, UploadService
from entrepot.settings import Auth, Settings

from .contents import Moving
from .outside import Outside
from .telling import Telling, make_telling


def moving(
    settings: Settings, outside: Outside, policies: PolicyService, quotas: QuotaService
) -> Moving:
    """Return what brings images in and out."""
    catalog, store, clock = outside.catalog, outside.store, outside.clock
    grace = Grace(settings.uploads.grace_seconds)
    blobs = BlobService(catalog, store, clock, outside.random, grace=grace)
    return Moving(
        push=PushService(
            catalog,
            clock,
            blobs=blobs,
            sparse=Sparse(settings.manifests.sparse),
            policies=policies,
            quotas=quotas,
        ),
        pull=PullService(catalog, store, limits=PullLimits()),
        blobs=blobs,
        deletion=DeletionService(
            catalog,
            clock,
            blobs=blobs,
            keep_days=settings.trash.keep_days,
            guard=policies.guard,
        ),
    )


def passkeys(settings: Settings) -> WebauthnPasskeys | None:
    """Return what checks passkeys, which are bound to the address that browsers use."""
    url = settings.server.public_url
    return WebauthnPasskeys(url, "Entrepot") if url else None


def accounts(settings: Settings, outside: Outside) -> AccountService:
    """Return the accounts of here, of a file and of a directory."""
    return AccountService(
        outside.catalog,
        outside.passwords,
        outside.clock,
        outside.random,
        file=outside.users,
        policy=_passwords(settings.auth),
        elsewhere=outside.sources.people,
    )


def _passwords(auth: Auth) -> PasswordPolicy:
    words = ("entrepot", auth.service)
    return PasswordPolicy(auth.password_length_min, classes=auth.password_classes, words=words)


def quotas(settings: Settings, outside: Outside, notices: Notices) -> QuotaService:
    """Return the quotas, which tell when they are nearly full."""
    given = settings.quota
    return QuotaService(
        outside.catalog,
        outside.clock,
        project_bytes=given.project_bytes if given.project_bytes >= 0 else None,
        warn_share=given.warn_share,
        notices=notices,
    )


def rates(settings: Settings, clock: Clock) -> RateService:
    """Return the limits of pulls and requests."""
    given = settings.rates
    return RateService(
        clock,
        anonymous_pulls=parse_rate(given.anonymous_pulls),
        user_pulls=parse_rate(given.user_pulls),
        requests_per_second=given.requests_per_second,
        parts=settings.server.workers,
    )


def secrets(outside: Outside) -> SecretService | None:
    """Return what keeps secrets sealed, where there is a key."""
    if outside.sealer is None:
        return None
    return SecretService(outside.catalog, outside.clock, outside.sealer)


def telling(settings: Settings, outside: Outside) -> Telling | None:
    """Return who tells others of events, where secrets can be kept."""
    if outside.sealer is None:
        return None
    catalog, clock, random = outside.catalog, outside.clock, outside.random
    return make_telling(settings, catalog, clock, random, outside.sealer)


def uploads(outside: Outside, blobs: BlobService, limits: UploadLimits) -> UploadService:
    """Return the uploads: of this process, or shared by several."""
    catalog, clock, random = outside.catalog, outside.clock, outside.random
    tickets = Tickets(outside.upload_key)
    if outside.shared is not None:
        return SharedUploadService(
            catalog, outside.shared, clock, random, blobs=blobs, limits=limits, tickets=tickets
        )
    return UploadService(
        catalog, outside.store, clock, random, blobs=blobs, limits=limits, tickets=tickets
    )


def switched_off(settings: Settings) -> dict[Permission, str]:
    """Return what nobody may do, with the reason."""
    if settings.storage.read_only:
        reason = "the registry is read-only (storage.read_only): try again when that is over"
        return {Permission.PUSH: reason, Permission.DELETE: reason}
    if not settings.storage.delete:
        reason = (
            "deleting is switched off (storage.delete; with the variables of registry:2, "
            "REGISTRY_STORAGE_DELETE_ENABLED=true switches it on)"
        )
        return {Permission.DELETE: reason}
    return {}
