"""Labels that people put on artifacts, and where they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName


@dataclass(frozen=True, slots=True)
class Label:
    """A label of a project, or of the whole registry. `id` is 0 until it is written."""

    id: int
    project: str
    """Empty for a label of the whole registry."""
    name: str
    description: str
    color: str
    """`#RRGGBB`."""
    created_at: float
    changed_at: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A place where a label is: a manifest of a repository."""

    repository: RepositoryName
    digest: Digest


class Labels(Protocol):
    """Labels by id; names are unique in a project."""

    async def add(self, label: Label) -> int | None:
        """Write a label and return its id; None when there is one of that name."""
        ...

    async def find(self, label_id: int) -> Label | None: ...

    async def change(self, label: Label) -> None:
        """Write what can change of it: name, description, colour. The name is free."""
        ...

    async def remove(self, label_id: int) -> bool:
        """Remove it with what is left of its marks."""
        ...

    async def of(self, project: str, limit: int) -> list[Label]:
        """Return those of a project, by name."""
        ...


class Marks(Protocol):
    """Which manifests have which labels; they outlive the manifest's stay in the trash."""

    async def add(self, label_id: int, mark: Mark) -> bool:
        """Put the label there; False where it was."""
        ...

    async def remove(self, label_id: int, mark: Mark) -> bool: ...

    async def of(
        self, repository: RepositoryName, digests: Sequence[Digest]
    ) -> dict[Digest, list[Label]]:
        """Return the labels of those manifests that have any, by name."""
        ...

    async def page(self, label_id: int, after: Mark | None, limit: int) -> list[Mark]:
        """Return where a label is, by repository and digest."""
        ...

    async def clear(self, label_id: int, limit: int) -> int:
        """Take a label from at most so many manifests; from how many it was."""
        ...

    async def fade(self, repository_id: int, mark: Mark) -> int:
        """Take all labels from a manifest that is neither in the repository nor in its trash."""
        ...
