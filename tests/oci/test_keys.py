"""Keys that programs would read differently."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from entrepot.oci.document import decode
from entrepot.oci.errors import Code, Fault
from entrepot.oci.keys import COLONS_MAX, check_keys, fold
from entrepot.oci.manifest import parse

DIGEST = "sha256:" + "a" * 64
LAYER = f'{{"mediaType": "x/y", "digest": "{DIGEST}", "size": 1}}'
LAYER_OPEN = LAYER[:-1].encode()
CONFIG = f'"config": {LAYER}'


def manifest(more: str) -> bytes:
    return f'{{"schemaVersion": 2, {CONFIG}, {more}}}'.encode()


@pytest.mark.parametrize(
    "raw, key, at",
    [
        (manifest(f'"Config": {LAYER}'), "Config", "the manifest"),
        (manifest(CONFIG), "config", "the manifest"),
        (manifest(f'"confi\\u0067": {LAYER}'), "config", "the manifest"),
        (manifest('"layers": [], "LAYERS": []'), "LAYERS", "the manifest"),
        (manifest('"Manifests": []'), "Manifests", "the manifest"),
        (manifest('"\u017fubject": null'), "\u017fubject", "the manifest"),
        (manifest('"x": 1, "x": 2'), "x", "the manifest"),
        (manifest(f'"layers": [{LAYER}, {LAYER[:-1]}, "Size": 7}}]'), "Size", "layers[1]"),
        (manifest(f'"layers": [{LAYER[:-1]}, "size": 1}}]'), "size", "layers[0]"),
        (manifest(f'"subject": {LAYER[:-1]}, "DIGEST": ""}}'), "DIGEST", "subject"),
        (manifest(f'"subject": {LAYER[:-1]}, "Data": ""}}'), "Data", "subject"),
        (manifest('"annotations": {"a": "1", "b": "", "a": "2"}'), "a", "annotations"),
        (
            manifest(f'"layers": [{LAYER[:-1]}, "annotations": {{"a": "1", "\\u0061": "2"}}}}]'),
            "a",
            "layers[0].annotations",
        ),
        (
            b'{"schemaVersion": 2, "manifests": [%s, "platform": {"OS": "x"}}]}' % LAYER_OPEN,
            "OS",
            "manifests[0].platform",
        ),
    ],
)
def test_what_programs_read_differently_is_refused(raw: bytes, key: str, at: str) -> None:
    with pytest.raises(Fault) as caught:
        parse(raw)
    assert caught.value.code is Code.MANIFEST_INVALID
    assert caught.value.detail == {"key": key, "at": at}
    assert caught.value.message.startswith(f"{at} has the key '{key}' ")
    assert ": write '" in caught.value.message or caught.value.message.endswith(": keep one")


@pytest.mark.parametrize(
    "more",
    [
        '"annotations": {"a": "1", "A": "2", "Config": "3"}',
        '"annotations": null, "layers": null, "subject": null',
        '"x": {"a": 1, "a": 2}, "configs": {}, "layer": []',
        '"x\\/y": 1, "a&b": 2, "a\\u0026c": 3, "": 4',
        f'"layers": [{LAYER}, {LAYER[:-1]}, "platform": null, "annotations": null}}]',
    ],
)
def test_what_all_read_alike_is_taken(more: str) -> None:
    assert parse(manifest(more)).config is not None


def test_the_error_repeats_only_the_start() -> None:
    with pytest.raises(Fault) as caught:
        check_keys(manifest('"%s": 1, "%s": 2' % (("k" * 100_000,) * 2)))
    assert len(caught.value.message) < 300


def test_the_most_references_are_looked_at_in_a_moment() -> None:
    raw = manifest(f'"layers": [{",".join([LAYER] * 10_000)}]')
    assert len(decode(raw).layers or ()) == 10_000


# Against a model of Go's decoder ------------------------------------------------------------------

NAMES = ("config", "layers", "subject", "mediaType", "digest", "size", "annotations", "platform")


class Pairs(list[tuple[str, Any]]):
    """An object with all its pairs, in order."""


def as_go_reads(pairs: Pairs) -> dict[str, Any]:
    """Return what a Go struct with the fields `NAMES` holds: letters do not matter, last wins."""
    values: dict[str, Any] = {}
    by_fold = {name.casefold(): name for name in NAMES}
    for key, value in pairs:
        name = by_fold.get(key.casefold())
        if name is not None:
            values[name] = value
    return values


def as_written(pairs: Pairs) -> dict[str, Any]:
    """Return what a reader with exact keys takes, the first of equal ones."""
    values: dict[str, Any] = {}
    for key, value in pairs:
        if key in NAMES:
            values.setdefault(key, value)
    return values


def text(value: Any) -> str:
    """Return JSON in which keys may stand twice."""
    if isinstance(value, Pairs):
        return "{" + ",".join(f"{json.dumps(k)}: {text(v)}" for k, v in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(text, value)) + "]"
    return json.dumps(value)


def all_objects(document: Pairs) -> list[Pairs]:
    """Return the manifest and its descriptors, as one who reads them with any letters."""
    read = as_go_reads(document)
    return [document, *read.get("layers", []), *([read["config"]] if "config" in read else [])]


_LEAF = st.integers(0, 3)
_DESCRIPTOR = st.lists(
    st.tuples(st.sampled_from(["digest", "Digest", "size", "\u017fize", "x", "X"]), _LEAF),
    max_size=3,
).map(Pairs)
_DOCUMENT = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["layers", "LAYERS"]), st.lists(_DESCRIPTOR, max_size=2)),
        st.tuples(st.sampled_from(["config", "Config"]), _DESCRIPTOR),
        st.tuples(st.sampled_from(["x", "X", "mediaType", "mediatype"]), _LEAF),
    ),
    max_size=5,
).map(Pairs)


@given(_DOCUMENT)
@example(Pairs([("config", Pairs([("size", 1)])), ("Config", Pairs([("size", 2)]))]))
def test_what_is_taken_means_the_same_to_go(document: Pairs) -> None:
    raw = text(document).encode()
    try:
        check_keys(raw)
    except Fault:
        taken = False
    else:
        taken = True
    parts = all_objects(document)
    keys = [[key for key, _ in part] for part in parts]
    alike = all(as_go_reads(part) == as_written(part) for part in parts)
    clean = all(
        len(set(found)) == len(found) and all(k in NAMES or fold(k) == "x" for k in found)
        for found in keys
    )
    assert alike or not taken
    # Nothing is refused for less.
    assert taken or not clean


@given(st.text())
def test_folding_knows_no_more_than_gos(key: str) -> None:
    if fold(key) == "schemaversion":
        assert key.casefold() == "schemaversion"
    assert fold(fold(key)) == fold(key)


def test_too_many_keys_are_refused_at_once() -> None:
    pairs = ",".join(f'"k{number}":""' for number in range(COLONS_MAX))
    raw = f'{{"schemaVersion":2,"annotations":{{{pairs}}}}}'.encode()
    with pytest.raises(Fault) as refused:
        check_keys(raw)
    assert refused.value.code is Code.MANIFEST_INVALID
    assert refused.value.detail == {"limit": COLONS_MAX}
