"""The catalog: the single truth on repositories, manifests, tags and leases.

A transaction shows small repositories, one per aggregate. Their verbs neither decide nor check
rights; services do, inside the transaction. Times are seconds since the Unix epoch.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag

from .accounts import Accounts
from .artifacts import Artifacts
from .audit import Audit
from .extracts import Extracts
from .factors import Factors, WebSessions
from .grants import Epochs, Grants, Roles
from .history import History
from .idempotency import Idempotency
from .integrity import Cursors, Damages, Rebuilding
from .jobs import JobLines, Jobs, Schedules
from .keys import SealedRows, SealedSecrets, SigningKeys
from .labels import Labels, Marks
from .leases import Blobs
from .ledgers import Ledgers
from .listing import Lists
from .notes import Notes
from .numbers import Numbers
from .pages import RepositoryPages
from .people import Groups, Profiles
from .policies import Policies
from .projects import Projects
from .pulls import Pulls
from .remotes import Remotes, ReplicationPolicies
from .robots import Credentials, Revocations, Robots, Workloads
from .sitesettings import SiteSettings
from .together import Together
from .trash import Trash
from .upkeep import Collection, Inspection, Reach, Sweeps
from .webhooks import Deliveries, Webhooks


class Busy(Exception):
    """Another writer held the catalog for too long; nothing was changed, trying again is safe."""


class CatalogFailed(Exception):
    """The database's disk or file fails; the message says why and what to do.

    What the block wrote is there whole or not at all, and was acknowledged to nobody.
    """


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository's row."""

    id: int
    name: RepositoryName


ManifestCursor = tuple[str, int]
"""A place in the listing of a repository's manifests: subject, empty for none, and id."""


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """A manifest of one repository. `size` is that of its own bytes."""

    id: int
    repository_id: int
    digest: Digest
    media_type: str
    artifact_type: str
    size: int
    subject: Digest | None
    annotations: str
    """The manifest's annotations, as JSON text."""
    pushed_at: float

    @property
    def cursor(self) -> ManifestCursor:
        return self.subject or "", self.id


@dataclass(frozen=True, slots=True)
class Edge:
    """A manifest holds `target` alive: one of its blobs, a child, or its own bytes."""

    target: Digest
    kind: str


EDGE_BLOB = "blob"
EDGE_CHILD = "child"
EDGE_SELF = "self"
EDGE_SPARSE = "sparse"
"""To what was not in the repository when the manifest came: it may still be missing (I1).

Once it is there it is held alive like anything else, but it may be deleted again.
"""


@dataclass(frozen=True, slots=True)
class TagMove:
    """One line of a tag's history; `after` is None when the tag was deleted."""

    tag: Tag
    before: Digest | None
    after: Digest | None
    at: float
    actor: str
    client: str


@dataclass(frozen=True, slots=True)
class UploadSession:
    """A blob upload under way. `offset` is what was acknowledged, in bytes."""

    id: str
    repository_id: int
    actor: str
    algorithm: str
    offset: int
    started_at: float
    expires_at: float


@dataclass(frozen=True, slots=True)
class Held:
    """What a repository has under a digest: a manifest, or else a blob that is live."""

    digest: Digest
    size: int
    is_manifest: bool


@dataclass(frozen=True, slots=True)
class Event:
    """One committed change, in the outbox. `sequence` is 0 until it is written."""

    kind: str
    repository: RepositoryName
    payload: str
    at: float
    sequence: int = 0


class Repositories(Protocol):
    """Repositories by name."""

    async def find(self, name: RepositoryName) -> Repository | None: ...
    async def by_id(self, repository_id: int) -> Repository | None: ...
    async def ensure(self, name: RepositoryName, now: float) -> Repository:
        """Return the repository, made now if it is new."""
        ...

    async def held(self, repository_id: int, digests: Sequence[Digest]) -> list[Held]:
        """Return which of these it has, in any order; twice what is a blob and a manifest too."""
        ...

    async def page(self, after: str, limit: int) -> list[RepositoryName]:
        """Return names with at least one manifest, in the order of their wire names."""
        ...

    async def count(self, project: str) -> int:
        """Return how many repositories of a project have at least one manifest."""
        ...


class Manifests(Protocol):
    """Manifests within a repository, with their edges."""

    async def find(self, repository_id: int, digest: Digest) -> ManifestRow | None: ...
    async def by_tag(self, repository_id: int, tag: Tag) -> ManifestRow | None: ...
    async def raw(self, digest: Digest) -> bytes | None: ...

    async def add(self, row: ManifestRow, raw: bytes, edges: list[Edge]) -> int:
        """Write a new manifest (`row.id` is ignored) with its edges; return its id."""
        ...

    async def remove(self, row: ManifestRow) -> list[Digest]:
        """Remove it with its edges; return the targets that those held."""
        ...

    async def edges(self, manifest_id: int) -> list[Edge]: ...

    async def holder(
        self, repository_id: int, target: Digest, kind: str | None = None
    ) -> Digest | None:
        """Return one manifest of the repository with an edge to `target`, or None.

        Of that `kind`, or of any.
        """
        ...

    async def referrers(
        self, repository_id: int, subject: Digest, after: int, limit: int
    ) -> list[ManifestRow]:
        """Return manifests with this subject and id > `after`, oldest first."""
        ...

    async def page(
        self, repository_id: int, after: ManifestCursor | None, limit: int
    ) -> list[ManifestRow]:
        """Return all of a repository page by page; `after` is the last one's `cursor`.

        Those without a subject come first, newest first, so that indexes come before what was there
        when they were pushed.
        """
        ...


class Tags(Protocol):
    """Tags and every move they made."""

    async def find(self, repository_id: int, tag: Tag) -> Digest | None: ...

    async def move(self, repository_id: int, manifest_id: int | None, move: TagMove) -> None:
        """Point the tag at the manifest, or drop it when None, and write the move down."""
        ...

    async def page(self, repository_id: int, after: str, limit: int) -> list[Tag]:
        """Return tags > `after`, bytewise."""
        ...

    async def of(self, manifest_id: int) -> list[Tag]: ...
    async def history(self, repository_id: int, tag: Tag, limit: int) -> list[TagMove]:
        """Return the newest moves first."""
        ...


class Uploads(Protocol):
    """Upload sessions."""

    async def add(self, session: UploadSession) -> None: ...
    async def find(self, upload_id: str) -> UploadSession | None: ...
    async def advance(self, upload_id: str, offset: int, expires_at: float) -> None: ...
    async def remove(self, upload_id: str) -> None:
        """Remove it; harmless when it is gone already."""
        ...

    async def expired(self, now: float, limit: int) -> list[UploadSession]: ...


class Outbox(Protocol):
    """Changes to be told to others, written in the transaction that made them."""

    async def append(self, event: Event) -> None: ...
    async def after(self, sequence: int, limit: int) -> list[Event]: ...
    async def last(self) -> int:
        """Return the highest sequence ever given; 0 for none."""
        ...

    async def skip_to(self, sequence: int) -> None:
        """Give only sequences above it from now on."""
        ...

    async def prune(self, upto: int, before: float, limit: int) -> int:
        """Remove, of the oldest `limit`, events up to `upto` and from before then; how many."""
        ...


class Content(Protocol):
    """What is pushed and pulled, and by whom."""

    @property
    def repositories(self) -> Repositories: ...
    @property
    def manifests(self) -> Manifests: ...
    @property
    def tags(self) -> Tags: ...
    @property
    def blobs(self) -> Blobs: ...
    @property
    def uploads(self) -> Uploads: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def accounts(self) -> Accounts: ...


class Lifecycle(Protocol):
    """What becomes of it."""

    @property
    def artifacts(self) -> Artifacts: ...
    @property
    def history(self) -> History: ...
    @property
    def jobs(self) -> Jobs: ...
    @property
    def job_lines(self) -> JobLines: ...
    @property
    def schedules(self) -> Schedules: ...
    @property
    def ledgers(self) -> Ledgers: ...
    @property
    def policies(self) -> Policies: ...
    @property
    def pulls(self) -> Pulls: ...
    @property
    def trash(self) -> Trash: ...


class Care(Protocol):
    """What keeps it whole and in bounds."""

    @property
    def collection(self) -> Collection: ...
    @property
    def sweeps(self) -> Sweeps: ...
    @property
    def reach(self) -> Reach: ...
    @property
    def inspection(self) -> Inspection: ...
    @property
    def damages(self) -> Damages: ...
    @property
    def cursors(self) -> Cursors: ...
    @property
    def rebuilding(self) -> Rebuilding: ...


class Access(Protocol):
    """Who may do what."""

    @property
    def projects(self) -> Projects: ...
    @property
    def grants(self) -> Grants: ...
    @property
    def roles(self) -> Roles: ...
    @property
    def profiles(self) -> Profiles: ...
    @property
    def groups(self) -> Groups: ...
    @property
    def robots(self) -> Robots: ...
    @property
    def credentials(self) -> Credentials: ...
    @property
    def workloads(self) -> Workloads: ...
    @property
    def epochs(self) -> Epochs: ...


class Entry(Protocol):
    """How they come in, and what was done."""

    @property
    def factors(self) -> Factors: ...
    @property
    def sessions(self) -> WebSessions: ...
    @property
    def revocations(self) -> Revocations: ...
    @property
    def audit(self) -> Audit: ...


class Sealed(Protocol):
    """What is kept sealed."""

    @property
    def signing_keys(self) -> SigningKeys: ...
    @property
    def sealed_secrets(self) -> SealedSecrets: ...
    @property
    def sealed_factors(self) -> SealedRows: ...
    @property
    def sealed_webhooks(self) -> SealedRows: ...


class Telling(Protocol):
    """Whom it is told."""

    @property
    def webhooks(self) -> Webhooks: ...
    @property
    def deliveries(self) -> Deliveries: ...


class Management(Protocol):
    """What is managed beside images and rights."""

    @property
    def idempotency(self) -> Idempotency: ...
    @property
    def labels(self) -> Labels: ...
    @property
    def marks(self) -> Marks: ...
    @property
    def notes(self) -> Notes: ...
    @property
    def numbers(self) -> Numbers: ...
    @property
    def pages(self) -> RepositoryPages: ...
    @property
    def remotes(self) -> Remotes: ...
    @property
    def replication_policies(self) -> ReplicationPolicies: ...
    @property
    def site_settings(self) -> SiteSettings: ...


class Looking(Protocol):
    """How all of it is looked through."""

    @property
    def lists(self) -> Lists: ...
    @property
    def extracts(self) -> Extracts: ...


class Tx(
    Content,
    Lifecycle,
    Care,
    Access,
    Entry,
    Sealed,
    Management,
    Telling,
    Looking,
    Together,
    Protocol,
):
    """What one transaction can see and do."""


class Catalog(Protocol):
    """The database behind the services."""

    def begin(
        self, *, write: bool = False, durable: bool = True, aside: bool = False
    ) -> AbstractAsyncContextManager[Tx]:
        """Open a transaction.

        Writing ones are serialised, seen by others whole or not at all, and durable once the block
        was left without an error; an error inside undoes them. The block awaits nothing but the
        transaction's own verbs. Reading ones see only committed rows. Raises `Busy`, and as its
        verbs do, `CatalogFailed`.

        One that is not `durable` survives the process, and a power cut only with the next durable
        one: nothing that may not be lost alone belongs into it.

        One that reads `aside` leaves the event loop to others while the database looks: jobs that
        look through everything use it. Each statement takes somewhat longer then.
        """
        ...

    def version(self) -> int:
        """Return a number that has changed if anything was committed since, by anybody.

        It may be a moment late, where telling takes more than a look at a file: for those who look
        again and again. Raises `Busy` or `CatalogFailed`.
        """
        ...

    async def latest(self) -> int:
        """Return the same number as of a moment after the call.

        While it stays the same, so does all that was read after it was returned: whatever anybody
        was acknowledged before the call counts. Raises `Busy` or `CatalogFailed`.
        """
        ...

    async def trouble(self) -> str | None:
        """Return what keeps it from reading or writing, or None.

        Writes are tried only after one has failed.
        """
        ...

    async def close(self) -> None:
        """Finish what is under way and let go of the database."""
        ...
