"""Shapes of artifacts in answers: empty lists are null, as in Go."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from entrepot.ports.labels import Label

from .answers import moment


class LabelInfo(msgspec.Struct):
    """A label, of the registry (`scope` g) or of a project (p)."""

    id: int
    name: str
    color: str
    scope: str
    creation_time: str
    update_time: str
    description: str | UnsetType = UNSET
    project_id: int | UnsetType = UNSET

    @classmethod
    def of(cls, label: Label, project_id: int) -> "LabelInfo":
        """Return a label as it is shown; `project_id` is 0 for one of the registry."""
        return cls(
            id=label.id,
            name=label.name,
            # Terraform says so of a label that has none, and looks for it again.
            color=label.color or "false",
            scope="p" if label.project else "g",
            creation_time=moment(label.created_at),
            update_time=moment(label.changed_at),
            description=label.description or UNSET,
            project_id=project_id or UNSET,
        )


class Tag(msgspec.Struct):
    """A tag of an artifact."""

    id: int
    artifact_id: int
    repository_id: int
    name: str
    push_time: str
    pull_time: str
    immutable: bool


class Platform(msgspec.Struct):
    """What an image of an index runs on; some keys have quotes in Harbor, too."""

    architecture: str
    os: str
    os_features: list[str] | None = msgspec.field(name="'os.features'", default=None)
    os_version: str | UnsetType = msgspec.field(name="'os.version'", default=UNSET)
    variant: str | UnsetType = UNSET


class Reference(msgspec.Struct):
    """An image that an index names; `child_id` is left out where it is not there."""

    child_digest: str
    parent_id: int
    child_id: int | UnsetType = UNSET
    platform: Platform | UnsetType = UNSET
    annotations: dict[str, str] | UnsetType = UNSET
    urls: list[str] | None = None


class Accessory(msgspec.Struct):
    """What hangs on an artifact: a signature, an SBOM."""

    id: int
    artifact_id: int
    subject_artifact_id: int
    subject_artifact_digest: str
    subject_artifact_repo: str
    size: int
    digest: str
    type: str
    icon: str
    creation_time: str


class AdditionLink(msgspec.Struct):
    """Where to find more."""

    href: str
    absolute: bool = False


class Artifact(msgspec.Struct):
    """An artifact."""

    id: int
    type: str
    media_type: str
    manifest_media_type: str
    project_id: int
    repository_id: int
    repository_name: str
    digest: str
    size: int
    icon: str
    push_time: str
    pull_time: str
    artifact_type: str | UnsetType = UNSET
    extra_attrs: dict[str, Any] | UnsetType = UNSET
    annotations: dict[str, str] | UnsetType = UNSET
    references: list[Reference] | None = None
    tags: list[Tag] | None = None
    addition_links: dict[str, AdditionLink] | UnsetType = UNSET
    labels: list[LabelInfo] | None = None
    accessories: list[Accessory] | None = None
