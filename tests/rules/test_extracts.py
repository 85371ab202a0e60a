"""Extracts say what manifest and configuration say, and their text says the same."""

from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from entrepot.oci.errors import Fault
from entrepot.oci.json import encode
from entrepot.oci.manifest import Manifest, parse
from entrepot.oci.mediatype import OCI_CONFIG
from entrepot.rules.extracts import (
    EMPTY_SIZE_BYTES,
    NOTHING,
    TEXT_SIZE_MAX_BYTES,
    Extract,
    Inside,
    extract_of,
    read_text,
    sizes_of,
    text_of,
)
from tests.oci.documents import DOCUMENTS, TEXT, a_descriptor, an_image, an_index, raw_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=5,
)
RUNTIME = st.fixed_dictionaries({}, optional={"Cmd": JSON, "Labels": JSON, "Hostname": JSON})
CONFIGS = st.dictionaries(TEXT, JSON, max_size=2) | st.fixed_dictionaries(
    {},
    optional={
        "architecture": JSON,
        "os": JSON,
        "author": JSON,
        "created": JSON,
        "config": RUNTIME | JSON,
    },
)


def parsed(document: dict[str, Any]) -> Manifest:
    try:
        return parse(raw_of(document))
    except Fault:
        assume(condition=False)
        raise


def image_of(size: int = EMPTY_SIZE_BYTES) -> Manifest:
    about = a_descriptor(mediaType=OCI_CONFIG) | {"size": size}
    return parse(raw_of(an_image(config=about)))


@given(DOCUMENTS, CONFIGS)
def test_the_text_says_what_the_manifest_says(
    document: dict[str, Any], config: dict[str, Any]
) -> None:
    manifest = parsed(document)
    inside = Inside(manifest, {} if manifest.is_index else config)
    made, text = extract_of(inside), text_of(inside)
    assert made.is_index == manifest.is_index
    assert [child.digest for child in made.children] == [one.digest for one in manifest.children]
    assert [child.has_platform for child in made.children] == [
        one.platform is not None for one in manifest.children
    ]
    for key, value in manifest.annotations.items():
        if key.isascii() and key.isalnum():
            assert made.note(key) == value
    if manifest.config is not None:
        assert msgspec.json.decode(made.config) == config
    if text is not None:
        expected = msgspec.structs.replace(made, config=NOTHING) if made.is_image else made
        assert read_text(text) == expected
    elif manifest.config is not None and config:
        assert len(encode(made)) > TEXT_SIZE_MAX_BYTES


def test_what_is_shown_of_an_image() -> None:
    runtime = {"Cmd": ["sh"], "Hostname": "x", "Labels": {"maintainer": "ann"}, "Env": []}
    config = {"os": "linux", "architecture": 7, "config": runtime, "history": [{}]}
    made = extract_of(Inside(image_of(), config))
    assert msgspec.json.decode(made.image) == {
        "architecture": "",
        "author": "ann",
        "config": {"Cmd": ["sh"], "Labels": {"maintainer": "ann"}},
        "created": None,
        "os": "linux",
    }
    assert (made.note("no"), made.is_image) == ("", True)


def test_what_is_not_there_may_yet_come() -> None:
    assert text_of(Inside(image_of(EMPTY_SIZE_BYTES), {})) is not None
    assert text_of(Inside(image_of(EMPTY_SIZE_BYTES + 1), {})) is None


def test_what_is_large_is_not_kept() -> None:
    large = {"config": {"Env": ["x" * TEXT_SIZE_MAX_BYTES]}}
    assert text_of(Inside(image_of(), large)) is None
    history = {"history": ["x" * TEXT_SIZE_MAX_BYTES]}
    assert text_of(Inside(image_of(), history)) is not None


@pytest.mark.parametrize("depth", [900, 2000])
def test_what_is_nested_deep_says_nothing_at_worst(depth: int) -> None:
    nested: list[Any] = []
    for _ in range(depth):
        nested = [nested]
    made = extract_of(Inside(image_of(), {"os": "linux", "config": {"Cmd": nested}}))
    assert bytes(made.image).startswith(b'{"architecture":""')
    assert bytes(made.config)[:1] == b"{"


def test_each_blob_is_weighed_once() -> None:
    layer = a_descriptor(b"layer", mediaType="x/layer")
    raw = raw_of(an_image(config=a_descriptor(b"{}"), layers=[layer, layer]))
    assert sizes_of(parse(raw)) == len(raw) + 2 + 5
    empty = raw_of(an_index())
    assert sizes_of(parse(empty)) == len(empty)


def test_a_text_of_little_is_short() -> None:
    assert text_of(Inside(parse(raw_of(an_index())), {})) is not None
    assert encode(Extract()) == b"{}"
