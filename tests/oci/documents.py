"""Manifests and indexes as JSON values, valid ones and near misses."""

import json
from typing import Any

from hypothesis import strategies as st

from entrepot.oci import mediatype
from entrepot.oci.digest import Digest

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
DIGESTS = st.builds(
    lambda data, algorithm: str(Digest.of(data, algorithm)),
    st.binary(max_size=2),
    st.sampled_from(["sha256", "sha512"]),
)
ANNOTATIONS = st.dictionaries(TEXT, TEXT, max_size=3)
PLATFORMS = st.fixed_dictionaries(
    {"os": TEXT, "architecture": TEXT},
    optional={"variant": TEXT, "os.version": TEXT, "os.features": st.lists(TEXT, max_size=2)},
)
UNKNOWN = st.dictionaries(TEXT.map("x-{}".format), TEXT, max_size=2)
TYPES = st.one_of(TEXT, st.sampled_from([mediatype.OCI_CONFIG, mediatype.DOCKER_CONFIG]))


def joined(*parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Return objects that have the fields of all parts."""
    return st.tuples(*parts).map(lambda dicts: {k: v for d in dicts for k, v in d.items()})


DESCRIPTORS = joined(
    st.fixed_dictionaries(
        {"mediaType": TYPES, "digest": DIGESTS, "size": st.integers(0, 2**53)},
        optional={
            "platform": PLATFORMS,
            "urls": st.lists(TEXT, max_size=2),
            "annotations": ANNOTATIONS,
            "artifactType": TEXT,
            "data": TEXT,
        },
    ),
    UNKNOWN,
)
_COMMON: dict[str, st.SearchStrategy[Any]] = {
    "subject": st.one_of(st.none(), DESCRIPTORS),
    "annotations": ANNOTATIONS,
    "artifactType": TEXT,
}
_LISTS = st.one_of(st.none(), st.lists(DESCRIPTORS, max_size=4))
IMAGES = joined(
    st.fixed_dictionaries(
        {"schemaVersion": st.just(2), "config": DESCRIPTORS},
        optional={
            **_COMMON,
            "layers": _LISTS,
            "mediaType": st.sampled_from(sorted(mediatype.MANIFESTS)),
        },
    ),
    UNKNOWN,
)
INDEXES = joined(
    st.fixed_dictionaries(
        {"schemaVersion": st.just(2), "manifests": st.lists(DESCRIPTORS, max_size=4)},
        optional={**_COMMON, "mediaType": st.sampled_from(sorted(mediatype.INDEXES))},
    ),
    UNKNOWN,
)
DOCUMENTS = st.one_of(IMAGES, INDEXES)


def raw_of(document: object, indent: int | None = None) -> bytes:
    return json.dumps(document, indent=indent, ensure_ascii=False).encode()


def a_descriptor(data: bytes = b"", **more: Any) -> dict[str, Any]:
    return {"mediaType": "x/y", "digest": str(Digest.of(data)), "size": len(data), **more}


def an_image(**more: Any) -> dict[str, Any]:
    return {"schemaVersion": 2, "config": a_descriptor(), "layers": [], **more}


def an_index(**more: Any) -> dict[str, Any]:
    return {"schemaVersion": 2, "manifests": [], **more}
