"""Terraform with Harbor's own provider, unchanged, against a real server."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.harbor_site import Site, check_record
from tests.blackbox.harbor_talk import TALKS
from tests.blackbox.processes import Argument, Workspace, base_environment, run
from tests.blackbox.toolbox import Toolbox

CONFIGURATION = Path(__file__).with_name("harbor_terraform")
NAME = "terraform"
RECORDED = os.environ.get("ENTREPOT_RECORD") == "1"

# What cannot be read back, and so differs after an import: secrets, and what the provider never
# reads. All else must be as it was made.
UNREAD = {
    "harbor_project": {"force_destroy", "storage_quota"},
    "harbor_user": {"password"},
    "harbor_group": set[str](),
    "harbor_label": {"project_id"},
    "harbor_project_member_user": set[str](),
    "harbor_project_member_group": {"type"},
    "harbor_project_webhook": {"project_id", "events_types"},
    "harbor_registry": {"access_secret"},
    "harbor_replication": {"filters", "speed", "execute_on_changed"},
    "harbor_robot_account": {"secret"},
    "harbor_retention_policy": set[str](),
    "harbor_immutable_tag_rule": set[str](),
}


@dataclass(frozen=True, slots=True)
class Terraform:
    """One working directory with its state."""

    program: Path
    folder: Path
    env: dict[str, str]

    def __call__(self, command: str, *words: str) -> str:
        """Runs it, and returns what it printed."""
        given: list[Argument] = [
            self.program,
            f"-chdir={self.folder}",
            command,
            "-no-color",
            *words,
        ]
        return run(given, env=self.env).stdout

    def planned(self, *, changed: bool) -> dict[str, dict[str, Any]]:
        """What would be done to what, by address: nothing, where all is as written down."""
        self("plan", *self._words(changed=changed), "-out=plan")
        plan = json.loads(self("show", "-json", "plan"))
        changes = {each["address"]: each for each in plan["resource_changes"]}
        idle = (["no-op"], ["read"])
        return {
            address: each["change"]
            for address, each in changes.items()
            if each["change"]["actions"] not in idle or each["change"].get("importing")
        }

    def apply(self, *, changed: bool) -> None:
        """Makes all as it is written down."""
        self("apply", "-auto-approve", *self._words(changed=changed))

    def destroy(self, *, changed: bool) -> None:
        """Removes all of it."""
        self("destroy", "-auto-approve", *self._words(changed=changed))

    def resources(self) -> dict[str, dict[str, Any]]:
        """The attributes of what is in the state, by address."""
        state = json.loads(self("show", "-json")).get("values", {})
        found = state.get("root_module", {}).get("resources", [])
        return {each["address"]: each["values"] for each in found if each["mode"] == "managed"}

    def outputs(self) -> dict[str, Any]:
        """What the data sources saw."""
        seen: dict[str, Any] = json.loads(self("output", "-json"))["seen"]["value"]
        return seen

    @staticmethod
    def _words(*, changed: bool) -> list[str]:
        # One thing after the other, so that the numbers that things get are those of every run.
        return ["-input=false", "-parallelism=1", f"-var=changed={json.dumps(changed)}"]


def _terraform(toolbox: Toolbox, workspace: Workspace, site: Site) -> Terraform:
    """A fresh working directory; the provider comes from its folder, and nothing from elsewhere."""
    program = toolbox.harbor("terraform", "tofu")
    plugins = toolbox.harbor("terraform-provider-harbor").parent
    home = workspace.directory("terraform")
    folder, settings = home / "work", home / "cli.tfrc"
    shutil.copytree(CONFIGURATION, folder)
    settings.write_text(
        "provider_installation {\n"
        f'  dev_overrides {{\n    "goharbor/harbor" = "{plugins}"\n  }}\n'
        '  filesystem_mirror {\n    path = "/nonexistent"\n  }\n}\n'
    )
    env = {"TF_CLI_CONFIG_FILE": str(settings), "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
    env |= {"TF_VAR_url": site.url, "TF_VAR_password": site.password}
    return Terraform(program, folder, {**base_environment(home), **env})


def _import(terraform: Terraform, made: dict[str, dict[str, Any]]) -> None:
    """Plans the import of all that has an id of the registry's own."""
    blocks = [
        f'import {{\n  to = {address}\n  id = "{values["id"]}"\n}}\n'
        for address, values in made.items()
        if address.partition(".")[0] in UNREAD
    ]
    (terraform.folder / "imports.tf").write_text("\n".join(blocks))


def _differences(change: dict[str, Any]) -> set[str]:
    before, after, unknown = change["before"], change["after"], change["after_unknown"]
    return {name for name in after if before.get(name) != after[name] and not unknown.get(name)}


def test_life_of_everything(toolbox: Toolbox, workspace: Workspace, site: Site) -> None:
    terraform = _terraform(toolbox, workspace, site)
    numbers = [each["project_id"] for each in site.ask("/projects")]
    terraform.apply(changed=False)
    assert not terraform.planned(changed=False)
    terraform.apply(changed=True)
    assert not terraform.planned(changed=True)
    assert terraform.outputs() == {
        "projects": ["tf-plain", "tf-shop"],
        "users": ["tf-ada"],
        "groups": ["tf-developers"],
        "robots": 1,  # of the registry; those of projects are asked for by project
        "registry": "https://hub.docker.com",
    }

    made = terraform.resources()
    again = _terraform(toolbox, workspace, site)
    _import(again, made)
    planned = again.planned(changed=True)
    imported = {address for address, change in planned.items() if change.get("importing")}
    assert {address.partition(".")[0] for address in imported} == set(UNREAD)
    for address in imported:
        differs = _differences(planned[address])
        assert differs <= UNREAD[address.partition(".")[0]], (address, planned[address])

    terraform.destroy(changed=True)
    assert not terraform.resources()
    assert [each["project_id"] for each in site.ask("/projects")] == numbers
    for path in ("/robots", "/registries", "/replication/policies", "/usergroups"):
        assert not site.ask(path), path
    assert [each["username"] for each in site.ask("/users")] == ["admin"]

    if RECORDED:
        site.talk.save(TALKS / f"{NAME}.jsonl", site.images)
    check_record(site, NAME)


@pytest.mark.parametrize("words", [("plan",), ("apply", "-auto-approve")])
def test_a_wrong_password(
    toolbox: Toolbox, workspace: Workspace, site: Site, words: tuple[str, ...]
) -> None:
    terraform = _terraform(toolbox, workspace, site)
    terraform.env["TF_VAR_password"] = "wrong"
    (terraform.folder / "extra.tf").write_text('data "harbor_registry" "none" { name = "none" }\n')
    with pytest.raises(AssertionError, match="401"):
        terraform(*words, "-input=false", "-target=data.harbor_registry.none")
