"""Which manifests may enter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code
from entrepot.oci.json import encode
from entrepot.oci.manifest import Manifest, parse
from entrepot.oci.mediatype import OCI_INDEX, OCI_MANIFEST
from entrepot.rules.admission import Facts, Sparse, decide

DIGESTS = [Digest.of(bytes([number])) for number in range(8)]
FOREIGN = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"


def image(
    numbers: list[int], layer_type: str = "text/plain", subject: int | None = None
) -> Manifest:
    entries = [_entry(number, layer_type) for number in numbers]
    document = {"schemaVersion": 2, "config": _entry(0, "text/plain"), "layers": entries}
    if subject is not None:
        document["subject"] = _entry(subject, OCI_MANIFEST)
    return parse(encode(document), OCI_MANIFEST)


def index(numbers: list[int]) -> Manifest:
    entries = [_entry(number, OCI_MANIFEST) for number in numbers]
    return parse(encode({"schemaVersion": 2, "manifests": entries}), OCI_INDEX)


def _entry(number: int, media_type: str) -> dict[str, object]:
    return {"mediaType": media_type, "digest": DIGESTS[number], "size": number}


def held(numbers: set[int]) -> dict[Digest, int]:
    return {DIGESTS[number]: number for number in numbers}


@given(st.lists(st.integers(1, 7)), st.sets(st.integers(0, 7)))
def test_an_image_enters_when_all_its_blobs_are_there(layers: list[int], there: set[int]) -> None:
    refusal = decide(image(layers), Facts(held(there), {}))
    assert (refusal is None) == ({0, *layers} <= there)
    assert refusal is None or refusal.code is Code.MANIFEST_BLOB_UNKNOWN


@given(st.lists(st.integers(0, 7)), st.sets(st.integers(0, 7)))
def test_an_index_enters_when_all_its_children_are_there(
    children: list[int], there: set[int]
) -> None:
    refusal = decide(index(children), Facts({}, held(there)))
    assert (refusal is None) == (set(children) <= there)


@given(st.sets(st.integers(0, 7)), st.integers(0, 7))
def test_more_facts_never_refuse_more(there: set[int], another: int) -> None:
    manifest = image([1, 2, 3])
    if decide(manifest, Facts(held(there), {})) is None:
        assert decide(manifest, Facts(held(there | {another}), {})) is None


def test_a_subject_and_foreign_layers_may_be_missing() -> None:
    assert decide(image([5], FOREIGN, subject=6), Facts(held({0}), {})) is None


@pytest.mark.parametrize(
    "sparse, image_enters, index_enters",
    [(Sparse.OFF, False, False), (Sparse.INDEXES, False, True), (Sparse.ALL, True, True)],
)
def test_what_may_name_content_that_is_not_here(
    sparse: Sparse, *, image_enters: bool, index_enters: bool
) -> None:
    assert (decide(image([1]), Facts(held({0}), {}), sparse) is None) == image_enters
    assert (decide(index([1]), Facts({}, {}), sparse) is None) == index_enters


def test_an_index_of_layers_enters_when_they_are_there() -> None:
    # BuildKit writes such indexes of its caches.
    entries = [_entry(number, "text/plain") for number in (1, 2)]
    cache = parse(encode({"schemaVersion": 2, "manifests": entries}), OCI_INDEX)
    assert decide(cache, Facts(held({1, 2}), {})) is None
    assert decide(cache, Facts(held({1}), held({2}))) is None
    assert decide(cache, Facts(held({1}), {})) is not None
    assert decide(cache, Facts({**held({1}), DIGESTS[2]: 99}, {})) is not None


@pytest.mark.parametrize("sparse", Sparse)
def test_what_is_here_must_still_have_the_size_that_is_said(sparse: Sparse) -> None:
    refusal = decide(index([3]), Facts({}, {DIGESTS[3]: 99}), sparse)
    assert refusal is not None
    assert refusal.code is Code.MANIFEST_INVALID


def test_a_wrong_size_is_refused_with_both_sizes() -> None:
    refusal = decide(image([3]), Facts({DIGESTS[0]: 0, DIGESTS[3]: 99}, {}))
    assert refusal is not None
    assert refusal.code is Code.MANIFEST_INVALID
    assert "99" in refusal.message
    assert "3 bytes" in refusal.message


@pytest.mark.parametrize("count", [1, 2, 7])
def test_the_message_names_the_first_missing_blob_and_how_many_more(count: int) -> None:
    refusal = decide(image([*range(1, count + 1)]), Facts(held({0}), {}))
    assert refusal is not None
    assert DIGESTS[1] in refusal.message
    assert (f"{count - 1} more" in refusal.message) == (count > 1)
    assert len(refusal.detail) == count
