"""Lists with filters and orders: which rows are meant, and what they say.

A list is asked twice. `keys` names all rows that a filter lets pass, in ascending order, which
takes time with how many there are; `rows` reads a page of them. Who remembers keys has any page
and its total at once (`services/listing`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

import msgspec

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.rules.audit import AuditLine
from entrepot.rules.leases import BlobRow
from entrepot.rules.roles import Role

from .grants import GrantRow
from .identity import Source
from .jobs import Job
from .ledgers import Ledger
from .people import Group
from .projects import Project
from .robots import Robot

TYPES_MAX = 8
"""Most types, labels and kinds of jobs that one filter names."""
LABELS_MAX = 4
TAGS_SHOWN_MAX = 100
"""Most tags that an artifact's row has, the newest."""
NAMES_MAX = 50_000
"""Most keys of a list of tags; those beyond are counted and not reached."""


class By(StrEnum):
    """What rows are sorted by; each list knows some of it, and ends with what tells rows apart."""

    NAME = "name"
    CREATED = "created"
    UPDATED = "updated"
    PUSHED = "pushed"
    MOVED = "moved"
    SIZE = "size"
    USED = "used"
    LIMIT = "limit"
    ID = "id"


@dataclass(frozen=True, slots=True)
class Named:
    """A name just as it is, or part of one, of any case where names have cases; empty for all."""

    exact: str = ""
    part: str = ""


ANY = Named()


@dataclass(frozen=True, slots=True)
class ProjectsWhere:
    """Projects; with `names`, only the public ones and those that are named."""

    name: Named = ANY
    public: bool | None = None
    owner: str = ""
    names: frozenset[str] | None = None
    limit_bytes: int | None = None
    """What one without a ledger may hold, for `By.LIMIT`."""


@dataclass(frozen=True, slots=True)
class RepositoriesWhere:
    """Repositories with at least one manifest, of some projects or of all."""

    projects: frozenset[str] | None = None
    name: Named = ANY
    """Of full names."""


@dataclass(frozen=True, slots=True)
class RepositoryItem:
    """A repository; `updated_at` is when a manifest or a tag of it was last pushed."""

    id: int
    name: RepositoryName
    created_at: float
    updated_at: float


@dataclass(frozen=True, slots=True)
class ArtifactsWhere:
    """Artifacts of a repository, or of a whole project where `repository` is empty.

    They are manifests without a subject that have a tag or that no index of the repository names:
    neither accessories nor what only a larger image is made of.
    """

    project: str
    repository: str = ""
    """A full name."""
    tag: Named = ANY
    tagged: bool | None = None
    digest: str = ""
    types: tuple[str, ...] = ()
    """Artifact types or media types, any of which it may have."""
    labels: tuple[int, ...] = ()
    """Labels, all of which it must have."""
    since: float | None = None
    """Pushed then or later."""
    until: float | None = None
    """Pushed then or earlier."""


class ArtifactItem(msgspec.Struct, frozen=True):
    """An artifact. `size` is that of all it is made of: an index has its children's too.

    `tags` are the newest first, at most `TAGS_SHOWN_MAX` of `tag_count`: times, and the names that
    were moved then. It is no dataclass because a frozen one takes ten times as long to make.
    """

    id: int
    repository: RepositoryName
    digest: Digest
    media_type: str
    artifact_type: str
    annotations: str
    """JSON text."""
    pushed_at: float
    pulled_at: float | None
    pull_count: int
    size: int
    tag_count: int
    tags: Sequence[tuple[float, Sequence[str]]]
    extract: str = ""
    """What else is shown of it (`rules.extracts`); empty where that was not worked out yet."""


@dataclass(frozen=True, slots=True)
class TagsWhere:
    """Tags of a repository, or of one manifest of it."""

    repository: str
    digest: str = ""
    name: Named = ANY


@dataclass(frozen=True, slots=True)
class TagItem:
    """A tag, and where it is."""

    name: Tag
    digest: Digest
    moved_at: float


@dataclass(frozen=True, slots=True)
class UsersWhere:
    """Local users, and those from elsewhere who came once."""

    name: Named = ANY
    email: Named = ANY


@dataclass(frozen=True, slots=True)
class UserItem:
    """A user with what their source says of them, where it said something."""

    name: str
    role: Role
    created_at: float
    source: Source
    email: str
    display_name: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class RobotsWhere:
    """Robots of a project, of the registry (''), or all."""

    project: str | None = None
    name: Named = ANY


@dataclass(frozen=True, slots=True)
class GroupsWhere:
    """Groups that have a row."""

    name: Named = ANY


@dataclass(frozen=True, slots=True)
class GrantsWhere:
    """Grants about a project; `name` is whose."""

    project: str
    kind: str = ""
    name: Named = ANY
    whole: bool = False
    """Only those to users and groups, on the whole project."""


@dataclass(frozen=True, slots=True)
class JobsWhere:
    """Jobs of some kinds, or of all."""

    kinds: tuple[str, ...] = ()
    state: str = ""


@dataclass(frozen=True, slots=True)
class LedgersWhere:
    """Ledgers of a kind."""

    kind: str
    name: Named = ANY


@dataclass(frozen=True, slots=True)
class AuditWhere:
    """Lines of the audit log, but for their times; empty fields do not narrow."""

    actor: str = ""
    project: str = ""
    operation: str = ""
    refused: bool = False


Where_contra = TypeVar("Where_contra", contravariant=True)
Key = TypeVar("Key")
Item = TypeVar("Item")


class Rows(Protocol[Where_contra, Key, Item]):
    """One list."""

    async def keys(self, where: Where_contra, by: By) -> Sequence[Key]:
        """Return the keys of all rows that are meant, in ascending order."""
        ...

    async def rows(self, keys: Sequence[Key]) -> list[Item]:
        """Return these rows in the order of the keys; those that are gone are left out."""
        ...


class RobotRows(Rows[RobotsWhere, int, Robot], Protocol):
    """Robots, and what they may do."""

    async def grants(self, names: Sequence[str]) -> dict[str, list[GrantRow]]:
        """Return all that was given to robots, oldest first, by their full names."""
        ...


class GrantRows(Rows[GrantsWhere, int, GrantRow], Protocol):
    """Grants, and how many there are of each sort."""

    async def sorts(self, project: str) -> list[tuple[str, tuple[str, ...], int]]:
        """Return role, permissions, and how many users and groups have it on the whole project."""
        ...


class LedgerRows(Rows[LedgersWhere, int, Ledger], Protocol):
    """Ledgers, and what they hold together."""

    async def used_bytes(self, kind: str) -> int:
        """Return what all ledgers of a kind are charged; what lies in several counts in each."""
        ...


class ArtifactRows(Rows[ArtifactsWhere, int, ArtifactItem], Protocol):
    """Artifacts, and how many there are."""

    async def counts(self, repositories: Sequence[str]) -> dict[str, int]:
        """Return how many artifacts each of some repositories has."""
        ...

    async def pulls(self, repositories: Sequence[str]) -> dict[str, int]:
        """Return how often manifests of each of some repositories were pulled."""
        ...

    async def pushed(self, artifact_id: int) -> float | None:
        """Return when it was pushed; None if it is gone."""
        ...

    async def tag_text(self, repository: str, after: str, limit: int) -> tuple[str, str]:
        """Return `limit` tags above one as text, `tag/id,tag/id` with ids of manifests.

        And the last of these tags: empty when there are none.
        """
        ...

    async def moved(self, repository: str, after: int, limit: int) -> list[tuple[int, set[int]]]:
        """Return moves of tags with an id above one: each with the manifests left and reached."""
        ...

    async def with_word(self, ids: Sequence[int], word: str) -> set[int]:
        """Return those of a few artifacts that have a tag with the word in it."""
        ...


class RelatedRows(Protocol):
    """What belongs to manifests of a repository, for a whole page at once."""

    async def raws(self, digests: Sequence[Digest]) -> dict[Digest, bytes]:
        """Return the bytes of manifests, as far as they are there."""
        ...

    async def blobs(self, digests: Sequence[Digest]) -> dict[Digest, BlobRow]:
        """Return the rows of blobs, as far as they are there."""
        ...

    async def ids(self, repository_id: int, digests: Sequence[Digest]) -> dict[Digest, int]:
        """Return the ids of manifests, as far as they are there."""
        ...

    async def referrers(
        self, repository_id: int, subjects: Sequence[Digest], limit: int
    ) -> dict[Digest, list[int]]:
        """Return the ids of what has each of these subjects, `limit` at most, oldest first."""
        ...

    async def tagged_within(self, repository_id: int, low: str, high: str) -> bool:
        """Whether any tag's name is `low` or after it, and before `high`."""
        ...

    async def tagged(self, repository_id: int, tags: Sequence[Tag]) -> dict[Tag, int]:
        """Return the ids of the manifests with these tags, as far as they are there."""
        ...


class TagRows(Protocol):
    """Tags; a repository may have too many to remember their names."""

    async def keys(self, where: TagsWhere, by: By, *, descending: bool) -> Sequence[str]:
        """Return the names of the first `NAMES_MAX` in that order."""
        ...

    async def count(self, where: TagsWhere) -> int: ...
    async def rows(self, where: TagsWhere, names: Sequence[str]) -> list[TagItem]: ...


class AuditRows(Protocol):
    """Lines of the audit log by their ids, which grow."""

    async def ids(self, where: AuditWhere, after: int, limit: int) -> list[int]:
        """Return ids above `after`, ascending."""
        ...

    async def first(self) -> int:
        """Return the lowest id that there is; 0 for none."""
        ...

    async def first_from(self, at: float) -> int | None:
        """Return the lowest id of the lines from a time on; None where there is none."""
        ...

    async def late(self, at: float, after: int, limit: int) -> list[int]:
        """Return ids above `after` of lines from before a time: those written out of order."""
        ...

    async def rows(self, ids: Sequence[int]) -> list[AuditLine]: ...


class ContentLists(Protocol):
    """Lists of what is kept."""

    @property
    def projects(self) -> Rows[ProjectsWhere, str, Project]: ...
    @property
    def repositories(self) -> Rows[RepositoriesWhere, int, RepositoryItem]: ...
    @property
    def artifacts(self) -> ArtifactRows: ...
    @property
    def related(self) -> RelatedRows: ...
    @property
    def tags(self) -> TagRows: ...
    @property
    def ledgers(self) -> LedgerRows: ...
    @property
    def jobs(self) -> Rows[JobsWhere, int, Job]: ...
    async def changes(self, after: int, limit: int) -> list[tuple[int, str]]:
        """Return sequences above `after` and which repository, or project, was changed."""
        ...


class PeopleLists(Protocol):
    """Lists of who comes, and what they did."""

    @property
    def users(self) -> Rows[UsersWhere, str, UserItem]: ...
    @property
    def groups(self) -> Rows[GroupsWhere, str, Group]: ...
    @property
    def robots(self) -> RobotRows: ...
    @property
    def grants(self) -> GrantRows: ...
    @property
    def audit(self) -> AuditRows: ...


class Lists(ContentLists, PeopleLists, Protocol):
    """All lists."""
