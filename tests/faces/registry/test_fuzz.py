"""Whatever is sent, the answer is one that the specification has."""

from dataclasses import dataclass

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.digest import Digest
from entrepot.oci.errors import Code
from entrepot.oci.mediatype import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from entrepot.rules.roles import Role
from entrepot.settings import Auth
from tests.faces.registry.client import Answer, Broken
from tests.faces.registry.registry import Registry, basic, open_registry
from tests.services.house import descriptor, image, index

LAYER = b"layer"
RAW = image([LAYER])
REFERRER = image([], subject=descriptor(OCI_MANIFEST, RAW))
DIGESTS = [Digest.of(data) for data in (LAYER, b"{}", RAW, REFERRER, b"", b"absent")]
CODES = {code.value for code in Code}


@dataclass(frozen=True)
class Shot:
    """One request; `%U` in its path stands for the id of an open upload."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | Broken


def mostly(usual: list[str], odd: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Draw from `usual`, but for one time in five."""
    return st.integers(0, 4).flatmap(lambda n: st.sampled_from(usual) if n else odd)


# Odd things are printable ASCII where a server lets nothing else through.
NOISE = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="?#"), max_size=9
)
ENCODED = st.text(st.sampled_from("%2fFc0/.:_-aA"), max_size=9)
TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_categories=["Cc"]))
ODD_NAMES = st.sampled_from(["A", "a%2Fb", "a//b", "", "x" * 300, "%ff"]) | ENCODED
NAMES = mostly(["app", "library/app", "a/b/c", "new", "blobs/uploads"], ODD_NAMES)
ODD_REFERENCES = st.sampled_from(["", "sha256:", "sha384:" + "0" * 96, "-x", "t" * 200, "%00"])
REFERENCES = mostly([*DIGESTS, *["v1", "v2"] * 3], ODD_REFERENCES | NOISE | ENCODED)
NUMBERS = st.sampled_from(["0", "1", "2", "1000", "-1", "9" * 10, "9" * 5000, "%30", "1.5", ""])

TARGETS = st.sampled_from(
    [
        *[f"{method} /v2/{{name}}/manifests/{{reference}}" for method in ("GET", "PUT", "DELETE")],
        *[f"{method} /v2/{{name}}/blobs/{{reference}}" for method in ("GET", "HEAD", "DELETE")],
        *[f"{method} /v2/app/blobs/uploads/%U" for method in ("GET", "PATCH", "PUT", "DELETE")],
        "PUT /v2/app/manifests/{reference}",
        "PATCH /v2/app/blobs/uploads/%U",
        "POST /v2/{name}/blobs/uploads/",
        "POST /v2/{name}/blobs/uploads/",
        "PUT /v2/{name}/blobs/uploads/{reference}",
        "GET /v2/{name}/referrers/{reference}",
        "GET /v2/{name}/tags/list",
        "GET /v2/_catalog",
        "GET /v2/",
        "GET /v2/{reference}",
        "GET /v2{reference}",
    ]
)
FIELDS = st.one_of(
    st.builds("digest={}".format, REFERENCES),
    st.builds("mount={}".format, REFERENCES),
    st.builds("tag={}".format, REFERENCES),
    st.builds("from={}".format, NAMES),
    st.builds("n={}".format, NUMBERS),
    st.builds("last={}".format, NUMBERS | REFERENCES),
    st.builds("artifactType={}".format, NOISE),
    st.builds("digest-algorithm={}".format, mostly(["sha256", "sha512"], NOISE)),
    st.sampled_from(["", "&", "=", "%ff=%ff", "digest=%ed%a0%80", "x=" * 9, "tag=t&" * 300]),
)
METHODS = st.sampled_from(["HEAD", "GET", "PUT", "POST", "PATCH", "DELETE", "BREW"])
RANGES = ["bytes=0-1", "bytes=0-0,2-3", "bytes=-1", "bytes=9-", "0-4", "0-0", "5-4", "5-9"]
TYPES = [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, "", "*/*", "text/plain; q=1"]
HEADERS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["Range", "Content-Range"]), mostly(RANGES, TEXT)),
        st.tuples(st.sampled_from(["Content-Type", "Accept"]), mostly(TYPES, TEXT)),
        st.tuples(
            st.sampled_from(["If-None-Match", "If-Match", "If-Range"]),
            mostly([*DIGESTS, "*", '"x", W/"y"'], TEXT),
        ),
        st.tuples(st.just("Content-Length"), NUMBERS | TEXT),
        st.tuples(st.just("Transfer-Encoding"), st.just("chunked")),
        st.tuples(st.sampled_from(["Host", "User-Agent", "X-Any"]), TEXT),
    ),
    max_size=3,
).map(tuple)
WORDS = ["schemaVersion", "mediaType", "digest", "size", "config", "layers", "manifests", "subject"]
JSON = st.recursive(
    st.none() | st.integers(-9, 2**70) | st.sampled_from([*DIGESTS, OCI_MANIFEST, OCI_INDEX]),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.sampled_from(WORDS), part),
    max_leaves=10,
).map(lambda value: msgspec.json.encode(value, enc_hook=str))
DOCUMENTS = [RAW, REFERRER, index([RAW]), image([]), image([b"absent"]), LAYER, b"", b"{}"]
BODIES = st.sampled_from(DOCUMENTS) | st.sampled_from(DOCUMENTS) | st.binary(max_size=20) | JSON


@st.composite
def shots(draw: st.DrawFn) -> Shot:
    method, _, address = draw(TARGETS).partition(" ")
    path = address.format(name=draw(NAMES), reference=draw(REFERENCES))
    fields = draw(st.lists(FIELDS, max_size=3))
    body = draw(BODIES)
    return Shot(
        method if draw(st.integers(0, 9)) else draw(METHODS),
        f"{path}?{'&'.join(fields)}" if fields else path,
        draw(HEADERS),
        body if draw(st.integers(0, 9)) else Broken(body),
    )


async def fire(registry: Registry, shot: Shot, upload_id: str) -> Answer | None:
    """Send a request and judge its answer; None when the client went away before it."""
    path = shot.path.replace("%U", upload_id)
    try:
        answer = await registry.request(shot.method, path, shot.headers, shot.body)
    except ConnectionResetError:
        assert isinstance(shot.body, Broken)
        return None
    assert 200 <= answer.status < 500, answer.body
    if answer.status >= 400 and shot.method != "HEAD":
        (error,) = answer.json["errors"]
        assert error["code"] in CODES
        assert error["message"]
        assert "detail" in error
    return answer


async def furnish(registry: Registry) -> str:
    """Put some things in; return the id of an open upload."""
    for name in ("app", "a/b/c"):
        await registry.push_image("v1", [LAYER], name)
    assert (await registry.push_manifest(REFERRER, Digest.of(REFERRER))).status == 201
    return (await registry.start_upload()).rpartition("/")[2]


@given(st.lists(shots(), min_size=10, max_size=20))
async def test_nothing_breaks_an_open_registry(volley: list[Shot]) -> None:
    async with open_registry() as registry:
        upload_id = await furnish(registry)
        for shot in volley:
            await fire(registry, shot, upload_id)


CREDENTIALS = [basic("guest"), basic("developer"), basic("admin"), basic("guest", "x"), "Bearer x"]
AUTHORIZATIONS = st.none() | mostly(CREDENTIALS, TEXT)


@given(st.lists(st.tuples(shots(), AUTHORIZATIONS), min_size=5, max_size=10))
async def test_nothing_breaks_a_closed_registry(volley: list[tuple[Shot, str | None]]) -> None:
    async with open_registry(Auth(anonymous_pull=("a/*",))) as registry:
        for role in (Role.GUEST, Role.DEVELOPER, Role.ADMIN):
            await registry.login(role)
        upload_id = await furnish(registry)
        for shot, authorization in volley:
            registry.authorization = authorization
            await fire(registry, shot, upload_id)
