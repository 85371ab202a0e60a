"""Addresses under /v2, which are split from the right."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.faces.registry.routes import Kind, Route, route

DIGEST = "sha256:" + "0a" * 32
WORDS = ["a", "b1", "blobs", "uploads", "manifests", "tags", "list", "referrers", "v2", "a.b-c__d"]
NAMES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map("/".join)
TAGS = st.sampled_from([*WORDS, "latest", "V1.0_x", "_"])
UPLOAD_IDS = st.sampled_from(["0" * 32, "list", "uploads"])


@pytest.mark.parametrize(
    "path, expected",
    [
        ("/v2", Route(Kind.PING)),
        ("/v2/", Route(Kind.PING)),
        ("/v2/_catalog", Route(Kind.CATALOG)),
        ("/v2/app/tags/list", Route(Kind.TAGS, "app")),
        ("/v2/app/manifests/latest", Route(Kind.MANIFEST, "app", "latest")),
        (f"/v2/app/manifests/{DIGEST}", Route(Kind.MANIFEST, "app", DIGEST)),
        (f"/v2/app/blobs/{DIGEST}", Route(Kind.BLOB, "app", DIGEST)),
        (f"/v2/app/referrers/{DIGEST}", Route(Kind.REFERRERS, "app", DIGEST)),
        ("/v2/app/blobs/uploads/", Route(Kind.UPLOADS, "app")),
        ("/v2/app/blobs/uploads", Route(Kind.UPLOADS, "app")),
        ("/v2/app/blobs/uploads/1f", Route(Kind.UPLOAD, "app", "1f")),
        # Names that look like the words between them.
        ("/v2/a/manifests/b/manifests/c", Route(Kind.MANIFEST, "a/manifests/b", "c")),
        (f"/v2/blobs/blobs/{DIGEST}", Route(Kind.BLOB, "blobs", DIGEST)),
        ("/v2/blobs/blobs/uploads/", Route(Kind.UPLOADS, "blobs")),
        ("/v2/a/blobs/uploads/blobs/uploads/", Route(Kind.UPLOADS, "a/blobs/uploads")),
        ("/v2/a/blobs/uploads/tags/list", Route(Kind.TAGS, "a/blobs/uploads")),
        ("/v2/tags/list/tags/list", Route(Kind.TAGS, "tags/list")),
        ("/v2/app/manifests/uploads", Route(Kind.MANIFEST, "app", "uploads")),
        ("/v2/app/manifests/list", Route(Kind.MANIFEST, "app", "list")),
        # Percent-encoding is taken off after the split, so that %2F does not divide.
        (f"/v2/app/blobs/{quote(DIGEST, safe='')}", Route(Kind.BLOB, "app", DIGEST)),
        ("/v2/app/manifests/a%2Fb", Route(Kind.MANIFEST, "app", "a/b")),
        ("/v2/%61pp/manifests/x", Route(Kind.MANIFEST, "app", "x")),
        ("/v2/app/manifests/%ff", Route(Kind.MANIFEST, "app", "�")),
        ("/v2//manifests/x", Route(Kind.MANIFEST, "", "x")),
    ],
)
def test_what_a_path_addresses(path: str, expected: Route) -> None:
    assert route(path) == expected


@pytest.mark.parametrize(
    "path",
    [
        "/v2/app",
        "/v2//",
        "/v2/_catalog/",
        "/v2/_catalog/x",
        "/v1/_ping",
        "/v2/tags/list",
        "/v2/blobs/uploads",
        "/v2/blobs/uploads/",
        "/v2/app/manifests/",
        "/v2/app/blobs/",
        "/v2/app/referrers/",
        "/v2/app/tags/list/",
        "/v2/app/tags/other",
        "/v2/app/other/latest",
        "/v2/app/manifests%2Flatest",
        "/%76%32/",
        "//v2/",
        "",
    ],
)
def test_what_addresses_nothing(path: str) -> None:
    assert route(path) is None


@given(NAMES, TAGS, UPLOAD_IDS)
def test_a_name_may_be_of_any_depth_and_of_any_words(name: str, tag: str, upload_id: str) -> None:
    base = f"/v2/{name}"
    assert route(f"{base}/manifests/{tag}") == Route(Kind.MANIFEST, name, tag)
    assert route(f"{base}/blobs/{DIGEST}") == Route(Kind.BLOB, name, DIGEST)
    assert route(f"{base}/referrers/{DIGEST}") == Route(Kind.REFERRERS, name, DIGEST)
    assert route(f"{base}/tags/list") == Route(Kind.TAGS, name)
    assert route(f"{base}/blobs/uploads/") == Route(Kind.UPLOADS, name)
    assert route(f"{base}/blobs/uploads/{upload_id}") == Route(Kind.UPLOAD, name, upload_id)


@given(st.text())
def test_any_path_is_routed_or_not_and_never_fails(path: str) -> None:
    found = route(path)
    assert found is None or isinstance(found.kind, Kind)
