"""What a client was told, and so knows, of its own tags."""

from dataclasses import dataclass, field
from enum import Enum

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag


class Unknown(Enum):
    """A moment within an operation, or one whose answer never came."""

    UNKNOWN = "unknown"


UNKNOWN = Unknown.UNKNOWN


@dataclass
class Memory:
    """What one client was told; it outlives the server's crashes."""

    number: int
    tags: dict[Tag, Digest | None] = field(default_factory=dict)
    unsure: dict[Tag, set[Digest | None]] = field(default_factory=dict)
    """Tags with an operation under way, with what they may be now."""
    told: dict[tuple[RepositoryName, Digest], float] = field(default_factory=dict)
    began: dict[Tag, float] = field(default_factory=dict)
    moves: dict[Tag, list[tuple[float, float, Digest | None]]] = field(default_factory=dict)
    """Operations that are over: when they began and ended, and where the tag was then."""

    @property
    def own(self) -> RepositoryName:
        return RepositoryName(f"client{self.number}/app")

    def begin(self, tag: Tag, after: Digest | None, now: float) -> None:
        """Take note of an operation that may move the tag."""
        self.unsure[tag] = {self.tags.get(tag), after}
        self.began.setdefault(tag, now)

    def end(self, tag: Tag, digest: Digest | None, now: float) -> None:
        """Take note of where the tag is for sure."""
        self.unsure.pop(tag, None)
        self.tags[tag] = digest
        self.moves.setdefault(tag, []).append((self.began.pop(tag, now), now, digest))

    def known_at(self, tag: Tag, moment: float) -> Digest | Unknown | None:
        """Return where the tag was, if that is certain."""
        if tag in self.unsure and self.began.get(tag, moment) <= moment:
            return UNKNOWN
        found: Digest | None = None
        for begun, ended, digest in self.moves.get(tag, ()):
            if begun <= moment <= ended:
                return UNKNOWN
            if ended < moment:
                found = digest
        return found
