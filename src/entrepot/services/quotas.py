"""Quotas: limits of projects and users, kept in the transaction that charges (I7)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock
from entrepot.ports.ledgers import KIND_PROJECT, KIND_USER, Ledger
from entrepot.rules import quota
from entrepot.rules.quota import SIZE_MAX, WARN_SHARE, Limit, Usage
from entrepot.rules.sitesettings import Setting

from .context import Caller
from .events import QUOTA_CHANGED, QUOTA_WARNED, Change, announce, tell
from .notices import Notices
from .policies import check_project
from .sitevalues import site_value

KINDS = (KIND_PROJECT, KIND_USER)
MANIFESTS_MAX = 1 << 53
"""Largest limit in manifests: what JSON's numbers hold everywhere."""
NAME_LENGTH_MAX = 255


@dataclass(frozen=True, slots=True)
class Room:
    """What a push may still bring, while its bytes come in; exact is only the push itself.

    Bytes on their way are not charged, so that several pushes at once may each have all the room.
    """

    ledgers: tuple[Ledger, ...] = ()
    refused: Callable[[Fault], None] | None = field(default=None, compare=False)
    """Who takes note of what does not fit."""

    @property
    def left_bytes(self) -> int | None:
        """How many bytes still fit on all ledgers; None for any number."""
        rooms = [quota.room_bytes(_usage(one), _limit(one)) for one in self.ledgers]
        return min((room for room in rooms if room is not None), default=None)

    def refusal(self, size_bytes: int) -> Fault | None:
        """Return why a blob of this size may not come in, or None."""
        found = _first(
            quota.refusal(_usage(one), _limit(one), _whose(one), added_bytes=size_bytes)
            for one in self.ledgers
        )
        if found is not None and self.refused is not None:
            self.refused(found)
        return found

    def excess(self, size_bytes: int) -> Fault | None:
        """Return why not even a mount is taken, or None: only where a ledger is over already.

        Links are not charged, and what they show may have been charged before.
        """
        over = [
            one
            for one in self.ledgers
            if one.limit_bytes is not None and one.used_bytes > one.limit_bytes
        ]
        return Room(tuple(over), self.refused).refusal(size_bytes)


class QuotaService:
    """Sets limits, and says what they allow."""

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        *,
        project_bytes: int | None = None,
        warn_share: float = WARN_SHARE,
        notices: Notices | None = None,
    ) -> None:
        """`project_bytes` is the limit that new projects get; None for what the site's is."""
        self._notices = notices
        self._catalog = catalog
        self._clock = clock
        self._project_bytes = project_bytes
        self._warn_share = warn_share

    async def room(self, name: RepositoryName, caller: Caller) -> Room:
        """Return what the caller may still bring into the repository: one indexed read."""
        async with self._catalog.begin() as tx:
            found = tuple(await self.owners(tx, name.project, caller.actor))
        return Room(found, partial(self.note, name, caller))

    def note(self, name: RepositoryName, caller: Caller, fault: Fault) -> None:
        """Take note that a push was refused because of a quota."""
        if self._notices is not None:
            self._notices.exceeded(name, caller, fault)

    async def warn(
        self,
        tx: Tx,
        name: RepositoryName,
        caller: Caller,
        charge: tuple[Iterable[Ledger], Iterable[Ledger]],
    ) -> None:
        """Tell of ledgers that a push has filled so far that people are warned.

        `charge` are the ledgers before and after it; who was warned before is not told again.
        """
        before, after = charge
        known = {(one.kind, one.name): _usage(one) for one in before}
        for one in after:
            was = known.get((one.kind, one.name), Usage())
            text = quota.warning(_usage(one), _limit(one), _whose(one), self._warn_share)
            if text is None or quota.warning(was, _limit(one), _whose(one), self._warn_share):
                continue
            facts = {
                "text": text,
                "kind": one.kind,
                "name": one.name,
                "usedBytes": one.used_bytes,
                "limitBytes": one.limit_bytes,
            }
            await announce(tx, caller, Change(QUOTA_WARNED, name, self._clock.now()), facts)

    async def prepare(self, tx: Tx, ledgers: Iterable[Ledger], actor: str) -> None:
        """Give a project that is new, as `owners` tells, its limit."""
        for ledger in ledgers:
            if ledger.id == 0:
                made = await tx.ledgers.ensure(ledger.kind, ledger.name)
                await tx.ledgers.set_limits(made.id, ledger.limit_bytes, None)
                await self._tell(tx, made, Limit(ledger.limit_bytes), Caller(actor))

    def refusal(self, before: Iterable[Ledger], after: Iterable[Ledger]) -> Fault | None:
        """Return why a charge has to be undone, or None, from the ledgers before and after it."""
        known = {(one.kind, one.name): one for one in before}
        faults = []
        for one in after:
            was = known.get((one.kind, one.name)) or replace(one, used_bytes=0, manifests=0)
            added = one.used_bytes - was.used_bytes
            count = one.manifests - was.manifests
            faults.append(
                quota.refusal(
                    _usage(was), _limit(one), _whose(one), added_bytes=added, added_manifests=count
                )
            )
        return _first(faults)

    def admit(self, ledgers: Sequence[Ledger]) -> Fault | None:
        """Return why a restore has to be undone, or None, from the ledgers after it.

        What it added is not known then; it is told by how much it is too much.
        """
        full = []
        for one in ledgers:
            most_bytes = _least(one.used_bytes, one.limit_bytes)
            most_manifests = _least(one.manifests, one.limit_manifests)
            full.append(replace(one, used_bytes=most_bytes, manifests=most_manifests))
        return self.refusal(full, ledgers)

    def warnings(self, ledgers: Iterable[Ledger]) -> tuple[str, ...]:
        """Return a sentence for each ledger that is nearly full."""
        told = (
            quota.warning(_usage(one), _limit(one), _whose(one), self._warn_share)
            for one in ledgers
        )
        return tuple(text for text in told if text is not None)

    async def set_limits(self, kind: str, name: str, limit: Limit, caller: Caller) -> Ledger:
        """Set what a project or user may hold; the ledger is made if it is new.

        A limit below what is held already takes nothing away: it only stops what would add to it.
        """
        _check_owner(kind, name)
        _check_most(limit.max_bytes, SIZE_MAX, "bytes")
        _check_most(limit.max_manifests, MANIFESTS_MAX, "manifests")
        async with self._catalog.begin(write=True) as tx:
            ledger = await tx.ledgers.ensure(kind, name)
            if _limit(ledger) == limit:
                return ledger
            await tx.ledgers.set_limits(ledger.id, limit.max_bytes, limit.max_manifests)
            await self._tell(tx, ledger, limit, caller)
        return replace(ledger, limit_bytes=limit.max_bytes, limit_manifests=limit.max_manifests)

    async def _tell(self, tx: Tx, ledger: Ledger, limit: Limit, caller: Caller) -> None:
        facts = {
            "kind": ledger.kind,
            "name": ledger.name,
            "limitBytes": limit.max_bytes,
            "limitManifests": limit.max_manifests,
        }
        project = RepositoryName(ledger.name if ledger.kind == KIND_PROJECT else "")
        resource = f"{ledger.kind}:{ledger.name}"
        change = Change(QUOTA_CHANGED, project, self._clock.now(), resource)
        await tell(tx, caller, change, facts)

    async def find(self, kind: str, name: str) -> Ledger:
        """Return a ledger; one that nothing was charged on yet holds nothing, and has id 0."""
        _check_owner(kind, name)
        async with self._catalog.begin() as tx:
            found = await tx.ledgers.find(kind, name)
            default = await self._of_new(tx) if kind == KIND_PROJECT else None
        return found or Ledger(0, kind, name, 0, 0, default, None)

    async def many(self, kind: str, names: Sequence[str]) -> dict[str, Ledger]:
        """Return several as `find` does, by name."""
        for name in names:
            _check_owner(kind, name)
        async with self._catalog.begin() as tx:
            found = {one.name: one for one in await tx.ledgers.named(kind, names)}
            is_new = kind == KIND_PROJECT and len(found) < len(set(names))
            default = await self._of_new(tx) if is_new else None
        return {
            name: found.get(name) or Ledger(0, kind, name, 0, 0, default, None) for name in names
        }

    async def usual_bytes(self) -> int | None:
        """Return what a project may hold that has no ledger yet; None for as much as it likes."""
        async with self._catalog.begin() as tx:
            return await self._of_new(tx)

    async def page(self, kind: str, after: str, limit: int) -> list[Ledger]:
        """Return ledgers of a kind by name, those after `after`."""
        _check_kind(kind)
        async with self._catalog.begin() as tx:
            return await tx.ledgers.page(kind, after, limit)

    async def owners(self, tx: Tx, project: str, actor: str) -> list[Ledger]:
        """Return the ledgers that a push is about to be charged on, those of them that there are.

        A new project's has id 0, and is there if it is limited.
        """
        found = await tx.ledgers.owners(project, actor)
        if any(one.kind == KIND_PROJECT for one in found):
            return found
        limit_bytes = await self._of_new(tx)
        if limit_bytes is None:
            return found
        return [*found, Ledger(0, KIND_PROJECT, project, 0, 0, limit_bytes, None)]

    async def _of_new(self, tx: Tx) -> int | None:
        """Return the limit that a new project gets."""
        if self._project_bytes is not None:
            return self._project_bytes
        limit_bytes: int | None = await site_value(tx, Setting.PROJECT_BYTES)
        return limit_bytes


def _usage(ledger: Ledger) -> Usage:
    return Usage(ledger.used_bytes, ledger.manifests)


def _limit(ledger: Ledger) -> Limit:
    return Limit(ledger.limit_bytes, ledger.limit_manifests)


def _whose(ledger: Ledger) -> str:
    return f"{ledger.kind} {ledger.name}"


def _least(used: int, most: int | None) -> int:
    return used if most is None else min(used, most)


def _first(faults: Iterable[Fault | None]) -> Fault | None:
    return next((fault for fault in faults if fault is not None), None)


def _check_owner(kind: str, name: str) -> None:
    _check_kind(kind)
    if kind == KIND_PROJECT:
        check_project(name)
    elif not 0 < len(name) <= NAME_LENGTH_MAX:
        raise Fault(
            Code.NAME_INVALID,
            f"'{name[:40]}' is not a user: a name has up to {NAME_LENGTH_MAX} characters",
            {"kind": kind},
        )


def _check_kind(kind: str, kinds: Sequence[str] = KINDS) -> None:
    if kind not in kinds:
        raise Fault(
            Code.NOT_FOUND,
            f"there are no quotas of kind '{kind[:40]}': the kinds are {', '.join(kinds)}",
            {"kind": kind[:40]},
        )


def _check_most(given: int | None, most: int, what: str) -> None:
    if given is not None and not 0 <= given <= most:
        raise Fault(
            Code.REQUEST_INVALID,
            f"a limit of {given} {what} cannot be kept: use 0 to {most}, or none",
            {what: given},
        )
