"""Leases: when a blob's bytes may be relied on, and when not any more.

A row is (digest, generation, state, keep_until). A collector may condemn a row that neither an edge
nor the trash holds once `keep_until` has passed (I11); it then deletes the bytes of just that
generation and forgets the row. A condemned row never comes back to life: a new push takes a new
generation, from a sequence that never repeats, so that a delete that comes late hits nothing.

A repository shows a blob as long as one of its own manifests holds it or its lease lasts.
"""

from dataclasses import dataclass
from enum import StrEnum

from entrepot.oci.digest import Digest


class BlobState(StrEnum):
    """A blob's life: intent, then presence, then doom."""

    ARRIVING = "arriving"
    LIVE = "live"
    CONDEMNED = "condemned"


@dataclass(frozen=True, slots=True)
class BlobRow:
    """One digest's row. It is not condemned before `keep_until` nor while it is held."""

    digest: Digest
    generation: int
    state: BlobState
    size: int
    keep_until: float


@dataclass(frozen=True, slots=True)
class Grace:
    """How long a client may rely on what it was told, in seconds.

    The promise runs from when the client hears it: `slack_seconds` cover the time from decision to
    answer. A lease is written somewhat longer still, so that clients that ask again and again cause
    one write in a while and not one each.
    """

    seconds: float = 2 * 3600.0
    slack_seconds: float = 60.0

    @property
    def lease_seconds(self) -> float:
        return self.seconds * 1.25 + self.slack_seconds

    def until(self, now: float) -> float:
        """Return when a lease taken now ends."""
        return now + self.lease_seconds

    def is_short(self, row: BlobRow, now: float) -> bool:
        """Whether the row's lease no longer covers what a client told 'it exists' is promised."""
        return row.keep_until < now + self.seconds + self.slack_seconds


def has_bytes(row: BlobRow | None) -> bool:
    """Whether the digest's bytes are there to be used."""
    return row is not None and row.state is BlobState.LIVE


def needs_generation(row: BlobRow | None) -> bool:
    """Whether a push of the digest must take a new generation."""
    return row is None or row.state is BlobState.CONDEMNED


def may_go_live(row: BlobRow | None, generation: int) -> bool:
    """Whether bytes just written under `generation` still belong to the row.

    False once a collector doomed them, which takes an upload that lasts longer than its lease
    between intent and commit. The client has to send them again.
    """
    return row is not None and row.generation == generation and row.state is not BlobState.CONDEMNED


def may_condemn(row: BlobRow, *, referenced: bool, now: float) -> bool:
    """Whether a collector may doom the row; `referenced` by an edge or by the trash."""
    return row.state is not BlobState.CONDEMNED and not referenced and row.keep_until < now


def may_unlink(row: BlobRow, *, held_here: bool, now: float) -> bool:
    """Whether a repository that has no manifest with the blob may cease to show it."""
    return not held_here and row.keep_until < now
