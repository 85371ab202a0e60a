"""Cosign against a real server: signatures as referrers, and in tags."""

import json

import pytest

from tests.blackbox.command_line import PASSWORD_OF_KEYS, CommandLine
from tests.blackbox.processes import CommandFailedError, Workspace
from tests.blackbox.server import Registry
from tests.blackbox.toolbox import Toolbox
from tools.corpus.shelf import Shelf

INSECURE = ("--allow-insecure-registry", "--allow-http-registry")
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
OFFLINE = ("--insecure-ignore-tlog=true",)
OLDER = ("--new-bundle-format=false",)


@pytest.fixture(scope="module")
def cosign(toolbox: Toolbox, workspace: Workspace, registry: Registry) -> CommandLine:
    """Cosign, logged in, with a key pair and no transparency log."""
    program = toolbox.unpacked("cosign")
    settings = {"COSIGN_PASSWORD": PASSWORD_OF_KEYS, "COSIGN_YES": "true"}
    client = CommandLine.at_home(program, workspace, **settings)
    if registry.login is not None:
        words = ("login", registry.host, "--username", registry.login.username)
        client(*words, "--password-stdin", stdin=registry.login.password)
    client("generate-key-pair", "--output-key-prefix", client.home / "key")
    client("signing-config", "create", "--out", client.home / "signing.json")
    return client


@pytest.fixture
def signed(request: pytest.FixtureRequest, registry: Registry, shelf: Shelf) -> str:
    """An image by its digest, in a repository named after the test."""
    image, repository = shelf.image("edge", "zero-layers"), f"cosign/{request.node.name}"
    registry.wire().push(image, repository)
    return f"{registry.host}/{repository}@{image.digest}"


def test_signature_as_referrer(
    needs_referrers: None, cosign: CommandLine, registry: Registry, signed: str
) -> None:
    key, rules = cosign.home / "key.key", cosign.home / "signing.json"
    cosign("sign", "--key", key, "--signing-config", rules, *INSECURE, signed)
    repository, _, digest = signed.removeprefix(f"{registry.host}/").partition("@")
    (entry,) = registry.wire().referrers(repository, digest) or []
    assert entry["artifactType"] == BUNDLE
    printed = cosign("verify", "--key", cosign.home / "key.pub", *OFFLINE, *INSECURE, signed)
    assert digest in printed


def test_unsigned_is_refused(cosign: CommandLine, signed: str) -> None:
    with pytest.raises(CommandFailedError, match=r"no signatures found|no matching"):
        cosign("verify", "--key", cosign.home / "key.pub", *OFFLINE, *INSECURE, signed)


def test_signature_in_a_tag(cosign: CommandLine, registry: Registry, signed: str) -> None:
    older = ("--use-signing-config=false", "--tlog-upload=false", *OLDER)
    cosign("sign", "--key", cosign.home / "key.key", *older, *INSECURE, signed)
    repository, _, digest = signed.removeprefix(f"{registry.host}/").partition("@")
    assert digest.replace(":", "-") + ".sig" in registry.wire().tags(repository)
    verify = ("verify", "--key", cosign.home / "key.pub", *OFFLINE, *OLDER)
    (claim,) = json.loads(cosign(*verify, *INSECURE, signed))
    assert claim["critical"]["image"]["docker-manifest-digest"] == digest


def test_attestation(
    needs_referrers: None, cosign: CommandLine, registry: Registry, signed: str
) -> None:
    predicate = cosign.home / "sbom.json"
    predicate.write_text(json.dumps({"spdxVersion": "SPDX-2.3", "name": "app", "packages": []}))
    key, rules = cosign.home / "key.key", cosign.home / "signing.json"
    kind = ("--type", "spdxjson")
    made = ("--key", key, "--signing-config", rules, "--predicate", predicate)
    cosign("attest", *made, *kind, *INSECURE, signed)
    verify = ("verify-attestation", "--key", cosign.home / "key.pub")
    assert cosign(*verify, *kind, *OFFLINE, *INSECURE, signed)
