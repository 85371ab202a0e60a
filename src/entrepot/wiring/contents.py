"""Harbor's face of what is kept: artifacts, policies, jobs, the log."""

from dataclasses import dataclass

from entrepot.faces.manage.harbor.additions import Additions, addition_routes
from entrepot.faces.manage.harbor.api import Route
from entrepot.faces.manage.harbor.artifacts import Artifacts, artifact_routes
from entrepot.faces.manage.harbor.artifactviews import Views
from entrepot.faces.manage.harbor.audit import AuditLogs, audit_routes
from entrepot.faces.manage.harbor.gc import gc_routes
from entrepot.faces.manage.harbor.immutability import immutability_routes
from entrepot.faces.manage.harbor.jobservice import jobservice_routes
from entrepot.faces.manage.harbor.labels import label_routes
from entrepot.faces.manage.harbor.later import Later, later_routes
from entrepot.faces.manage.harbor.purge import purge_routes
from entrepot.faces.manage.harbor.registries import Registries, registry_routes
from entrepot.faces.manage.harbor.replication import Replications, replication_routes
from entrepot.faces.manage.harbor.repositories import Repositories, repository_routes
from entrepot.faces.manage.harbor.retention import RetentionPolicies, retention_routes
from entrepot.faces.manage.harbor.retentionruns import retention_run_routes
from entrepot.faces.manage.harbor.tags import Tags, tag_routes
from entrepot.faces.manage.harbor.webhookruns import WebhookRuns, webhook_run_routes
from entrepot.faces.manage.harbor.webhooks import Webhooks, webhook_routes
from entrepot.faces.manage.jobs import Desk
from entrepot.rules.permissions import Permission
from entrepot.services.access import AccessService
from entrepot.services.artifacts import ArtifactService
from entrepot.services.blobs import BlobService
from entrepot.services.configs import ImageConfigs
from entrepot.services.copying import CopyService
from entrepot.services.deletion import DeletionService
from entrepot.services.labels import LabelService
from entrepot.services.listing.service import ListingService
from entrepot.services.notes import NoteService
from entrepot.services.numbers import NumberService
from entrepot.services.pages import PageService
from entrepot.services.policies import PolicyService
from entrepot.services.projects import ProjectService
from entrepot.services.pull import PullService
from entrepot.services.push import PushService
from entrepot.services.removal import RemovalService

from .premises import Premises
from .telling import Telling
from .upkeep import Upkeep


@dataclass(frozen=True, slots=True, kw_only=True)
class Moving:
    """What brings images in and out."""

    push: PushService
    pull: PullService
    blobs: BlobService
    deletion: DeletionService


@dataclass(frozen=True, slots=True)
class Contents:
    """What these routes stand on."""

    access: AccessService
    upkeep: Upkeep
    policies: PolicyService
    moving: Moving
    listing: ListingService

    telling: Telling | None = None
    """Without it there are no webhooks."""

    def routes(self, premises: Premises, notes: NoteService) -> list[Route]:
        """Return what is served below `/api/v2.0`."""
        return [*self._content(), *self._care(), *self._elsewhere(premises, notes)]

    def _content(self) -> list[Route]:
        base, moving, listing = self.upkeep.base, self.moving, self.listing
        catalog, clock, policies = base.catalog, base.clock, self.policies
        configs = ImageConfigs(catalog, base.store)
        labels, numbers = LabelService(catalog, clock), NumberService(catalog)
        projects = ProjectService(catalog, clock)
        artifacts = ArtifactService(catalog, configs=configs, policies=policies)
        views = Views(artifacts, labels, numbers)
        copying = CopyService(catalog, push=moving.push, pull=moving.pull, blobs=moving.blobs)
        removal = RemovalService(
            catalog, clock, base.random, deletion=moving.deletion, guard=policies.guard
        )
        repositories = Repositories(
            listing,
            PageService(catalog, clock, configs=configs),
            projects=projects,
            numbers=numbers,
            removal=removal,
            desk=self._desk,
        )
        here = Artifacts(
            views,
            listing,
            deletion=moving.deletion,
            copying=copying,
            labels=labels,
            projects=projects,
        )
        tags = Tags(views, listing, push=moving.push, pull=moving.pull, deletion=moving.deletion)
        return [
            *repository_routes(repositories),
            *artifact_routes(here),
            *tag_routes(tags),
            *addition_routes(Additions(views, artifacts, moving.pull)),
            *label_routes(labels, numbers),
            *later_routes(Later(views, numbers)),
        ]

    def _care(self) -> list[Route]:
        desk, policies = self._desk, self.policies
        base = self.upkeep.base
        numbers, projects = NumberService(base.catalog), ProjectService(base.catalog, base.clock)
        kept = RetentionPolicies(policies, numbers, projects)
        return [
            *retention_routes(kept),
            *retention_run_routes(kept, desk),
            *immutability_routes(policies, numbers, projects),
            *gc_routes(desk, numbers),
            *purge_routes(desk, numbers),
            *jobservice_routes(desk, numbers),
            *audit_routes(AuditLogs(self.listing, numbers, projects)),
        ]

    def _elsewhere(self, premises: Premises, notes: NoteService) -> list[Route]:
        """Return what is told to others, and copied from and to them."""
        remotes, replication = premises.remotes, premises.replication
        found = registry_routes(Registries(remotes))
        found += replication_routes(Replications(replication, remotes))
        if self.telling is not None:
            base = self.upkeep.base
            projects = ProjectService(base.catalog, base.clock)
            hooks = Webhooks(self.telling.webhooks, notes, NumberService(base.catalog), projects)
            found += webhook_routes(hooks)
            found += webhook_run_routes(WebhookRuns(hooks, self.telling.deliveries))
        return found

    @property
    def _desk(self) -> Desk:
        deletes = self.access.serves(Permission.DELETE)
        return Desk(self.upkeep.jobs, self.upkeep.base.clock, deletes=deletes)
