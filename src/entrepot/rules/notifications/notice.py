"""An event as webhooks are told of it: neutral, and whole without the catalog."""

from collections.abc import Mapping
from typing import Any

import msgspec

from entrepot.oci.json import encode

FACT_MAX = 2048
"""Characters of a fact that is passed on; longer ones are left out."""
TAGS_MAX = 100
"""Tags that one notice names."""

_OWN = frozenset({"actor", "client", "digest", "mediaType", "size", "tags", "tag"})


class Notice(msgspec.Struct, frozen=True, omit_defaults=True):
    """One event. Times are seconds since the Unix epoch."""

    sequence: int
    """Its number among all events; 0 for a test."""
    kind: str
    at: float
    project: str = ""
    """Empty for what is about the registry."""
    repository: str = ""
    """Full name; empty for what is about a project or the registry."""
    actor: str = ""
    client: str = ""
    digest: str = ""
    media_type: str = ""
    size: int = 0
    """Bytes of the manifest, 0 where that is not known."""
    tags: tuple[str, ...] = ()
    public: bool = False
    """Whether anyone may pull from the project."""
    facts: dict[str, Any] = {}
    """What else the event says, in the words of its payload."""

    @property
    def about(self) -> str:
        """What it is about, as people write it: `library/app:1.2`, or a project."""
        if not self.repository:
            return self.project or "the registry"
        if len(self.tags) == 1:
            return f"{self.repository}:{self.tags[0]}"
        return f"{self.repository}@{self.digest}" if self.digest else self.repository


def notice_of(
    sequence: int, kind: str, repository: str, payload: Mapping[str, Any], at: float
) -> Notice:
    """Return the notice of an event of the outbox; its `repository` may be a project alone."""
    project, slash, _ = repository.partition("/")
    tags = payload.get("tags") or ([payload["tag"]] if payload.get("tag") else [])
    size = payload.get("size")
    return Notice(
        sequence=sequence,
        kind=kind,
        at=at,
        project=project,
        repository=repository if slash else "",
        actor=str(payload.get("actor", "")),
        client=str(payload.get("client", "")),
        digest=str(payload.get("digest", "")),
        media_type=str(payload.get("mediaType", "")),
        size=size if isinstance(size, int) else 0,
        tags=tuple(str(tag) for tag in tags[:TAGS_MAX]),
        facts={key: value for key, value in payload.items() if _is_told(key, value)},
    )


def _is_told(key: str, value: Any) -> bool:
    return key not in _OWN and not (isinstance(value, str | list) and len(value) > FACT_MAX)


def to_text(notice: Notice) -> str:
    """Return a notice as JSON text, as deliveries keep it."""
    return encode(notice).decode()


def from_text(text: str) -> Notice:
    """Return the notice of what `to_text` wrote."""
    return _DECODER.decode(text)


_DECODER = msgspec.json.Decoder(Notice)
