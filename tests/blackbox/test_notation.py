"""Notation (Notary Project) against a real server."""

import json

import pytest

from tests.blackbox.command_line import CommandLine
from tests.blackbox.processes import CommandFailedError, Workspace
from tests.blackbox.server import Registry
from tests.blackbox.toolbox import Toolbox
from tools.corpus.shelf import Shelf

INSECURE = "--insecure-registry"
SIGNATURE = "application/vnd.cncf.notary.signature"
NAME = "entrepot-test"
POLICY = {
    "version": "1.0",
    "trustPolicies": [
        {
            "name": "all",
            "registryScopes": ["*"],
            "signatureVerification": {"level": "strict"},
            "trustStores": [f"ca:{NAME}"],
            "trustedIdentities": ["*"],
        }
    ],
}


@pytest.fixture(scope="module")
def notation(toolbox: Toolbox, workspace: Workspace, registry: Registry) -> CommandLine:
    """Notation with a test certificate that it trusts, and credentials."""
    client = CommandLine.at_home(toolbox.unpacked("notation"), workspace)
    if registry.login is not None:
        # `notation login` wants a system keychain: these are its documented variables.
        client.env["NOTATION_USERNAME"] = registry.login.username
        client.env["NOTATION_PASSWORD"] = registry.login.password
    client("cert", "generate-test", "--default", NAME)
    settings = client.home / "config" / "notation"
    (settings / "trustpolicy.json").write_text(json.dumps(POLICY))
    return client


@pytest.mark.parametrize("envelope", ["jws", "cose"])
def test_sign_list_verify(
    envelope: str,
    needs_referrers: None,
    notation: CommandLine,
    registry: Registry,
    shelf: Shelf,
) -> None:
    image, repository = shelf.image("edge", "zero-layers"), f"notation/{envelope}"
    registry.wire().push(image, repository)
    name = f"{registry.host}/{repository}@{image.digest}"
    with pytest.raises(CommandFailedError, match="no signature is associated"):
        notation("verify", INSECURE, name)
    notation("sign", INSECURE, "--signature-format", envelope, name)
    (entry,) = registry.wire().referrers(repository, image.digest) or []
    assert entry["artifactType"] == SIGNATURE
    assert entry["digest"] in notation("ls", INSECURE, name)
    assert "Successfully verified" in notation("verify", INSECURE, name)
