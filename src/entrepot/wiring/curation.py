"""What people say of content put together: labels, pages; and their routes."""

from dataclasses import dataclass

from entrepot.faces.manage.api import Route
from entrepot.faces.manage.labels import label_routes
from entrepot.faces.manage.repositories import repository_routes
from entrepot.ports.blobs import BlobStore
from entrepot.ports.catalog import Catalog
from entrepot.ports.clock import Clock
from entrepot.services.configs import ImageConfigs
from entrepot.services.describing import DescribeService
from entrepot.services.labels import LabelService
from entrepot.services.pages import PageService


@dataclass(frozen=True, slots=True)
class Curation:
    """The services of what is said of content."""

    labels: LabelService
    pages: PageService
    describing: DescribeService
    public_url: str = ""

    def routes(self) -> list[Route]:
        """Return what is served of these below `/api/entrepot/v1`."""
        return [
            *label_routes(self.labels),
            *repository_routes(self.pages, self.describing, public_url=self.public_url),
        ]


def make_curation(
    catalog: Catalog, store: BlobStore, clock: Clock, *, public_url: str = ""
) -> Curation:
    """Return the services over a catalog and a store."""
    configs = ImageConfigs(catalog, store)
    return Curation(
        LabelService(catalog, clock),
        PageService(catalog, clock, configs=configs),
        DescribeService(catalog, configs=configs),
        public_url,
    )
