"""What people said of content goes when the content is gone for good."""

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Tx
from entrepot.ports.labels import Mark

STEP = 256
"""Pages or labels that go in one transaction."""


async def fade(tx: Tx, repository_id: int, name: RepositoryName, digest: Digest) -> None:
    """Forget a manifest's labels, and the page of its repository, as far as nothing is left.

    Call it where an entry of the trash was removed, and where something was deleted without one.
    What is in the repository or in its trash keeps what was said of it.
    """
    await tx.marks.fade(repository_id, Mark(name, digest))
    await tx.pages.fade(name)


async def fade_project(tx: Tx, project: str) -> bool:
    """Forget a step of what was said in a project without content; False if nothing was left."""
    if await tx.pages.forget_project(project, STEP):
        return True
    labels = await tx.labels.of(project, STEP)
    for label in labels:
        # Content that is gone has no marks.
        await tx.labels.remove(label.id)
    return bool(labels)
