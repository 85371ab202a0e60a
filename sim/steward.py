"""A client that also restores, looks back, rolls back and lets jobs clean up."""

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code, Fault
from entrepot.oci.json import encode
from entrepot.oci.mediatype import OCI_MANIFEST
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.jobs import NewJob
from entrepot.ports.trash import KIND_MANIFEST, TrashEntry
from entrepot.services.bulk import REPOSITORY_DELETE, TRASH_PURGE, TRASH_RESTORE
from entrepot.services.retention import KIND as RETENTION
from entrepot.services.rolling import Scope
from entrepot.services.scrub import KIND as SCRUB

from .clients import TAGS, Action, Client, tags_of
from .lifecycle import SHARED, SHARED_PROJECT
from .memory import UNKNOWN
from .world import FAILED, Violation

ENTRIES_MAX = 50


class Steward(Client):
    """A client of everything."""

    def actions(self) -> dict[Action, int]:
        more: dict[Action, int] = {
            self.undelete: 3,
            self.look_back: 2,
            self.roll_back: 2,
            self.ask_for_a_job: 2,
        }
        return {**super().actions(), **more}

    # The trash ---------------------------------------------------------------------------------

    async def undelete(self, name: RepositoryName) -> None:
        """Restore something that was deleted, and pull it."""
        life = self._process.lifecycle
        entries = await life.trash.page(name=name, limit=ENTRIES_MAX)
        if not entries:
            return
        entry = self._world.random.choice(entries)
        for tag in TAGS:
            self._begin(name, tag, entry.digest)
        try:
            report = await life.trash.restore([entry.id], self._caller)
        except Fault as fault:
            for tag in TAGS:
                self._end(name, tag, self._memory.tags.get(tag))
            self._check_refusal(name, entry, fault)
            return
        except FAILED:
            await self._settle(name)
            raise
        purged = self._world.clock.now() >= entry.purge_at
        found = await tags_of(self._world, self._memory)
        for tag in TAGS:
            before = self._memory.tags.get(tag)
            is_told = f"{name.wire}:{tag}" in report.tags
            is_free = name == self._memory.own and before is None and not purged
            if is_free and tag in entry.tags and not is_told:
                raise Violation(f"U1: {tag} of {entry.digest} was free, and was not given back")
            # A child that came along brought its own tags.
            back = entry.digest if tag in entry.tags else found[tag]
            if name == self._memory.own and before is not None and is_told and back != before:
                raise Violation(f"U1: {tag} was at {before}, and a restore moved it to {back}")
            self._end(name, tag, back if is_told else before)
        if name == self._memory.own and entry.kind == KIND_MANIFEST and not purged:
            await self._check_whole(name, entry)

    def _check_refusal(self, name: RepositoryName, entry: TrashEntry, fault: Fault) -> None:
        """What is in the trash, and nobody else's, comes back until it is purged."""
        if fault.code is Code.NOT_FOUND and self._world.clock.now() >= entry.purge_at:
            return
        if fault.code is Code.UNAVAILABLE and self._world.rotten:
            return
        alone = name == self._memory.own and entry.media_type == OCI_MANIFEST
        if alone and entry.kind == KIND_MANIFEST:
            raise Violation(f"U1: {entry.digest} does not come back: {fault.message}") from fault

    async def _check_whole(self, name: RepositoryName, entry: TrashEntry) -> None:
        row, raw = await self._process.pull.manifest(name, entry.digest)
        if Digest.of(raw) != entry.digest or row.media_type != entry.media_type:
            raise Violation(f"U1: {entry.digest} came back as something else")
        await self._check_layers(name, raw, row.media_type)

    # Time --------------------------------------------------------------------------------------

    async def look_back(self, _name: RepositoryName) -> None:
        """Ask where a tag of one's own was, at a moment when one knows it."""
        tag, moment = self._moment()
        known = self._memory.known_at(tag, moment)
        if known is UNKNOWN:
            return
        try:
            then = await self._process.lifecycle.history.at(self._memory.own, tag, moment)
            found: Digest | None = then.digest
        except Fault:
            found = None
        if found != known:
            raise Violation(f"T1: {tag} is said to have been at {found}, it was at {known}")

    async def roll_back(self, name: RepositoryName) -> None:
        """Take a tag of one's own back, or let a job take all that is shared back."""
        tag, moment = self._moment()
        if name == SHARED:
            if self._world.random.random() < 0.3:
                await self._roll_back_shared(moment)
            return
        known = self._memory.known_at(tag, moment)
        rollback = self._process.lifecycle.rollback
        if known is UNKNOWN:
            return
        try:
            asked = await rollback.ask(Scope(name.project, name, tag), moment)
        except Fault:
            return  # it never was
        before = self._memory.tags.get(tag)
        self._begin(name, tag, known)
        try:
            step = await rollback.apply(asked, self._caller)
        except FAILED:
            await self._settle(name)
            raise
        if step is None and before != known:
            raise Violation(f"T2: {tag} was at {known} and is at {before}: nothing was done")
        is_done = step is not None and step.possible
        if is_done and step is not None and step.after != known:
            raise Violation(f"T2: {tag} was taken back to {step.after}, it was at {known}")
        self._end(name, tag, known if is_done else before)

    async def _roll_back_shared(self, moment: float) -> None:
        rollback = self._process.lifecycle.rollback
        try:
            asked = await rollback.ask(Scope(SHARED_PROJECT, SHARED), moment)
        except Fault:
            return  # nobody has pushed there yet
        await rollback.enqueue(asked, self._caller)

    def _moment(self) -> tuple[Tag, float]:
        random = self._world.random
        return random.choice(TAGS), self._world.clock.now() - random.expovariate(1 / 20)

    # Jobs --------------------------------------------------------------------------------------

    async def ask_for_a_job(self, _name: RepositoryName) -> None:
        """Let a job do something about what is shared, or about everything."""
        kinds = [TRASH_PURGE, SCRUB, TRASH_RESTORE, REPOSITORY_DELETE]
        weights = [3, 2, 1, 1]
        if self._world.has_policies:
            kinds, weights = [*kinds, RETENTION], [*weights, 4]
        kind = self._world.random.choices(kinds, weights)[0]
        args: dict[str, str] = {}
        if kind == TRASH_RESTORE:
            batches = await self._batches()
            if not batches:
                return
            args = {"batch": self._world.random.choice(batches)}
        elif kind == REPOSITORY_DELETE:
            args = {"repository": SHARED}
        elif kind == RETENTION:
            args = {"project": SHARED_PROJECT}
        job = NewJob(kind, encode(args).decode(), mutex=kind, dedup=kind, actor="steward")
        await self._process.lifecycle.jobs.enqueue(job)

    async def _batches(self) -> list[str]:
        """Return batches of what is shared; in the others a job would restore others' tags."""
        entries = await self._process.lifecycle.trash.page(name=SHARED, limit=ENTRIES_MAX)
        return sorted({entry.batch for entry in entries if entry.batch})
