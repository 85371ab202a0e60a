"""What the registry must hold, in dicts."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from entrepot.oci.digest import Digest

IDLE_SECONDS = 1000.0
GRACE_SECONDS = 100.0


@dataclass(frozen=True, slots=True)
class Entry:
    """A manifest."""

    raw: bytes
    media_type: str

    @property
    def digest(self) -> Digest:
        return Digest.of(self.raw)

    @property
    def blobs(self) -> list[Digest]:
        return self._digests("config", "layers")

    @property
    def children(self) -> list[Digest]:
        return self._digests("manifests")

    @property
    def subject(self) -> Digest | None:
        return next(iter(self._digests("subject")), None)

    @property
    def artifact_type(self) -> str | None:
        config = self._fields.get("config", {})
        found: str | None = self._fields.get("artifactType") or config.get("mediaType")
        return found

    @property
    def held(self) -> set[Digest]:
        """All that it keeps alive."""
        return {self.digest, *self.blobs, *self.children}

    @property
    def _fields(self) -> dict[str, Any]:
        return msgspec.json.decode(self.raw, type=dict[str, Any])

    def _digests(self, *names: str) -> list[Digest]:
        """Return the digests in these fields: descriptors, or lists of them."""
        found = [self._fields.get(name, []) for name in names]
        listed = [each if isinstance(each, list) else [each] for each in found]
        return [Digest(descriptor["digest"]) for each in listed for descriptor in each]


@dataclass(slots=True)
class Session:
    """An upload: what has arrived of `content`."""

    name: str
    content: bytes
    size: int
    expires_at: float


@dataclass(frozen=True, slots=True)
class Trashed:
    """An entry of the trash: a manifest with the tags it had, or one tag alone."""

    kind: str
    name: str
    entry: Entry
    tags: tuple[str, ...]


@dataclass(slots=True)
class Shelf:
    """A repository."""

    blobs: dict[Digest, bytes] = field(default_factory=dict)
    manifests: dict[Digest, Entry] = field(default_factory=dict)
    """In the order of their first push."""
    tags: dict[str, Digest] = field(default_factory=dict)
    known: bool = False

    def content(self, digest: Digest) -> bytes | None:
        """Return what is served under `blobs`."""
        entry = self.manifests.get(digest)
        return self.blobs.get(digest, entry.raw if entry else None)

    def manifest(self, digest: Digest) -> bytes | None:
        """Return what is served under `manifests` for the digest of a manifest."""
        entry = self.manifests.get(digest)
        return entry.raw if entry else self.blobs.get(digest)

    def lacks(self, entry: Entry) -> bool:
        """Whether something that the manifest needs is not here."""
        return any(self.content(digest) is None for digest in entry.blobs) or any(
            digest not in self.manifests for digest in entry.children
        )

    def referenced(self) -> set[Digest]:
        """Return what the manifests keep alive."""
        return {digest for entry in self.manifests.values() for digest in entry.held}

    def referrers(self, subject: Digest, artifact_type: str | None = None) -> list[Entry]:
        return [
            entry
            for entry in self.manifests.values()
            if entry.subject == subject and artifact_type in (None, entry.artifact_type)
        ]


class Model:
    """All of it. Methods return the status that the registry must answer with."""

    def __init__(self, names: Iterable[str]) -> None:
        self.shelves = {name: Shelf() for name in names}
        self.sessions: dict[str, Session] = {}
        self.told: dict[tuple[str, Digest], float] = {}
        """When a client was last told that a repository has a blob."""
        self.trash: list[Trashed] = []
        """Oldest first."""
        self.bytes: dict[Digest, bytes] = {}
        """All that ever was a blob."""
        self.events = 0
        """How many changes there were (I9)."""

    @property
    def blobs(self) -> list[tuple[str, Digest]]:
        return [(name, digest) for name, shelf in self.shelves.items() for digest in shelf.blobs]

    @property
    def manifests(self) -> list[tuple[str, Digest]]:
        return [
            (name, digest) for name, shelf in self.shelves.items() for digest in shelf.manifests
        ]

    @property
    def tags(self) -> list[tuple[str, str]]:
        return [(name, tag) for name, shelf in self.shelves.items() for tag in shelf.tags]

    def arrive(self, name: str, data: bytes, now: float) -> None:
        """Take a blob in."""
        shelf = self.shelves[name]
        shelf.blobs[Digest.of(data)] = self.bytes[Digest.of(data)] = data
        shelf.known = True
        self.told[name, Digest.of(data)] = now

    def find(self, digest: Digest, sources: Iterable[str]) -> bytes | None:
        """Return a blob that can be mounted."""
        found = (self.shelves[name].blobs.get(digest) for name in sources)
        return next((data for data in found if data is not None), None)

    def put(self, name: str, tag: str | None, entry: Entry) -> int:
        shelf, digest = self.shelves[name], entry.digest
        is_new = digest not in shelf.manifests
        if is_new:
            if shelf.lacks(entry):
                return 400
            # A manifest that is a layer is a blob from then on.
            for layer in entry.blobs:
                shelf.blobs[layer] = self.bytes[layer] = shelf.content(layer) or b""
            shelf.manifests[digest] = entry
        shelf.known = True
        moves = tag is not None and shelf.tags.get(tag) != digest
        if tag is not None:
            shelf.tags[tag] = digest
        self.events += is_new or moves
        return 201

    def delete_tag(self, name: str, tag: str) -> int:
        shelf = self.shelves[name]
        at = shelf.tags.pop(tag, None)
        if at is None:
            return 404
        self.trash.append(Trashed("tag", name, shelf.manifests[at], (tag,)))
        self.events += 1
        return 202

    def delete_manifest(self, name: str, digest: Digest, now: float) -> int:
        shelf = self.shelves[name]
        if digest not in shelf.manifests:
            return 404
        if any(digest in entry.children for entry in shelf.manifests.values()):
            return 405
        gone = shelf.manifests.pop(digest)
        if not any(digest in entry.blobs for entry in shelf.manifests.values()):
            shelf.blobs.pop(digest, None)
        tags = tuple(sorted(tag for tag, at in shelf.tags.items() if at == digest))
        self.trash.append(Trashed("manifest", name, gone, tags))
        for tag in tags:
            del shelf.tags[tag]
        for target in gone.held - shelf.referenced():
            self.told[name, target] = now
        self.events += 1
        return 202

    def delete_blob(self, name: str, digest: Digest) -> int:
        shelf = self.shelves[name]
        if digest not in shelf.blobs:
            return 404
        if any(digest in entry.blobs for entry in shelf.manifests.values()):
            return 405
        del shelf.blobs[digest]
        self.events += 1
        return 202

    def undelete(self, trashed: Trashed) -> None:
        """Give an entry of the trash back, with what its manifest needs."""
        shelf, digest = self.shelves[trashed.name], trashed.entry.digest
        if trashed.kind == "manifest":
            self._bring(trashed, trashed.tags)
            return
        (tag,) = trashed.tags
        if tag not in shelf.tags and digest not in shelf.manifests:
            source = self._newest(trashed.name, digest)
            self._bring(source, (*source.tags, tag))
        if shelf.tags.setdefault(tag, digest) == digest:
            # If the name was taken meanwhile, it stays in the trash.
            self.trash.remove(trashed)
            self.events += 1

    def _bring(self, trashed: Trashed, tags: Iterable[str], root: Iterable[str] = ()) -> None:
        """Give back a manifest, after the children that it lacks; those take no tag of its own."""
        shelf, entry, root = self.shelves[trashed.name], trashed.entry, [*root, *tags]
        if entry.digest not in shelf.manifests:
            for child in entry.children:
                if child not in shelf.manifests:
                    found = self._newest(trashed.name, child)
                    self._bring(found, [tag for tag in found.tags if tag not in root], root)
            for layer in entry.blobs:
                shelf.blobs[layer] = self.bytes[layer]
            shelf.manifests[entry.digest] = entry
        for tag in tags:
            shelf.tags.setdefault(tag, entry.digest)
        self.trash.remove(trashed)
        self.events += 1

    def _newest(self, name: str, digest: Digest) -> Trashed:
        return next(
            each
            for each in reversed(self.trash)
            if (each.kind, each.name, each.entry.digest) == ("manifest", name, digest)
        )

    def expire(self, now: float) -> None:
        kept = {at: session for at, session in self.sessions.items() if session.expires_at >= now}
        self.sessions = kept

    def referenced(self) -> set[Digest]:
        """Return what the manifests of all repositories keep alive."""
        return {digest for shelf in self.shelves.values() for digest in shelf.referenced()}

    def promised(self, name: str, now: float) -> set[Digest]:
        """Return what no collector may take out of a repository (I11)."""
        since = now - GRACE_SECONDS
        told = {at[1] for at, when in self.told.items() if at[0] == name and when >= since}
        return told | self.shelves[name].referenced()
