"""What podman, crane, oras, helm and cosign need beyond the specification."""

from entrepot.oci.digest import Digest
from entrepot.oci.json import encode
from entrepot.oci.mediatype import OCI_EMPTY, OCI_INDEX, OCI_MANIFEST
from entrepot.rules.roles import Role
from tests.faces.registry.registry import Registry, basic
from tests.services.house import descriptor, image

DATA = b"a layer"
DIGEST = Digest.of(DATA)
BLOB = f"/v2/app/blobs/{DIGEST}"
UPLOADS = "/v2/app/blobs/uploads/"
V1 = "/v2/app/manifests/v1"
ZERO = "sha256:" + "0" * 64
SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"


# podman, skopeo, buildah -------------------------------------------------------------------------


async def test_podman_puts_the_digest_percent_encoded_behind_the_location(
    registry: Registry,
) -> None:
    location = await registry.start_upload()
    answer = await registry.request("PATCH", location, (), DATA)
    query = f"digest={DIGEST.replace(':', '%3A')}"
    separator = "&" if "?" in str(answer.header("Location")) else "?"
    address = f"{answer.header('Location')}{separator}{query}"
    assert (await registry.request("PUT", address)).status == 201


async def test_podman_is_not_offered_openshifts_signatures(registry: Registry) -> None:
    for path in ("/v2/", V1):
        assert (await registry.get(path)).header("X-Registry-Supports-Signatures") is None


async def test_podman_uses_the_challenge_of_the_ping_for_everything(closed: Registry) -> None:
    def realm(header: str | None) -> str:
        return str(header).partition(",scope=")[0]

    ping = await closed.get("/v2/")
    other = await closed.get("/v2/acme/app/manifests/v1")
    assert realm(other.header("WWW-Authenticate")) == ping.header("WWW-Authenticate")


async def test_podman_asks_again_with_the_scope_that_was_missing(closed: Registry) -> None:
    await closed.use_token(Role.DEVELOPER, "repository:acme/app:pull")
    refused = await closed.request("POST", "/v2/acme/app/blobs/uploads/")
    assert 'error="insufficient_scope"' in str(refused.header("WWW-Authenticate"))
    await closed.use_token(Role.DEVELOPER, "repository:acme/app:pull,push")
    assert (await closed.request("POST", "/v2/acme/app/blobs/uploads/")).status == 202


async def test_podman_needs_the_length_of_a_blob_on_head(registry: Registry) -> None:
    await registry.push_blob(DATA)
    assert (await registry.head(BLOB)).header("Content-Length") == str(len(DATA))


async def test_podman_lists_the_tags_of_a_repository_without_any(registry: Registry) -> None:
    await registry.push_image("v1")
    await registry.request("DELETE", V1)
    # `null` would be another list.
    assert (await registry.get("/v2/app/tags/list")).json == {"name": "app", "tags": []}


async def test_podman_deletes_by_the_digest_that_head_told(registry: Registry) -> None:
    await registry.push_image("v1")
    digest = (await registry.head(V1)).header("Docker-Content-Digest")
    assert (await registry.request("DELETE", f"/v2/app/manifests/{digest}")).status == 202
    assert (await registry.head(V1)).status == 404


# crane, ko, kaniko -------------------------------------------------------------------------------


async def test_crane_origin_parameter_is_ignored(registry: Registry) -> None:
    await registry.push_blob(DATA, "base")
    path = f"{UPLOADS}?mount={DIGEST}&from=base&origin=gcr.example.com"
    assert (await registry.request("POST", path)).status == 201


async def test_crane_finds_the_realm_at_the_host_that_it_used(closed: Registry) -> None:
    # It follows no realm to another private address than the one it talks to.
    answer = await closed.get("/v2/", {"Host": "10.1.2.3:5000"})
    realm = str(answer.header("WWW-Authenticate")).partition('realm="')[2].partition('"')[0]
    assert realm.startswith("http://10.1.2.3:5000/")


async def test_crane_pushes_by_digest_then_sets_the_tag(registry: Registry) -> None:
    raw = await registry.push_image()
    for _ in range(2):
        answer = await registry.push_manifest(raw, "v1")
        assert (answer.status, answer.header("Docker-Content-Digest")) == (201, Digest.of(raw))


# oras, helm, notation ----------------------------------------------------------------------------


async def test_oras_compares_the_referrers_content_type_byte_for_byte(registry: Registry) -> None:
    answer = await registry.get(f"/v2/app/referrers/{ZERO}")
    assert (answer.status, answer.header("Content-Type")) == (200, OCI_INDEX)


async def test_oras_puts_with_the_password_of_its_post(closed: Registry) -> None:
    await closed.login(Role.DEVELOPER)
    location = await closed.start_upload("acme/app")
    assert closed.authorization == basic(Role.DEVELOPER.value)
    answer = await closed.request("PUT", f"{location}?digest={DIGEST}", (), DATA)
    assert answer.status == 201


async def test_oras_tells_an_unknown_repository_from_a_missing_api(registry: Registry) -> None:
    # 404 with any code but NAME_UNKNOWN would mean that there are no referrers here.
    answer = await registry.get(f"/v2/no/such/referrers/{ZERO}")
    assert (answer.status, answer.json["manifests"]) == (200, [])


async def test_oras_pushes_a_manifest_that_is_a_layer_as_a_manifest(registry: Registry) -> None:
    target = await registry.push_image()
    layer = descriptor(OCI_MANIFEST, target)
    delta = encode(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": "application/vnd.io.github.containers.oci-delta.v1",
            "config": descriptor(OCI_EMPTY, b"{}"),
            "layers": [layer],
            "subject": layer,
        }
    )
    assert (await registry.push_manifest(delta, "delta")).status == 201
    digest = Digest.of(target)
    for path in (f"/v2/app/blobs/{digest}", f"/v2/app/manifests/{digest}"):
        assert (await registry.get(path)).body == target


async def test_helm_writes_an_underscore_for_a_plus(registry: Registry) -> None:
    await registry.push_image("1.0.0_build.5")
    assert (await registry.get("/v2/app/tags/list")).json["tags"] == ["1.0.0_build.5"]


# cosign ------------------------------------------------------------------------------------------


async def test_cosign_looks_at_its_tag_before_it_signs(registry: Registry) -> None:
    raw = await registry.push_image("v1")
    tag = f"{Digest.of(raw).replace(':', '-')}.sig"
    assert (await registry.get(f"/v2/app/manifests/{tag}")).code == "MANIFEST_UNKNOWN"
    payload = b'{"critical": {}}'
    await registry.push_blob(payload)
    layer = {
        **descriptor(SIMPLE_SIGNING, payload),
        "annotations": {"dev.cosignproject.cosign/signature": "MEUCIQ=="},
    }
    signature = encode({**_document(), "layers": [layer]})
    assert (await registry.push_manifest(signature, tag)).status == 201
    # A second signature is added to the first one: the tag moves.
    again = encode({**_document(), "layers": [layer, layer]})
    assert (await registry.push_manifest(again, tag)).status == 201
    assert (await registry.get(f"/v2/app/manifests/{tag}")).body == again


async def test_cosign_writes_no_fallback_tag_where_the_subject_is_understood(
    registry: Registry,
) -> None:
    raw = await registry.push_image("v1")
    bundle = image([], subject=descriptor(OCI_MANIFEST, raw))
    answer = await registry.push_manifest(bundle, Digest.of(bundle))
    assert answer.header("OCI-Subject") == Digest.of(raw)


async def test_older_clients_fallback_tags_do_not_hide_their_referrers(registry: Registry) -> None:
    raw = await registry.push_image("v1")
    one = await registry.push_image("", [b"one"], subject=descriptor(OCI_MANIFEST, raw))
    two = await registry.push_image("", [b"two"], subject=descriptor(OCI_MANIFEST, raw))
    entries = [descriptor(OCI_MANIFEST, one)]
    listed = encode({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries})
    tag = Digest.of(raw).replace(":", "-")
    assert (await registry.push_index(listed, tag)).status == 201
    found = (await registry.get(f"/v2/app/referrers/{Digest.of(raw)}")).json["manifests"]
    assert [entry["digest"] for entry in found] == [Digest.of(one), Digest.of(two)]
    assert (await registry.get(f"/v2/app/manifests/{tag}")).body == listed


def _document() -> dict[str, object]:
    return {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor("application/vnd.oci.image.config.v1+json", b"{}"),
    }
