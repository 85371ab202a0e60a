"""`entrepot policy` and `entrepot quota`: what projects want, and may hold."""

import json
from typing import Any, TextIO
from urllib.parse import quote

import click

from entrepot.rules.quota import human

from .client import Client, CommandError
from .options import all_pages, json_option, server_options, show_json, show_table

ROOT = "/api/entrepot/v1"
QUOTAS_MAX = 100_000
"""Most that are listed."""
DOCUMENT_MAX_CHARACTERS = 64 * 1024
RETENTION = "retention"

# What people read, in one place.
KINDS = click.Choice(["aliases", "environment", "immutability", "naming", RETENTION])
OWNERS = click.Choice(["project", "user"])
SET = "{kind} policy of project {project} set"
REMOVED = "{kind} policy of project {project} removed"
LIMITED = "quota of {kind} {name}: {storage} of storage, {manifests} manifests"
POLICY_HEADINGS = ("KIND", "CHANGED", "BY")
QUOTA_HEADINGS = ("NAME", "USED", "LIMIT", "MANIFESTS", "LIMIT")
NO_LIMIT = "-"
NO_LIMIT_OF = "no limit of"
TOO_LONG = f"the document is longer than {DOCUMENT_MAX_CHARACTERS} characters"
NOT_JSON = "the document is not JSON: {reason}"
NOTHING_TO_SET = "say what to set: --storage, --manifests or both"


@click.group("policy", context_settings={"help_option_names": ["-h", "--help"]})
def policies() -> None:
    """Say what a project wants of its tags."""


@policies.command("list")
@click.argument("project")
@json_option
@server_options
def list_policies(client: Client, project: str, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List the policies of PROJECT."""
    found = all_pages(client, _policy_path(project), most=len(KINDS.choices))
    if as_json:
        show_json(found)
    else:
        rows = [(one["kind"], one["changed_at"], one["changed_by"]) for one in found]
        show_table(POLICY_HEADINGS, rows)


@policies.command("get")
@click.argument("project")
@click.argument("kind", type=KINDS)
@server_options
def get_policy(client: Client, project: str, kind: str) -> None:
    """Print the policy of that KIND, as `set` reads it."""
    document = client.call("GET", _policy_path(project, kind))["document"]
    text = document.get("text") if isinstance(document, dict) else document
    click.echo(text.rstrip("\n") if isinstance(text, str) else json.dumps(document, indent=2))


@policies.command("set")
@click.argument("project")
@click.argument("kind", type=KINDS)
@click.argument("file", type=click.File(encoding="utf-8"), default="-")
@server_options
def set_policy(client: Client, project: str, kind: str, file: TextIO) -> None:
    """Set the policy of that KIND from FILE.

    It is JSON, or text for retention; stdin without FILE.
    """
    document = _document(kind, file.read(DOCUMENT_MAX_CHARACTERS + 1))
    client.call("PUT", _policy_path(project, kind), {"document": document})
    click.echo(SET.format(kind=kind, project=project))


@policies.command("remove")
@click.argument("project")
@click.argument("kind", type=KINDS)
@server_options
def remove_policy(client: Client, project: str, kind: str) -> None:
    """Remove the policy of that KIND."""
    client.call("DELETE", _policy_path(project, kind))
    click.echo(REMOVED.format(kind=kind, project=project))


@click.group("quota", context_settings={"help_option_names": ["-h", "--help"]})
def quotas() -> None:
    """Say what projects and users may hold."""


@quotas.command("list")
@click.option("--kind", type=OWNERS, default="project", help="Whose quotas [project].")
@json_option
@server_options
def list_quotas(client: Client, kind: str, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List what projects or users hold, and their limits."""
    found = all_pages(client, f"{ROOT}/quotas?kind={kind}", most=QUOTAS_MAX)
    if as_json:
        show_json(found)
    else:
        show_table(QUOTA_HEADINGS, [_row(one) for one in found])


@quotas.command("show")
@click.argument("kind", type=OWNERS)
@click.argument("name")
@json_option
@server_options
def show_quota(client: Client, kind: str, name: str, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """Show what the project or user NAME holds, and its limits."""
    found = client.call("GET", _quota_path(kind, name))
    if as_json:
        show_json(found)
    else:
        show_table(QUOTA_HEADINGS, [_row(found)])


@quotas.command("set")
@click.argument("kind", type=OWNERS)
@click.argument("name")
@click.option("--storage", metavar="SIZE", help="Most bytes, as 100GB or 10GiB; -1 for no limit.")
@click.option(
    "--manifests", type=click.IntRange(min=-1), metavar="N", help="Most manifests; -1: no limit."
)
@server_options
def set_quota(
    client: Client, kind: str, name: str, storage: str | None, manifests: int | None
) -> None:
    """Limit what the project or user NAME may hold; what is not given stays."""
    if storage is None and manifests is None:
        raise click.UsageError(NOTHING_TO_SET)
    path = _quota_path(kind, name)
    body: dict[str, Any] = {"limit_bytes": storage, "limit_manifests": manifests}
    if storage is None or manifests is None:
        old = client.call("GET", path)
        body = {key: old[key] if value is None else value for key, value in body.items()}
    found = client.call("PUT", path, body)
    told = [NO_LIMIT_OF if text == NO_LIMIT else text for text in (_row(found)[2], _row(found)[4])]
    click.echo(LIMITED.format(kind=kind, name=name, storage=told[0], manifests=told[1]))


def _document(kind: str, text: str) -> Any:
    if len(text) > DOCUMENT_MAX_CHARACTERS:
        raise CommandError(TOO_LONG)
    if kind == RETENTION and not text.lstrip().startswith(("{", '"')):
        return {"text": text}
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CommandError(NOT_JSON.format(reason=error)) from error


def _row(found: dict[str, Any]) -> tuple[str, ...]:
    most_bytes, most = found["limit_bytes"], found["limit_manifests"]
    return (
        found["name"],
        human(found["used_bytes"]),
        NO_LIMIT if most_bytes is None else human(most_bytes),
        str(found["manifests"]),
        NO_LIMIT if most is None else str(most),
    )


def _policy_path(project: str, kind: str | None = None) -> str:
    path = f"{ROOT}/projects/{quote(project, safe='')}/policies"
    return path if kind is None else f"{path}/{kind}"


def _quota_path(kind: str, name: str) -> str:
    return f"{ROOT}/quotas/{kind}/{quote(name, safe='')}"
