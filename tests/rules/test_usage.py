"""Command lines that get an artifact."""

import pytest

from entrepot.oci.digest import Digest
from entrepot.oci.manifest import Manifest, parse
from entrepot.oci.mediatype import OCI_INDEX, OCI_MANIFEST
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.rules.usage import HELM_CONFIG, usage
from tests.services.house import descriptor, image, index

APP = RepositoryName("acme/app")
IMAGE = parse(image([b"x"]), OCI_MANIFEST)


def of_type(media_type: str) -> Manifest:
    return parse(image([b"x"], config=descriptor(media_type, b"{}")), OCI_MANIFEST)


@pytest.mark.parametrize("manifest", [IMAGE, parse(index([IMAGE.raw]), OCI_INDEX)])
def test_images_are_pulled_by_many_clients(manifest: Manifest) -> None:
    found = {one.client: one.command for one in usage("reg:5000", APP, Tag("v1"), manifest)}
    assert found["docker"] == "docker pull reg:5000/acme/app:v1"
    assert found["skopeo"] == "skopeo copy docker://reg:5000/acme/app:v1 oci:app"
    assert {*found} == {"docker", "podman", "containerd", "skopeo", "oras"}
    by_digest = usage("reg", RepositoryName("library/app"), manifest.digest, manifest)
    assert by_digest[0].command == f"docker pull reg/app@{manifest.digest}"


def test_charts_are_for_helm() -> None:
    chart = of_type(HELM_CONFIG)
    commands = [one.command for one in usage("reg", APP, Tag("1.2.3_4"), chart)]
    assert commands == [
        "helm pull oci://reg/acme/app --version 1.2.3+4",
        "helm install app oci://reg/acme/app --version 1.2.3+4",
        "helm show all oci://reg/acme/app --version 1.2.3+4",
    ]
    digest = Digest.of(b"")
    assert usage("reg", APP, digest, chart)[0].command == f"helm pull oci://reg/acme/app@{digest}"


def test_other_artifacts_are_for_oras() -> None:
    found = usage("reg", APP, Tag("v1"), of_type("application/vnd.example+json"))
    assert [one.command for one in found] == [
        "oras pull reg/acme/app:v1",
        "skopeo inspect --raw docker://reg/acme/app:v1",
    ]


@pytest.mark.parametrize("host", ["", "a b", "x;rm -rf /", "x\n", "$(id)", "a" * 256])
def test_attack_a_host_that_a_shell_would_run(host: str) -> None:
    with pytest.raises(ValueError, match="no host"):
        usage(host, APP, Tag("v1"), IMAGE)
