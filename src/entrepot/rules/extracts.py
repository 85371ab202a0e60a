"""Extracts: what lists show of a manifest and its configuration, in little JSON.

Neither ever changes, so what was worked out once holds as long as the manifest is there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from entrepot.oci.descriptor import Descriptor
from entrepot.oci.json import encode
from entrepot.oci.manifest import Manifest

TEXT_SIZE_MAX_BYTES = 16 * 1024
"""Larger extracts are not kept: what they are made of is read each time."""
EMPTY_SIZE_BYTES = 2
"""What a configuration has that says nothing: `{}`."""
NOTHING = msgspec.Raw(b"")

_RUNTIME = (
    "ArgsEscaped",
    "Cmd",
    "Entrypoint",
    "Env",
    "ExposedPorts",
    "Labels",
    "StopSignal",
    "User",
    "Volumes",
    "WorkingDir",
)
"""What is shown of an image's `config` (image-spec, config)."""
_AUTHORS = ("org.opencontainers.image.authors", "maintainer")


@dataclass(frozen=True, slots=True)
class Inside:
    """What a manifest says, and its configuration: empty where that is no JSON object."""

    manifest: Manifest
    config: dict[str, Any]


class Child(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an index says of one of its manifests."""

    digest: str
    has_platform: bool = False
    os: str = ""
    architecture: str = ""
    variant: str = ""
    os_version: str = ""
    annotations: dict[str, str] = {}
    urls: tuple[str, ...] = ()


class Extract(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is shown of a manifest beside its row; JSON that is only passed on stays text."""

    is_index: bool = False
    is_image: bool = False
    """Whether its configuration is that of something to run."""
    media_type: str = ""
    """That of the configuration; of an index its own."""
    artifact_type: str = ""
    """That of the configuration where none is declared; of an index only what is declared."""
    annotations: msgspec.Raw = NOTHING
    """Nothing for none."""
    image: msgspec.Raw = NOTHING
    """Architecture, author, runtime, time and system, as an image's configuration says them."""
    config: msgspec.Raw = NOTHING
    """The whole configuration; nothing of an index, nor in the text of an image."""
    children: tuple[Child, ...] = ()

    def note(self, key: str) -> str:
        """Return an annotation, by a key that JSON writes as it is; empty for none."""
        if not self.annotations or key.encode() not in bytes(self.annotations):
            return ""
        return _ANNOTATIONS.decode(self.annotations).get(key, "")


def extract_of(inside: Inside) -> Extract:
    """Return all that is shown of a manifest."""
    manifest, config = inside.manifest, inside.config
    annotations = dict(manifest.annotations)
    noted = msgspec.Raw(encode(annotations)) if annotations else NOTHING
    if manifest.config is None:
        return Extract(
            is_index=True,
            media_type=manifest.media_type,
            artifact_type=manifest.declared_artifact_type,
            annotations=noted,
            children=tuple(map(_child, manifest.children)),
        )
    return Extract(
        is_image=manifest.is_image,
        media_type=manifest.config.media_type,
        artifact_type=manifest.artifact_type,
        annotations=noted,
        image=_told(_image(config)) or msgspec.Raw(encode(_image({}))),
        config=_told(config) or msgspec.Raw(b"{}"),
        children=tuple(map(_child, manifest.children)),
    )


def text_of(inside: Inside) -> str | None:
    """Return the extract as text to keep; None if it is too large, or may yet be another.

    The text of an image lacks the whole configuration, whose history is long and seldom shown.
    """
    about = inside.manifest.config
    if about is not None and not inside.config and about.size > EMPTY_SIZE_BYTES:
        return None  # it cannot be read now
    extract = extract_of(inside)
    if extract.is_image:
        extract = msgspec.structs.replace(extract, config=NOTHING)
    raw = encode(extract)
    return raw.decode() if len(raw) <= TEXT_SIZE_MAX_BYTES else None


def read_text(text: str) -> Extract:
    """Return the extract that a text keeps; ValueError for what is none."""
    return _EXTRACT.decode(text)


def sizes_of(manifest: Manifest) -> int:
    """Return bytes of a manifest and the blobs it names, each once."""
    return len(manifest.raw) + sum(one.size for one in manifest.blobs())


def _told(config: dict[str, Any]) -> msgspec.Raw | None:
    try:
        return msgspec.Raw(encode(config))
    except RecursionError:
        return None  # one nested so deep that it could only just be read says nothing


def _child(child: Descriptor) -> Child:
    platform = child.platform
    return Child(
        digest=str(child.digest),
        has_platform=platform is not None,
        os=platform.os if platform else "",
        architecture=platform.architecture if platform else "",
        variant=platform.variant if platform else "",
        os_version=platform.os_version if platform else "",
        annotations=dict(child.annotations),
        urls=child.urls,
    )


def _image(config: Mapping[str, Any]) -> dict[str, Any]:
    runtime = _object(config.get("config"))
    return {
        "architecture": _text(config.get("architecture")),
        "author": _author(config, _object(runtime.get("Labels"))),
        "config": {key: runtime[key] for key in _RUNTIME if runtime.get(key)},
        "created": config.get("created"),
        "os": _text(config.get("os")),
    }


def _author(config: Mapping[str, Any], labels: Mapping[str, Any]) -> str:
    said = [config.get("author"), *(labels.get(key) for key in _AUTHORS)]
    return next((one for one in said if isinstance(one, str) and one), "")


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


_EXTRACT = msgspec.json.Decoder(Extract)
_ANNOTATIONS = msgspec.json.Decoder(dict[str, str])
