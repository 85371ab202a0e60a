"""Tags, catalog and referrers (I4), page by page."""

import re
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.faces.registry.lists import REFERRERS_MAX_BYTES
from entrepot.oci.digest import Digest
from entrepot.oci.json import encode
from entrepot.oci.mediatype import OCI_EMPTY, OCI_INDEX, OCI_MANIFEST
from tests.faces.registry.client import Answer
from tests.faces.registry.registry import Registry, open_registry
from tests.services.house import CONFIG, descriptor, image, index

TAGS = "/v2/app/tags/list"
ZERO = "sha256:" + "0" * 64
SBOM = "application/spdx+json"
SIGNATURE = "application/vnd.dev.cosign.artifact.sig.v1+json"


def next_page(answer: Answer) -> str | None:
    """Return the address of the next page (RFC 8288), which must be relative."""
    header = answer.header("Link")
    if header is None:
        return None
    match = re.fullmatch(r'<(/v2/[^>]*)>; rel="next"', header)
    assert match is not None, header
    return match[1]


async def pages(registry: Registry, url: str) -> AsyncIterator[Answer]:
    """Yield a list's pages."""
    address: str | None = url
    while address is not None:
        answer = await registry.get(address)
        assert answer.status == 200, answer.body
        yield answer
        address = next_page(answer)


async def push_tags(registry: Registry, *tags: str) -> None:
    raw = await registry.push_image()
    for start in range(0, len(tags), 100):
        query = "&".join(f"tag={tag}" for tag in tags[start : start + 100])
        assert (await registry.push_manifest(raw, f"{Digest.of(raw)}?{query}")).status == 201


# Tags --------------------------------------------------------------------------------------------


async def test_tags_come_bytewise(registry: Registry) -> None:
    await push_tags(registry, "b", "a", "_", "V2", "10", "9", "a-1", "a.1", "a_1")
    answer = await registry.get(TAGS)
    assert answer.header("Content-Type") == "application/json"
    assert answer.json == {
        "name": "app",
        "tags": ["10", "9", "V2", "_", "a", "a-1", "a.1", "a_1", "b"],
    }
    assert next_page(answer) is None


@pytest.mark.parametrize(
    "query, tags, following",
    [
        ("n=2", ["a", "b"], "?last=b&n=2"),
        ("n=2&last=b", ["c", "d"], "?last=d&n=2"),
        ("n=2&last=d", ["e"], None),
        ("n=5", ["a", "b", "c", "d", "e"], None),
        ("n=4", ["a", "b", "c", "d"], "?last=d&n=4"),
        ("n=9999999999", ["a", "b", "c", "d", "e"], None),
        ("last=bb", ["c", "d", "e"], None),
        ("last=e", [], None),
        ("last=zzz&n=1", [], None),
        ("last=&n=1", ["a"], "?last=a&n=1"),
        ("last=%00&n=1", ["a"], "?last=a&n=1"),
        ("n=0", [], None),
        ("n=0&last=a", [], None),
        ("ns=docker.io", ["a", "b", "c", "d", "e"], None),
    ],
)
async def test_pages_of_tags(
    registry: Registry, query: str, tags: list[str], following: str | None
) -> None:
    await push_tags(registry, *"abcde")
    answer = await registry.get(f"{TAGS}?{query}")
    assert (answer.status, answer.json["tags"]) == (200, tags)
    assert next_page(answer) == (TAGS + following if following else None)


@pytest.mark.parametrize("n", ["-1", "x", "", "1.5", "1e3", "0x10", "%D9%A1", "9" * 11, "1 "])
@pytest.mark.parametrize("path", [TAGS, "/v2/_catalog", f"/v2/app/referrers/{ZERO}"])
async def test_a_bad_number_is_refused(registry: Registry, path: str, n: str) -> None:
    await push_tags(registry, "a")
    answer = await registry.get(f"{path}?n={n.replace(' ', '%20')}")
    assert (answer.status, answer.code) == (400, "PAGINATION_NUMBER_INVALID")


@given(st.sets(st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,5}", fullmatch=True), max_size=12))
async def test_following_the_links_gives_all_tags_once(tags: set[str]) -> None:
    async with open_registry() as registry:
        await push_tags(registry, *sorted(tags))
        for n in (1, 3, 12):
            found = [page.json["tags"] async for page in pages(registry, f"{TAGS}?n={n}")]
            assert [tag for page in found for tag in page] == sorted(tags, key=str.encode)
            assert all(len(page) == n for page in found[:-1])


async def test_without_a_number_a_page_has_a_bound(registry: Registry) -> None:
    await push_tags(registry, *(f"t{number:04}" for number in range(1001)))
    for query in ("", "?n=5000"):
        first, second = [page async for page in pages(registry, TAGS + query)]
        assert len(first.json["tags"]) == 1000
        assert second.json["tags"] == ["t1000"]


async def test_tags_of_nothing(registry: Registry) -> None:
    answer = await registry.get(TAGS)
    assert (answer.status, answer.code) == (404, "NAME_UNKNOWN")
    await registry.push_image()
    assert (await registry.get(TAGS)).json == {"name": "app", "tags": []}


async def test_links_keep_the_name_that_the_client_used(registry: Registry) -> None:
    await push_tags(registry, "a", "b")
    for name in ("app", "library/app"):
        answer = await registry.get(f"/v2/{name}/tags/list?n=1")
        assert next_page(answer) == f"/v2/{name}/tags/list?last=a&n=1"


# Catalog -----------------------------------------------------------------------------------------


async def test_the_catalog_lists_wire_names_page_by_page(registry: Registry) -> None:
    for name in ("zoo", "a/b/c", "library/app", "library/x/y", "acme/web"):
        await registry.push_image("v1", (), name)
    await registry.start_upload("empty")
    names = ["a/b/c", "acme/web", "app", "library/x/y", "zoo"]
    assert (await registry.get("/v2/_catalog")).json == {"repositories": names}
    found = [page.json["repositories"] async for page in pages(registry, "/v2/_catalog?n=2")]
    assert found == [names[:2], names[2:4], names[4:]]
    answer = await registry.get("/v2/_catalog?n=0")
    assert (answer.json, answer.header("Link")) == ({"repositories": []}, None)
    assert (await registry.get("/v2/_catalog?last=app")).json["repositories"] == names[3:]


async def test_the_catalog_of_an_empty_registry(registry: Registry) -> None:
    answer = await registry.get("/v2/_catalog")
    assert (answer.status, answer.json) == (200, {"repositories": []})


# Referrers ---------------------------------------------------------------------------------------


def referring(subject: bytes, **extra: object) -> dict[str, object]:
    return {"subject": descriptor(OCI_MANIFEST, subject), **extra}


async def push_referrer(registry: Registry, subject: bytes, **extra: object) -> bytes:
    return await registry.push_image("", (), "app", **referring(subject, **extra))


async def test_i4_referrers_are_those_that_name_the_subject(registry: Registry) -> None:
    subject = await registry.push_image("v1")
    url = f"/v2/app/referrers/{Digest.of(subject)}"
    annotations = {"created": "2026-11-21", "é": '"\\\n'}
    typed = await push_referrer(registry, subject, artifactType=SBOM, annotations=annotations)
    plain = await push_referrer(registry, subject)
    bare = index([subject], **referring(subject))
    assert (await registry.push_index(bare, Digest.of(bare))).status == 201
    named = index([], **referring(subject, artifactType=SIGNATURE))
    assert (await registry.push_index(named, Digest.of(named))).status == 201
    await push_referrer(registry, b"another subject")
    answer = await registry.get(url)
    assert answer.status == 200
    assert answer.json == {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [
            {**listed(OCI_MANIFEST, typed, SBOM), "annotations": annotations},
            listed(OCI_MANIFEST, plain, CONFIG),
            listed(OCI_INDEX, bare),
            listed(OCI_INDEX, named, SIGNATURE),
        ],
    }
    assert answer.header("OCI-Filters-Applied") is None
    await registry.request("DELETE", f"/v2/app/manifests/{Digest.of(typed)}")
    assert len((await registry.get(url)).json["manifests"]) == 3
    # They are those of this repository, and are there before and after their subject.
    assert (await registry.get(url.replace("app", "other"))).json["manifests"] == []
    await registry.request("DELETE", f"/v2/app/manifests/{Digest.of(bare)}")
    await registry.request("DELETE", f"/v2/app/manifests/{Digest.of(subject)}")
    assert len((await registry.get(url)).json["manifests"]) == 2


def listed(media_type: str, raw: bytes, artifact_type: str = "") -> dict[str, object]:
    """Return a manifest's descriptor as the list shows it."""
    shown = descriptor(media_type, raw)
    return {**shown, "artifactType": artifact_type} if artifact_type else shown


async def test_a_push_with_a_subject_says_that_it_was_understood(registry: Registry) -> None:
    subject = await registry.push_image("v1")
    raw = image([], **referring(subject))
    answer = await registry.push_manifest(raw, "sig")
    assert answer.header("OCI-Subject") == Digest.of(subject)
    both = index([], **referring(subject))
    answer = await registry.push_index(both, "att")
    assert answer.header("OCI-Subject") == Digest.of(subject)


@pytest.mark.parametrize(
    "query, count, applied",
    [
        (f"artifactType={SBOM.replace('+', '%2B')}", 1, "artifactType"),
        ("artifactType=none%2Fsuch", 0, "artifactType"),
        ("artifactType=", 2, None),
        ("", 2, None),
    ],
)
async def test_a_filter(registry: Registry, query: str, count: int, applied: str | None) -> None:
    subject = await registry.push_image("v1")
    for kind in (SBOM, SIGNATURE):
        await push_referrer(registry, subject, artifactType=kind)
    answer = await registry.get(f"/v2/app/referrers/{Digest.of(subject)}?{query}")
    assert len(answer.json["manifests"]) == count
    assert answer.header("OCI-Filters-Applied") == applied


async def test_pages_of_referrers_keep_the_filter(registry: Registry) -> None:
    subject = await registry.push_image("v1")
    kinds = [SBOM, SIGNATURE, "x/y"] * 4
    raws = [
        await push_referrer(registry, subject, artifactType=kind, annotations={"n": str(number)})
        for number, kind in enumerate(kinds)
    ]
    wanted = [Digest.of(raw) for raw, kind in zip(raws, kinds, strict=True) if kind != "x/y"]
    url = f"/v2/app/referrers/{Digest.of(subject)}"
    query = "?artifactType=application%2Fspdx%2Bjson&artifactType=" + SIGNATURE.replace("+", "%2B")
    for n in (1, 2, 3, 7, 8):
        found = []
        async for page in pages(registry, f"{url}{query}&n={n}"):
            assert page.header("OCI-Filters-Applied") == "artifactType"
            assert len(page.json["manifests"]) <= n
            found += [entry["digest"] for entry in page.json["manifests"]]
            following = next_page(page)
            if following:
                assert parse_qs(urlsplit(following).query)["artifactType"] == [SBOM, SIGNATURE]
        assert found == wanted
    unfiltered = [page.json["manifests"] async for page in pages(registry, f"{url}?n=5")]
    assert [e["digest"] for page in unfiltered for e in page] == [Digest.of(raw) for raw in raws]
    answer = await registry.get(f"{url}?n=0")
    assert (answer.json["manifests"], answer.header("Link")) == ([], None)


@pytest.mark.parametrize("letter", ["x", "é"])
async def test_a_page_of_referrers_has_room_for_what_clients_read(
    registry: Registry, letter: str
) -> None:
    subject = await registry.push_image("v1")
    text = letter * (1_000_000 // len(letter.encode()))
    raws = [
        await push_referrer(registry, subject, annotations={"text": text, "number": str(number)})
        for number in range(5)
    ]
    url = f"/v2/app/referrers/{Digest.of(subject)}"
    found = []
    async for page in pages(registry, url):
        assert len(page.body) <= REFERRERS_MAX_BYTES
        found += [entry["digest"] for entry in page.json["manifests"]]
    assert found == [Digest.of(raw) for raw in raws]


async def test_one_referrer_larger_than_a_page_is_listed_all_the_same(registry: Registry) -> None:
    subject = await registry.push_image("v1")
    for number in range(2):
        text = "x" * REFERRERS_MAX_BYTES
        await push_referrer(registry, subject, annotations={"text": text, "n": str(number)})
    url = f"/v2/app/referrers/{Digest.of(subject)}"
    assert [len(p.json["manifests"]) async for p in pages(registry, url)] == [1, 1]


@pytest.mark.parametrize("last", ["x", "-1", "9" * 19, "1.5", "%00"])
async def test_a_cursor_that_was_never_given(registry: Registry, last: str) -> None:
    answer = await registry.get(f"/v2/app/referrers/{ZERO}?last={last}")
    assert (answer.status, answer.code) == (400, "REQUEST_INVALID")


@pytest.mark.parametrize("digest", ["sha256:1", "latest", "sha384:" + "0" * 96])
async def test_referrers_of_what_is_no_digest(registry: Registry, digest: str) -> None:
    answer = await registry.get(f"/v2/app/referrers/{digest}")
    assert (answer.status, answer.code) == (400, "DIGEST_INVALID")


async def test_conformance_asks_for_referrers_before_any_push(registry: Registry) -> None:
    answer = await registry.get(f"/v2/never/pushed/referrers/{Digest.of(b'nothing')}")
    assert (answer.status, answer.json["manifests"]) == (200, [])
    assert (await registry.get("/v2/_catalog")).json["repositories"] == []


async def test_oras_probes_referrers_of_zero_digest(registry: Registry) -> None:
    for name in ("app", "unknown/repository"):
        answer = await registry.get(f"/v2/{name}/referrers/{ZERO}")
        assert answer.status == 200
        # Compared byte for byte: with a charset it falls back to tags.
        assert answer.header("Content-Type") == OCI_INDEX


async def test_containerd_repeats_the_filter_for_either(registry: Registry) -> None:
    subject = await registry.push_image("v1")
    for kind in (SBOM, SIGNATURE, "x/y"):
        await push_referrer(registry, subject, artifactType=kind)
    query = "artifactType=application/spdx%2Bjson&artifactType=x/y"
    answer = await registry.get(f"/v2/app/referrers/{Digest.of(subject)}?{query}&ns=docker.io")
    assert [e["artifactType"] for e in answer.json["manifests"]] == [SBOM, "x/y"]


async def test_notation_and_cosign_find_what_they_pushed(registry: Registry) -> None:
    subject = await registry.push_image("v1")
    raw = encode(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": SIGNATURE,
            "config": {**descriptor(OCI_EMPTY, b"{}"), "data": "e30="},
            "layers": [descriptor("application/jose+json", b"envelope")],
            "subject": descriptor(OCI_MANIFEST, subject),
            "annotations": {"io.cncf.notary.x509chain.thumbprint#S256": "[]"},
        }
    )
    await registry.push_blob(b"envelope")
    assert (await registry.push_manifest(raw, Digest.of(raw))).status == 201
    answer = await registry.get(f"/v2/app/referrers/{Digest.of(subject).replace(':', '%3A')}")
    (entry,) = answer.json["manifests"]
    assert (entry["digest"], entry["artifactType"]) == (Digest.of(raw), SIGNATURE)
    assert (await registry.get(f"/v2/app/manifests/{entry['digest']}")).body == raw
