"""One call of the registry API: the request with what was found out about it."""

from dataclasses import dataclass

from entrepot.faces.asgi import Request, Response
from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.rules.access import ALLOWED, Identity, Verdict
from entrepot.rules.areas import Target
from entrepot.rules.permissions import Permission
from entrepot.services.access import AccessService
from entrepot.services.audittrail import AuditTrail
from entrepot.services.blobs import BlobService
from entrepot.services.context import Caller
from entrepot.services.deletion import DeletionService
from entrepot.services.linking import LinkService
from entrepot.services.pull import PullService
from entrepot.services.pulls import PullRecorder
from entrepot.services.push import PushService
from entrepot.services.quotas import QuotaService, Room
from entrepot.services.ratelimiting import RateService
from entrepot.services.uploads import UploadService
from entrepot.services.warnings import WarningService

from .routes import Route

PAGE_DEFAULT = 1000
"""Entries of a page when the client names no number."""


@dataclass(frozen=True, slots=True)
class Services:
    """What the registry face calls."""

    access: AccessService
    blobs: BlobService
    uploads: UploadService
    push: PushService
    pull: PullService
    pulls: PullRecorder
    deletion: DeletionService
    warnings: WarningService
    quotas: QuotaService
    rates: RateService
    links: LinkService | None = None
    """Who says which blobs are read elsewhere; nobody: none."""
    trail: AuditTrail | None = None
    """Where refusals are noted."""


@dataclass(frozen=True, slots=True)
class Call:
    """An authorised request for one route."""

    request: Request
    route: Route
    name: RepositoryName
    identity: Identity
    services: Services
    verdict: Verdict = ALLOWED

    @property
    def caller(self) -> Caller:
        identity = self.identity
        program, verdict = self.request.client_program, self.verdict
        return Caller(identity.name, program, identity.address, verdict.founds, verdict.creates)

    async def may_pull(self, name: RepositoryName) -> bool:
        """Whether the caller could read another repository, for mounts."""
        return await self.services.access.permits(self.identity, Permission.PULL, Target.of(name))

    async def room(self) -> Room:
        """Return what the caller may still push here."""
        return await self.services.quotas.room(self.name, self.caller)

    def address(self, kind: str, reference: str) -> str:
        """Return a relative URL in this repository, under the name the client used."""
        return f"/v2/{self.route.name}/{kind}/{reference}"


def page_size(call: Call) -> int:
    """Return `n` of the query; `Fault(PAGINATION_NUMBER_INVALID)` unless it is a number."""
    text = call.request.argument("n")
    if text is None:
        return PAGE_DEFAULT
    # Ten digits are more than any page has; int() of a megabyte of digits would take long.
    if not text.isascii() or not text.isdecimal() or len(text) > 10:
        raise Fault(
            Code.PAGINATION_NUMBER_INVALID,
            f"n is '{text[:20]}': write a number of entries, 0 or more",
            {"n": text[:20]},
        )
    return int(text)


def link_next(response: Response, url: str) -> None:
    """Add the Link to the next page (RFC 8288)."""
    response.set("Link", f'<{url}>; rel="next"')
