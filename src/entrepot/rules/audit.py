"""What may stand in a line of the audit log, and how it is written.

Much of a line was chosen by whoever asked: the name they claim, their program, what they ask for.
None of it may end a line, turn the text around it or fill the log (CWE-117; Unicode TR36 2.1).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from entrepot.oci.json import encode

NAME_MAX = 255
"""Characters of an actor, an operation or a project."""
TEXT_MAX = 512
"""Characters of a client or a resource."""
DETAIL_MAX_BYTES = 4096
VALUE_MAX = 200
"""Characters, or entries of a list, that a detail keeps of a value where it is cut."""
_CUT = "…"


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One act. `id` is 0 until it is written; ids grow with time."""

    id: int
    at: float
    actor: str
    """Who, as `Identity.name` says; empty for an anonymous caller."""
    address: str
    client: str
    operation: str
    """What, as `manifest.published` or `repository.push`."""
    project: str
    """Empty for what is about the registry."""
    resource: str
    result: str
    """`done`, `denied` or `failed`."""
    detail: str
    """JSON text, never with a secret in it."""


DONE = "done"
DENIED = "denied"
FAILED = "failed"


def clean(text: str, most: int = TEXT_MAX) -> str:
    """Return a text of printable characters, cut to `most`.

    What is not printable is written as Python escapes it: controls, line ends of any kind, bidi
    overrides, invisible and unassigned characters, lone surrogates.
    """
    if len(text) > most:
        text = text[: most - 1] + _CUT
    if text.isprintable():
        return text
    text = "".join(one if one.isprintable() else escaped(one) for one in text)
    # Never cut within an escape's four to ten characters, so that none is read as another one.
    return text if len(text) <= most else _shortened(text, most)


def escaped(character: str) -> str:
    """Return an escape of ASCII, as Python writes it: x1b or u202e after a backslash."""
    return character.encode("unicode_escape").decode("ascii")


def details(facts: Mapping[str, Any]) -> str:
    """Return facts as JSON text of printable characters, bounded; too long values are cut."""
    text = _text(facts)
    if len(text) > DETAIL_MAX_BYTES // 4 and len(text.encode()) > DETAIL_MAX_BYTES:
        text = _text({key: _short(value) for key, value in facts.items()} | {"cut": True})
    if len(text) > DETAIL_MAX_BYTES // 4 and len(text.encode()) > DETAIL_MAX_BYTES:
        text = _text({"cut": True, "fields": [clean(key, 40) for key in list(facts)[:40]]})
    return text


def resource_of(repository: str, facts: Mapping[str, Any]) -> str:
    """Return what a change was about, in words that clients use: a tag, else a digest.

    `repository` is its wire name, empty for what is about a project or the registry.
    """
    if not repository:
        return ""
    tags = facts.get("tags")
    tag = facts.get("tag") or (tags[0] if tags and len(tags) == 1 else None)
    if tag:
        return f"{repository}:{tag}"
    digest = facts.get("digest")
    return f"{repository}@{digest}" if digest else repository


def _text(facts: Mapping[str, Any]) -> str:
    text = encode(facts).decode()
    if text.isprintable():
        return text
    # In JSON nothing but strings has such characters, and there each can be escaped.
    return "".join(one if one.isprintable() else _json_escape(one) for one in text)


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def _short(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= VALUE_MAX else f"{value[:VALUE_MAX]}{_CUT}"
    if isinstance(value, list | tuple):
        return [_short(one) for one in value[: VALUE_MAX // 20]]
    return value if isinstance(value, bool | int | float | None) else clean(str(value), VALUE_MAX)


def _shortened(text: str, most: int) -> str:
    cut = text[: most - 1]
    tail = cut.rfind("\\", max(0, len(cut) - 9))
    return (cut if tail < 0 else cut[:tail]) + _CUT
