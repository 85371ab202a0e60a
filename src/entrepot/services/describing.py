"""Artifacts that explain themselves: how one was made, and how to get it."""

from dataclasses import dataclass

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.manifest import Manifest, parse
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Reference
from entrepot.ports.catalog import Catalog, ManifestRow, Repository, Tx
from entrepot.rules.dockerfile import Step, dockerfile, steps_of
from entrepot.rules.usage import Usage, usage

from .configs import ImageConfigs
from .pull import unknown_manifest

DEPTH_MAX = 4
"""Deepest nesting of indexes that is looked into for an image."""


@dataclass(frozen=True, slots=True)
class Making:
    """How an image was made."""

    digest: Digest
    """Of the image that it is about: in an index, the one of the platform."""
    platform: str
    """`os/architecture[/variant]`, empty where nothing is said."""
    dockerfile: str
    steps: tuple[Step, ...]


class DescribeService:
    """Reads manifests and configurations; nothing is written here."""

    def __init__(self, catalog: Catalog, *, configs: ImageConfigs) -> None:
        self._catalog = catalog
        self._configs = configs

    async def making(
        self, name: RepositoryName, reference: Reference, platform: str = ""
    ) -> Making:
        """Return how an image was made; of an index, that of the platform or the first one.

        `Fault`: MANIFEST_UNKNOWN; NOT_FOUND for a platform that there is not; UNSUPPORTED for an
        artifact that is no image. Raises OSError when the store fails.
        """
        row, manifest = await self._read(name, reference)
        for _ in range(DEPTH_MAX):
            if not manifest.is_index:
                break
            row, manifest = await self._child(name, row, manifest, platform)
        if not manifest.is_image:
            raise Fault(
                Code.UNSUPPORTED,
                f"{name.wire} {reference} is no image: nothing is known of how it was made",
                {"artifactType": manifest.artifact_type},
            )
        config = await self._configs.config(manifest)
        parts = [config.get(key) for key in ("os", "architecture", "variant")]
        words = [part for part in parts if isinstance(part, str) and part]
        text = dockerfile(config, manifest.annotations)
        return Making(row.digest, "/".join(words), text, steps_of(config))

    async def usage(
        self, name: RepositoryName, reference: Reference, host: str
    ) -> tuple[Usage, ...]:
        """Return command lines that get an artifact from here, at `host`.

        `Fault`: MANIFEST_UNKNOWN, REQUEST_INVALID for what is no host.
        """
        _, manifest = await self._read(name, reference)
        try:
            return usage(host, name, reference, manifest)
        except ValueError as error:
            raise Fault(
                Code.REQUEST_INVALID,
                f"the registry's address is not known ({error}): ask at its own, as NAME:PORT",
            ) from error

    async def _read(
        self, name: RepositoryName, reference: Reference
    ) -> tuple[ManifestRow, Manifest]:
        async with self._catalog.begin() as tx:
            repository = await tx.repositories.find(name)
            if repository is not None:
                row = await _row(tx, repository, reference)
                raw = await tx.manifests.raw(row.digest) if row is not None else None
                if row is not None and raw is not None:
                    return row, parse(raw, row.media_type, row.digest.algorithm)
        raise unknown_manifest(name, reference)

    async def _child(
        self, name: RepositoryName, row: ManifestRow, index: Manifest, platform: str
    ) -> tuple[ManifestRow, Manifest]:
        told = []
        for child in index.children:
            shown = str(child.platform) if child.platform and not child.platform.is_unknown else ""
            if shown:
                told.append(shown)
            if platform in ("", shown) and (shown or child.platform is None):
                return await self._read(name, child.digest)
        raise Fault(
            Code.NOT_FOUND,
            f"{name.wire}@{row.digest} has no image"
            + (f" for {platform[:40]!a}" if platform else "")
            + f": it has {', '.join(told[:16]) or 'none'}",
            {"platforms": told[:64]},
        )


async def _row(tx: Tx, repository: Repository, reference: Reference) -> ManifestRow | None:
    if isinstance(reference, Digest):
        return await tx.manifests.find(repository.id, reference)
    return await tx.manifests.by_tag(repository.id, reference)
