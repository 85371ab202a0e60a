"""Keys of a manifest that JSON readers would understand differently.

Go's decoder takes `Config` for `config`, and of keys that are there twice the last one, merged
into what the first one said; ours knows only the exact name. What is pushed must mean the same to
all, or one program would check what another does not run (as in CVE-2021-41190).
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from .errors import Code, Fault

SHOWN_MAX = 80
"""Characters of a key that an error repeats."""


COLONS_MAX = 200_000
"""Most colons in a manifest, and so most keys: looking at that many takes a quarter of a second."""


def fold(key: str) -> str:
    """Return `key` as Go compares it: in small letters, two signs that stand for k and s too."""
    return key.replace("\u212a", "k").replace("\u017f", "s").lower()


def _folded(*names: str) -> Mapping[str, str]:
    return {fold(name): name for name in names}


_DOCUMENT = _folded(
    "schemaVersion",
    "mediaType",
    "artifactType",
    "config",
    "layers",
    "manifests",
    "subject",
    "annotations",
)
_DESCRIPTOR = _folded(
    "mediaType", "digest", "size", "urls", "annotations", "data", "platform", "artifactType"
)
_PLATFORM = _folded("architecture", "os", "os.version", "os.features", "variant", "features")
_FREE = _folded()
"""Annotations: any key, but each of them once."""


class _Key:
    """A key that equals no other, so that a dict keeps those that are there twice."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


_Object = dict[_Key, msgspec.Raw]


def _key(_kind: type, text: Any) -> Any:
    return _Key(text)


_OBJECT = msgspec.json.Decoder(_Object | None, dec_hook=_key)
_OBJECTS = msgspec.json.Decoder(list[_Object] | None, dec_hook=_key)


def check_keys(raw: bytes) -> None:
    """Raise `Fault(MANIFEST_INVALID)` for a key that is there twice or in other letters.

    `raw` is the JSON of a manifest whose types were checked. Looked at are the manifest itself,
    its descriptors, their platforms and all annotations: what any program reads.
    """
    if raw.count(b":") > COLONS_MAX:
        raise Fault(
            Code.MANIFEST_INVALID,
            "the manifest has too many keys: push what it names in several manifests",
            {"limit": COLONS_MAX},
        )
    found = _check(_OBJECT.decode(raw), _DOCUMENT, "the manifest")
    for name in found.keys() & {"config", "subject"}:
        _check_descriptor(_OBJECT.decode(found[name]), name)
    for name in found.keys() & {"layers", "manifests"}:
        for place, descriptor in enumerate(_OBJECTS.decode(found[name]) or ()):
            _check_descriptor(descriptor, f"{name}[{place}]")
    if "annotations" in found:
        _check(_OBJECT.decode(found["annotations"]), _FREE, "annotations")


def _check_descriptor(pairs: _Object | None, where: str) -> None:
    found = _check(pairs, _DESCRIPTOR, where)
    for name, names in (("platform", _PLATFORM), ("annotations", _FREE)):
        if name in found:
            _check(_OBJECT.decode(found[name]), names, f"{where}.{name}")


def _check(
    pairs: _Object | None, names: Mapping[str, str], where: str
) -> Mapping[str, msgspec.Raw]:
    """Return the values by key; `names` are the known keys, folded, each with its right form."""
    values: dict[str, msgspec.Raw] = {}
    for key, value in (pairs or {}).items():
        text = key.text
        meant = names.get(fold(text), text)
        if text in values:
            raise _refused(text, where, "twice, and programs differ in which they take", "keep one")
        if meant != text:
            why = f"which some programs read as '{meant}'"
            raise _refused(text, where, why, f"write '{meant}'")
        values[text] = value
    return values


def _refused(key: str, where: str, why: str, cure: str) -> Fault:
    shown = key[:SHOWN_MAX]
    return Fault(
        Code.MANIFEST_INVALID,
        f"{where} has the key '{shown}' {why}: {cure}",
        {"key": shown, "at": where},
    )
