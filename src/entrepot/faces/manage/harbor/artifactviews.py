"""Artifacts put together: tags, labels, references, accessories."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast
from urllib.parse import quote

import msgspec
from msgspec import UNSET, UnsetType

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag as TagName
from entrepot.oci.reference import parse_reference
from entrepot.ports.labels import Label
from entrepot.ports.listing import ArtifactItem
from entrepot.rules.extracts import Child
from entrepot.services.artifacts import ArtifactService
from entrepot.services.labels import LabelService
from entrepot.services.numbers import PROJECT, NumberService

from .answers import ROOT, moment
from .api import Call
from .artifactshapes import (
    Accessory,
    AdditionLink,
    Artifact,
    LabelInfo,
    Platform,
    Reference,
    Tag,
)
from .cores import Core, Cores
from .kinds import accessory_icon, accessory_type
from .tagtexts import TagTexts


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be shown of artifacts, beside themselves."""

    tags: bool = True
    labels: bool = False
    accessories: bool = True
    immutable: bool = False

    @classmethod
    def of(cls, call: Call) -> "Wish":
        """Return what a request asks for."""
        return cls(
            tags=call.asks("with_tag", default=True),
            labels=call.asks("with_label"),
            accessories=call.asks("with_accessory", default=True),
            immutable=call.asks("with_immutable_status"),
        )


@dataclass(frozen=True, slots=True)
class _Page:
    """What is known of artifacts of one repository beside their rows."""

    repository: str
    """Its full name, as plain text: JSON takes longer for texts of a kind of their own."""
    base: str
    repository_id: int
    project_id: int
    cores: dict[Digest, Core]
    labels: dict[Digest, list[Label]]
    tags: TagTexts
    accessories: dict[Digest, list[ArtifactItem]]
    children: dict[Digest, int]


class Views:
    """Makes answers of rows."""

    def __init__(
        self, artifacts: ArtifactService, labels: LabelService, numbers: NumberService
    ) -> None:
        self._artifacts = artifacts
        self._labels = labels
        self._numbers = numbers
        self._cores = Cores(artifacts)

    async def find(self, call: Call) -> ArtifactItem:
        """Return the path's artifact, or raise `Fault(MANIFEST_UNKNOWN)`."""
        text = call.parts["reference"]
        try:
            reference = parse_reference(text)
        except Fault:
            # What is no tag names nothing.
            raise Fault(
                Code.NOT_FOUND, f"artifact {call.repository}:{text[:128]} not found"
            ) from None
        return await self._artifacts.find(call.repository, reference)

    async def shown(self, items: Sequence[ArtifactItem], wish: Wish) -> list[Artifact]:
        """Return artifacts, of any repositories; those that are gone meanwhile are left out."""
        pages = {
            name: await self._page(name, [one for one in items if one.repository == name], wish)
            for name in dict.fromkeys(item.repository for item in items)
        }
        made = [_one(item, pages[item.repository], wish) for item in items]
        return [one for one in made if one is not None]

    async def tags(
        self, item: ArtifactItem, tags: Sequence[tuple[TagName, float]], *, immutable: bool
    ) -> list[msgspec.Raw]:
        """Return tags of an artifact, each a `Tag`."""
        names = [name for name, _ in tags] if immutable else []
        protected = await self._artifacts.protected(item.repository, names) if names else ()
        repository_id, _ = await self._artifacts.numbers(item.repository, ())
        texts = TagTexts(repository_id, frozenset(protected))
        return [msgspec.Raw(texts.of(item, at, [name])) for name, at in tags]

    async def accessories(self, item: ArtifactItem) -> list[Accessory]:
        """Return what hangs on an artifact."""
        found = await self._artifacts.accessories(item.repository, [item.digest])
        return [_accessory(item, one) for one in found.get(item.digest, ())]

    async def _page(self, name: RepositoryName, items: Sequence[ArtifactItem], wish: Wish) -> _Page:
        digests = [item.digest for item in items]
        tags = [tag for item in items for tag in _names(item)] if wish.immutable else []
        cores = await self._cores.of(items)
        named = [Digest(child.digest) for core in cores.values() for child in core.children]
        repository_id, children = await self._artifacts.numbers(name, named)
        protected = await self._artifacts.protected(name, tags) if tags else ()
        return _Page(
            str(name),
            f"{ROOT}{base_of(name)}/artifacts",
            repository_id,
            await self._numbers.one(PROJECT, name.project),
            cores,
            await self._labels.marks(name, digests) if wish.labels else {},
            TagTexts(repository_id, frozenset(protected)),
            await self._artifacts.accessories(name, digests) if wish.accessories else {},
            children,
        )


def base_of(name: RepositoryName) -> str:
    """Return where a repository is, below the root; slashes of its path are encoded twice."""
    project, _, path = name.partition("/")
    return f"/projects/{project}/repositories/{quote(quote(path, safe=''), safe='')}"


def _one(item: ArtifactItem, page: _Page, wish: Wish) -> Artifact | None:
    core = page.cores.get(item.digest)
    if core is None:
        return None
    kind, digest = core.kind, str(item.digest)
    made = Artifact(
        id=item.id,
        type=kind.type,
        media_type=kind.media_type,
        manifest_media_type=item.media_type,
        project_id=page.project_id,
        repository_id=page.repository_id,
        repository_name=page.repository,
        digest=digest,
        size=item.size,
        icon=kind.icon,
        push_time=moment(item.pushed_at),
        pull_time=moment(item.pulled_at),
        artifact_type=kind.artifact_type or UNSET,
        extra_attrs=core.extra,
        annotations=core.annotations,
    )
    if core.children:
        made.references = [
            _reference(item, child, page.children.get(Digest(child.digest), UNSET))
            for child in core.children
        ]
    if core.additions:
        place = f"{page.base}/{digest}/additions"
        made.addition_links = {name: AdditionLink(f"{place}/{name}") for name in core.additions}
    if wish.tags and item.tags:
        texts = ",".join([page.tags.of(item, at, names) for at, names in item.tags])
        made.tags = cast("list[Tag]", msgspec.Raw(f"[{texts}]"))
    if labels := page.labels.get(item.digest):
        made.labels = [
            LabelInfo.of(label, page.project_id if label.project else 0) for label in labels
        ]
    if found := page.accessories.get(item.digest):
        made.accessories = [_accessory(item, one) for one in found]
    return made


def _names(item: ArtifactItem) -> list[TagName]:
    return [TagName(name) for _, names in item.tags for name in names]


def _accessory(subject: ArtifactItem, item: ArtifactItem) -> Accessory:
    attached = any(name.is_system for name in _names(item))
    kind = accessory_type(item.artifact_type, attached=attached)
    return Accessory(
        id=item.id,
        artifact_id=item.id,
        subject_artifact_id=subject.id,
        subject_artifact_digest=str(subject.digest),
        subject_artifact_repo=str(subject.repository),
        size=item.size,
        digest=str(item.digest),
        type=kind,
        icon=accessory_icon(kind),
        creation_time=moment(item.pushed_at),
    )


def _reference(item: ArtifactItem, child: Child, child_id: int | UnsetType) -> Reference:
    made = Reference(child_digest=child.digest, parent_id=item.id, child_id=child_id)
    if child.has_platform:
        made.platform = Platform(
            architecture=child.architecture,
            os=child.os,
            os_version=child.os_version or UNSET,
            variant=child.variant or UNSET,
        )
    made.annotations = child.annotations or UNSET
    made.urls = [*child.urls] or None
    return made
