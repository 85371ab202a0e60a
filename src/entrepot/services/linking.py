"""Sending clients to the object store for the bytes of blobs."""

from entrepot.oci.name import RepositoryName
from entrepot.ports.blobs import Blob, BlobStore
from entrepot.ports.catalog import Catalog
from entrepot.rules.leases import BlobRow

from .policies import PolicyService

LINK_MIN_BYTES = 64 * 1024
"""Smaller blobs are answered with: a second request would take longer than they do."""


class LinkService:
    """Decides whether a blob is read here or where a signed URL says."""

    def __init__(self, catalog: Catalog, store: BlobStore, policies: PolicyService) -> None:
        self._catalog = catalog
        self._store = store
        self._policies = policies

    async def link(self, name: RepositoryName, row: BlobRow) -> str | None:
        """Return a URL for a blob that the caller may read in this repository, or None.

        None where the store has no URLs, the project's options say no, or the blob is small.
        """
        link = self._store.capabilities.link
        if row.size < LINK_MIN_BYTES or link is None:
            return None
        async with self._catalog.begin() as tx:
            policies = await self._policies.of(tx, name.project)
        if not policies.options.redirect_blobs:
            return None
        return await link(Blob(row.digest, row.generation), row.size)
