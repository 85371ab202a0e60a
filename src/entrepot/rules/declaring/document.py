"""The file's shape: what each key may hold, and errors that name the place.

Keys that are left out say nothing: what is there stays as it is. A list that is given, though
empty, is what there shall be; what else is there goes only when somebody asks to prune.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from entrepot.oci.errors import Code, Fault

ITEMS_MAX = 5000
"""Most entries of one list."""
TEXT_MAX = 4096

_Name = Annotated[str, Meta(min_length=1, max_length=256)]
_Text = Annotated[str, Meta(max_length=TEXT_MAX)]
_Names = Annotated[list[_Name], Meta(max_length=ITEMS_MAX)]
_Some = Meta(max_length=ITEMS_MAX)


class _Shape(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A mapping with known keys."""


class RoleEntry(_Shape):
    """A custom role."""

    name: _Name
    permissions: _Names
    description: _Text | UnsetType = UNSET


class GroupEntry(_Shape):
    """A group of users; `members` are those that administrators name, not a directory's."""

    name: _Name
    description: _Text | UnsetType = UNSET
    members: _Names | UnsetType = UNSET


class LabelEntry(_Shape):
    """A label; its colour as `#RRGGBB`."""

    name: _Name
    color: _Text | UnsetType = UNSET
    description: _Text | UnsetType = UNSET


class RegistryEntry(_Shape):
    """Another registry. Its secret is never in a file: `entrepot registry` sets it."""

    name: _Name
    url: _Text
    type: _Name | UnsetType = UNSET
    account: _Text | UnsetType = UNSET
    insecure: bool | UnsetType = UNSET
    description: _Text | UnsetType = UNSET


class MemberEntry(_Shape):
    """Who may do what: one of `user`, `group` and `everyone`; a role or permissions.

    Robots have theirs with their account, which a file does not make: nobody would get the secret.
    """

    user: _Name | UnsetType = UNSET
    group: _Name | UnsetType = UNSET
    everyone: Literal[True] | UnsetType = UNSET
    role: _Name | UnsetType = UNSET
    permissions: _Names | UnsetType = UNSET
    on: _Name | UnsetType = UNSET
    """A pattern of repositories in the project, as `ecommerce/web/**`; left out for all."""


class TriggerEntry(_Shape):
    """When to replicate."""

    type: _Name
    cron: _Text | UnsetType = UNSET


class ReplicationEntry(_Shape):
    """What of the project is copied to another registry."""

    name: _Name
    dest_namespace: _Text | UnsetType = UNSET
    registry: _Name | UnsetType = UNSET
    """Left out: the first part of `dest_namespace` names it."""
    enabled: bool | UnsetType = UNSET
    trigger: TriggerEntry | UnsetType = UNSET
    description: _Text | UnsetType = UNSET
    repositories: _Text | UnsetType = UNSET
    """A pattern within the project; left out for all."""
    tags: _Text | UnsetType = UNSET
    override: bool | UnsetType = UNSET


class WebhookEntry(_Shape):
    """Who is told of what. What proves who tells is never in a file."""

    name: _Name
    url: _Text
    format: _Name | UnsetType = UNSET
    events: _Names | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


class ProjectEntry(_Shape):
    """A project and all that is set up for it."""

    name: _Name
    public: bool | UnsetType = UNSET
    networks: _Names | UnsetType = UNSET
    storage_limit: int | _Text | UnsetType | None = UNSET
    """Bytes, or as `100GB`; null or -1 for none."""
    retention: Annotated[list[_Text], _Some] | dict[str, Any] | UnsetType = UNSET
    """Lines of the retention language; `{lines, schedule}` with a schedule; or a whole policy."""
    immutability: Annotated[list[dict[str, Any]], _Some] | UnsetType = UNSET
    naming: dict[str, Any] | UnsetType = UNSET
    aliases: dict[str, Any] | UnsetType = UNSET
    options: dict[str, Any] | UnsetType = UNSET
    environment: _Text | UnsetType = UNSET
    members: Annotated[list[MemberEntry], _Some] | UnsetType = UNSET
    labels: Annotated[list[LabelEntry], _Some] | UnsetType = UNSET
    webhooks: Annotated[list[WebhookEntry], _Some] | UnsetType = UNSET
    replication: Annotated[list[ReplicationEntry], _Some] | UnsetType = UNSET


class Document(_Shape):
    """The whole file."""

    roles: Annotated[list[RoleEntry], _Some] | UnsetType = UNSET
    groups: Annotated[list[GroupEntry], _Some] | UnsetType = UNSET
    labels: Annotated[list[LabelEntry], _Some] | UnsetType = UNSET
    registries: Annotated[list[RegistryEntry], _Some] | UnsetType = UNSET
    projects: Annotated[list[ProjectEntry], _Some] | UnsetType = UNSET


def read_document(value: object) -> Document:
    """Return a decoded YAML or JSON value as a document.

    `Fault(REQUEST_INVALID)` says where (`$.projects[0].public`) and what is wrong; its detail has
    the place as `path`.
    """
    try:
        return msgspec.convert({} if value is None else value, Document)
    except msgspec.ValidationError as error:
        cause, _, place = str(error).partition(" - at `")
        raise misplaced(place.rstrip("`") or "$", cause) from None


def misplaced(path: str, cause: str) -> Fault:
    """Return the fault of an entry; `path` is `$.projects[0].members[1]`."""
    told = f"{path.removeprefix('$.')}: {cause}"
    return Fault(Code.REQUEST_INVALID, told, {"path": path})
