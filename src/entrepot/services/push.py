"""Pushing manifests: one transaction for manifest, edges, tags and event."""

from dataclasses import dataclass

from entrepot.oci.digest import DEFAULT_ALGORITHM, Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.manifest import Manifest, parse
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Reference, Tag
from entrepot.ports.catalog import Catalog, TagMove, Tx
from entrepot.ports.clock import Clock
from entrepot.ports.ledgers import Ledger
from entrepot.rules.admission import Facts, Sparse, decide
from entrepot.rules.leases import BlobRow

from .blobs import BlobService
from .bodies import Whole
from .context import Caller
from .events import MANIFEST_PUBLISHED, TAG_MOVED, Change, tell
from .founding import enter_place, find_place
from .holding import Entry, absent_in, enter, facts_of
from .policies import PolicyService
from .quotas import QuotaService
from .tagging import Leads, Target, alias_moves, find_leads, pushed_moves, told


@dataclass(frozen=True, slots=True)
class Precondition:
    """What the tag must point at before the push (RFC 9110 sections 13.1.1 and 13.1.2)."""

    matches: frozenset[Digest] | None = None
    """One of these; None for no such wish, and empty for "whatever is there, but something"."""
    absent: bool = False
    """The tag must not exist yet."""
    differs: frozenset[Digest] = frozenset()
    """None of these."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """A manifest to publish, as it came in."""

    raw: bytes
    media_type: str
    reference: Reference
    tags: tuple[Tag, ...] = ()
    """Further tags to set, for a push by digest."""
    precondition: Precondition | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """What a push has made."""

    manifest: Manifest
    warnings: tuple[str, ...] = ()
    """What its project's policies and quotas have to tell the one who pushed."""
    moved: tuple[Tag, ...] = ()
    """Tags that were elsewhere before, in order, aliases last."""


@dataclass(frozen=True, slots=True)
class _Publication:
    """What one transaction publishes; `stored` is the row of new bytes, None for known ones."""

    name: RepositoryName
    manifest: Manifest
    pushed: Pushed
    caller: Caller
    stored: BlobRow | None
    leads: Leads


@dataclass(frozen=True, slots=True)
class _Ground:
    """Of a new manifest: the row of its bytes, that row now, and the ledgers before the charge."""

    stored: BlobRow
    current: BlobRow | None
    ledgers: list[Ledger]


@dataclass(frozen=True, slots=True)
class _Way:
    """Where and when a new manifest goes in, and what the repository has of what it names."""

    repository_id: int
    ground: _Ground
    facts: Facts
    at: float


class PushService:
    """Publishes manifests and indexes."""

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        *,
        blobs: BlobService,
        sparse: Sparse = Sparse.OFF,
        policies: PolicyService | None = None,
        quotas: QuotaService | None = None,
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._blobs = blobs
        self._sparse = sparse
        self._policies = policies or PolicyService(catalog, clock)
        self._quotas = quotas or QuotaService(catalog, clock)

    async def publish(self, name: RepositoryName, pushed: Pushed, caller: Caller) -> Published:
        """Make a manifest part of the repository and point its tags at it, all or nothing.

        The aliases that the project wants move with them. Raises `Fault`: MANIFEST_INVALID,
        DIGEST_INVALID, MANIFEST_BLOB_UNKNOWN; PRECONDITION, also for a tag that is immutable;
        TAG_INVALID for one that is not named as the project wants; DENIED over a quota.
        """
        manifest = _checked(pushed)
        if not await self._known(name, manifest, _tags(pushed)):
            # The bytes lie in the store too, so that the catalog can be rebuilt from it.
            raw = Whole(manifest.raw)
            stored = await self._blobs.put(manifest.digest, raw, len(manifest.raw))
        else:
            stored = None
        leads = await find_leads(
            self._catalog,
            self._clock,
            lambda tx: self._policies.of(tx, name.project),
            name,
            _tags(pushed),
        )
        what = _Publication(name, manifest, pushed, caller, stored, leads)
        async with self._catalog.begin(write=True) as tx:
            return await self._publish(tx, what)

    async def _known(self, name: RepositoryName, manifest: Manifest, tags: tuple[Tag, ...]) -> bool:
        """Whether the repository has it; refuses early what cannot be admitted.

        So that what is refused leaves no bytes, as a rule; the push's transaction looks again.
        """
        async with self._catalog.begin() as tx:
            repository = await tx.repositories.find(name)
            repository_id = repository.id if repository else 0
            if await tx.manifests.find(repository_id, manifest.digest):
                return True
            _raise(decide(manifest, await facts_of(tx, repository_id, manifest), self._sparse))
            policies = await self._policies.of(tx, name.project)
            await pushed_moves(tx, policies, Target(name, repository_id, manifest.digest), tags)
            return False

    async def _publish(self, tx: Tx, what: _Publication) -> Published:
        now = self._clock.now()
        name, manifest, tags = what.name, what.manifest, _tags(what.pushed)
        place, policies, ground = await tx.together(
            find_place(tx, name), self._policies.of(tx, name.project), self._ground(tx, what)
        )
        repository = await enter_place(tx, place, what.caller, now)
        target = Target(name, repository.id, manifest.digest)
        _, moves, row, facts = await tx.together(
            _check_precondition(tx, repository.id, what.pushed),
            pushed_moves(tx, policies, target, tags),
            tx.manifests.find(repository.id, manifest.digest),
            _facts(tx, repository.id, what),
        )
        moves += await alias_moves(tx, policies, target, moves, what.leads)
        warnings = told(policies, name, tags)
        if row is None:
            if ground is None:
                raise Fault(Code.UNAVAILABLE, "the manifest was deleted meanwhile: push it again")
            manifest_id, near = await self._enter(tx, what, _Way(repository.id, ground, facts, now))
            warnings += near
        else:
            manifest_id = row.id
        for move in moves:
            caller = what.caller
            line = TagMove(move.tag, move.before, manifest.digest, now, caller.actor, caller.client)
            await tx.tags.move(repository.id, manifest_id, line)
        if row is None or moves:
            said = {
                "digest": manifest.digest,
                "mediaType": manifest.media_type,
                "size": len(manifest.raw),
                "tags": [move.tag for move in moves],
                **({} if row else absent_in(facts, manifest)),
            }
            # One event for each committed change, never more (I9).
            kind = TAG_MOVED if row else MANIFEST_PUBLISHED
            await tell(tx, what.caller, Change(kind, name, now), said)
        return Published(manifest, warnings, tuple(move.tag for move in moves))

    async def _ground(self, tx: Tx, what: _Publication) -> _Ground | None:
        """Look up what a new manifest needs, wherever it goes."""
        if what.stored is None:
            return None
        return _Ground(
            what.stored,
            *await tx.together(
                tx.blobs.find(what.stored.digest),
                self._quotas.owners(tx, what.name.project, what.caller.actor),
            ),
        )

    async def _enter(self, tx: Tx, what: _Publication, way: _Way) -> tuple[int, tuple[str, ...]]:
        """Write the manifest and charge it; return its id, and what to tell of the quotas."""
        manifest, actor, ground = what.manifest, what.caller.actor, way.ground
        _raise(decide(manifest, way.facts, self._sparse))
        await self._quotas.prepare(tx, ground.ledgers, actor)
        entry = Entry(what.name, way.repository_id, manifest, way.facts, way.at, actor)
        manifest_id, after = await enter(tx, entry)
        # What is refused now takes the charge back with it (I7).
        refused = self._quotas.refusal(ground.ledgers, after)
        if refused is not None:
            self._quotas.note(what.name, what.caller, refused)
            raise refused
        # Last, as what it writes can wait for what follows, and what came before could not.
        await self._blobs.settle(tx, ground.stored, ground.current)
        await self._quotas.warn(tx, what.name, what.caller, (ground.ledgers, after))
        return manifest_id, self._quotas.warnings(after)


def _checked(pushed: Pushed) -> Manifest:
    wanted = pushed.reference if isinstance(pushed.reference, Digest) else None
    algorithm = wanted.algorithm if wanted else DEFAULT_ALGORITHM
    manifest = parse(pushed.raw, pushed.media_type, algorithm)
    if wanted is not None and manifest.digest != wanted:
        raise Fault(
            Code.DIGEST_INVALID,
            f"the manifest has digest {manifest.digest}, not {wanted}: push it by its own digest "
            "or by a tag",
            {"expected": wanted, "actual": manifest.digest},
        )
    return manifest


def _tags(pushed: Pushed) -> tuple[Tag, ...]:
    own = (pushed.reference,) if isinstance(pushed.reference, Tag) else ()
    return tuple(dict.fromkeys((*own, *pushed.tags)))


async def _facts(tx: Tx, repository_id: int, what: _Publication) -> Facts:
    """Look up what a new manifest names; of one that is known nobody asks."""
    if what.stored is None:
        return Facts({}, {})
    return await facts_of(tx, repository_id, what.manifest)


async def _check_precondition(tx: Tx, repository_id: int, pushed: Pushed) -> None:
    wish = pushed.precondition
    if wish is None or not isinstance(pushed.reference, Tag):
        return
    current = await tx.tags.find(repository_id, pushed.reference)
    if wish.absent and current is not None:
        raise _precondition_failed(
            f"tag {pushed.reference} exists already: push another tag", current
        )
    if current in wish.differs:
        raise _precondition_failed(
            f"tag {pushed.reference} is at {current} already: nothing to do", current
        )
    if wish.matches is not None and (
        current is None or (wish.matches and current not in wish.matches)
    ):
        raise _precondition_failed(
            f"tag {pushed.reference} has moved or is gone: look at it again", current
        )


def _precondition_failed(message: str, current: Digest | None) -> Fault:
    return Fault(Code.PRECONDITION, message, {"current": current})


def _raise(refusal: Fault | None) -> None:
    if refusal is not None:
        raise refusal
