"""Replication policies: kept and checked, and not carried out yet."""

from dataclasses import dataclass, replace
from typing import NoReturn

import msgspec

from entrepot.oci.errors import Code, Fault
from entrepot.oci.json import encode
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock
from entrepot.ports.remotes import ReplicationRow
from entrepot.rules.documents import refused
from entrepot.rules.remotes import NAME_MAX
from entrepot.rules.replication import WHAT, Replication, parse

from .auditing import Act, record
from .context import Caller

POLICIES_MAX = 1000
DOCUMENT_MAX_BYTES = 32 * 1024


@dataclass(frozen=True, slots=True)
class Wanted:
    """A policy as somebody wants it; `document` is a decoded JSON value."""

    name: str
    remote_id: int
    document: object
    enabled: bool = True


class ReplicationService:
    """Keeps replication policies. The caller has checked rights."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock

    async def create(self, wanted: Wanted, caller: Caller) -> ReplicationRow:
        """Keep a policy; `Fault`: REQUEST_INVALID, NOT_FOUND for the remote, CONFLICT, DENIED."""
        text = _checked(wanted)
        now = self._clock.now()
        row = ReplicationRow(
            0, wanted.name, wanted.remote_id, wanted.enabled, text, now, now, caller.actor
        )
        async with self._catalog.begin(write=True) as tx:
            if len(await tx.replication_policies.page(0, POLICIES_MAX)) >= POLICIES_MAX:
                raise Fault(Code.DENIED, f"there are {POLICIES_MAX} policies already: remove one")
            await _check_remote(tx, wanted.remote_id)
            policy_id = await tx.replication_policies.add(row)
            if policy_id is None:
                raise _taken(wanted.name)
            row = replace(row, id=policy_id)
            await record(tx, caller, now, _act("replication.created", row))
        return row

    async def change(self, policy_id: int, wanted: Wanted, caller: Caller) -> ReplicationRow:
        """Write a policy anew; `Fault` as `create`, and NOT_FOUND for the policy."""
        text = _checked(wanted)
        async with self._catalog.begin(write=True) as tx:
            before = await _found(tx, policy_id)
            await _check_remote(tx, wanted.remote_id)
            named = await tx.replication_policies.by_name(wanted.name)
            if named is not None and named.id != policy_id:
                raise _taken(wanted.name)
            after = replace(
                before,
                name=wanted.name,
                remote_id=wanted.remote_id,
                enabled=wanted.enabled,
                document=text,
            )
            if after == before:
                return before
            after = replace(after, changed_at=self._clock.now(), changed_by=caller.actor)
            await tx.replication_policies.change(after)
            await record(tx, caller, after.changed_at, _act("replication.changed", after))
        return after

    async def remove(self, policy_id: int, caller: Caller) -> None:
        """Remove a policy; `Fault(NOT_FOUND)`."""
        async with self._catalog.begin(write=True) as tx:
            row = await _found(tx, policy_id)
            await tx.replication_policies.remove(policy_id)
            await record(tx, caller, self._clock.now(), _act("replication.removed", row))

    async def find(self, policy_id: int) -> ReplicationRow:
        """Return a policy, or raise `Fault(NOT_FOUND)`."""
        async with self._catalog.begin() as tx:
            return await _found(tx, policy_id)

    async def by_name(self, name: str) -> ReplicationRow | None:
        """Return the policy of that name, or None."""
        async with self._catalog.begin() as tx:
            return await tx.replication_policies.by_name(name)

    async def page(self, after: int, limit: int) -> list[ReplicationRow]:
        """Return policies by id, those above `after`; at most `POLICIES_MAX` in all."""
        async with self._catalog.begin() as tx:
            return await tx.replication_policies.page(after, limit)

    async def run(self, policy_id: int) -> NoReturn:
        """Raise `Fault(UNSUPPORTED)`, or NOT_FOUND: nothing is copied by this version."""
        row = await self.find(policy_id)
        raise Fault(
            Code.UNSUPPORTED,
            f"this version keeps replication policies and does not copy yet: {row.name} was not "
            "run",
            {"policy": policy_id},
        )


def meaning(row: ReplicationRow) -> Replication:
    """Return what a policy's document says; `Fault(REQUEST_INVALID)` for another version's."""
    return parse(msgspec.json.decode(row.document))


def _checked(wanted: Wanted) -> str:
    """Return the document's text, or raise `Fault(REQUEST_INVALID)`."""
    name = wanted.name
    if not 0 < len(name) <= NAME_MAX or not name.isprintable() or name != name.strip():
        raise refused(WHAT, f"its name has up to {NAME_MAX} characters that can be seen")
    text = encode(wanted.document)
    if len(text) > DOCUMENT_MAX_BYTES:
        raise refused(WHAT, f"it may have {DOCUMENT_MAX_BYTES} bytes: make it shorter")
    parse(wanted.document)
    return text.decode()


async def _check_remote(tx: Tx, remote_id: int) -> None:
    if await tx.remotes.find(remote_id) is None:
        raise Fault(
            Code.NOT_FOUND,
            f"there is no registry {remote_id} to copy from or to: list them, or make it first",
            {"remote": remote_id},
        )


async def _found(tx: Tx, policy_id: int) -> ReplicationRow:
    row = await tx.replication_policies.find(policy_id)
    if row is None:
        raise Fault(
            Code.NOT_FOUND,
            f"there is no replication policy {policy_id}: list them, which shows their ids",
            {"policy": policy_id},
        )
    return row


def _taken(name: str) -> Fault:
    return Fault(Code.CONFLICT, f"there is a policy {name[:64]!a} already: use another name")


def _act(operation: str, row: ReplicationRow) -> Act:
    detail = {"id": row.id, "remote": row.remote_id, "enabled": row.enabled}
    return Act(operation, row.name, "", detail)
