"""`entrepot policy` and `entrepot quota`: what projects want, and may hold."""

import json
from typing import Any, TextIO

import click

from entrepot.client.made.policies import PoliciesApi, PolicyBody
from entrepot.client.made.quotas import QuotaBody, QuotasApi, QuotaView
from entrepot.rules.quota import human

from .client import Client, CommandError
from .messages import _
from .noting import note_project
from .options import (
    dry_run_option,
    json_option,
    server_options,
    show_change,
    show_json,
    show_removed,
    show_table,
    show_would,
)

QUOTAS_MAX = 100_000
"""Most that are listed."""
DOCUMENT_MAX_CHARACTERS = 64 * 1024
RETENTION = "retention"
PROJECT = "project"

# What people read, in one place.
KINDS = click.Choice(["aliases", "environment", "immutability", "naming", "options", RETENTION])
OWNERS = click.Choice([PROJECT, "user"])
SET = _("{kind} policy of project {project} set")
REMOVED = _("{kind} policy of project {project} removed")
WOULD_REMOVE = _(
    "{kind} policy of project {project}, set at {at} by {by}, would be removed; nothing was changed"
)
LIMITED = _("quota of {kind} {name}: storage {storage}, manifests {manifests}")
POLICY_HEADINGS = ("KIND", "CHANGED", "BY")
QUOTA_HEADINGS = ("NAME", "USED", "LIMIT", "MANIFESTS", "LIMIT")
NO_LIMIT = "-"
UNLIMITED = _("unlimited")
TOO_LONG = _("the document is longer than {most} characters")
NOT_JSON = _("the document is not JSON: {reason}")
NOTHING_TO_SET = _("say what to set: --storage, --manifests or both")


@click.group("policy", context_settings={"help_option_names": ["-h", "--help"]})
def policies() -> None:
    """Say what a project wants of its tags."""


@policies.command("list")
@click.argument("project")
@json_option
@server_options
def list_policies(client: Client, project: str, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List the policies of PROJECT."""
    found = PoliciesApi(client).list_policies(project).items
    if as_json:
        show_json(found)
    else:
        rows = [(one.kind, one.changed_at, one.changed_by) for one in found]
        show_table(POLICY_HEADINGS, rows)


@policies.command("get")
@click.argument("project")
@click.argument("kind", type=KINDS)
@json_option
@server_options
def get_policy(client: Client, project: str, kind: str, *, as_json: bool) -> None:
    """Print the policy of that KIND, as `set` reads it."""
    found = PoliciesApi(client).get_policy(project, kind)
    if as_json:
        show_json(found)
        return
    document = found.document
    text = document.get("text") if isinstance(document, dict) else document
    click.echo(text.rstrip("\n") if isinstance(text, str) else json.dumps(document, indent=2))


@policies.command("set")
@click.argument("project")
@click.argument("kind", type=KINDS)
@click.argument("file", type=click.File(encoding="utf-8"), default="-")
@json_option
@server_options
def set_policy(client: Client, project: str, kind: str, file: TextIO, *, as_json: bool) -> None:
    """Set the policy of that KIND from FILE.

    It is JSON, or text for retention; stdin without FILE.

    \b
    entrepot policy set acme retention rules.txt
    echo 'keep n: 10' | entrepot policy set acme retention
    """  # noqa: D301 - click reads the control character
    document = _document(kind, file.read(DOCUMENT_MAX_CHARACTERS + 1))
    made = PoliciesApi(client).put_policy(project, kind, PolicyBody(document=document))
    show_change(made, SET.format(kind=kind, project=project), as_json=as_json)
    note_project(client, project)


@policies.command("remove")
@click.argument("project")
@click.argument("kind", type=KINDS)
@dry_run_option
@json_option
@server_options
def remove_policy(client: Client, project: str, kind: str, *, dry_run: bool, as_json: bool) -> None:
    """Remove the policy of that KIND."""
    facts = {"kind": kind, "project": project}
    if dry_run:
        found = PoliciesApi(client).get_policy(project, kind)
        text = WOULD_REMOVE.format(**facts, at=found.changed_at, by=found.changed_by)
        show_would([found], [text], as_json=as_json)
        return
    PoliciesApi(client).remove_policy(project, kind)
    show_removed([kind], [REMOVED.format(**facts)], as_json=as_json)


@click.group("quota", context_settings={"help_option_names": ["-h", "--help"]})
def quotas() -> None:
    """Say what projects and users may hold."""


@quotas.command("list")
@click.option("--kind", type=OWNERS, default="project", help="Whose quotas [project].")
@json_option
@server_options
def list_quotas(client: Client, kind: str, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List what projects or users hold, and their limits."""
    found = [*QuotasApi(client).list_quotas_all(kind=kind, most=QUOTAS_MAX)]
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
    found = QuotasApi(client).get_quota(kind, name)
    if as_json:
        show_json(found)
    else:
        show_table(QUOTA_HEADINGS, [_row(found)])


@quotas.command("set", short_help="Limit what a project or user may hold.")
@click.argument("kind", type=OWNERS)
@click.argument("name")
@click.option("--storage", metavar="SIZE", help="Most bytes, as 100GB or 10GiB; -1 for no limit.")
@click.option(
    "--manifests", type=click.IntRange(min=-1), metavar="N", help="Most manifests; -1: no limit."
)
@json_option
@server_options
def set_quota(
    client: Client,
    kind: str,
    name: str,
    storage: str | None,
    manifests: int | None,
    *,
    as_json: bool,
) -> None:
    """Limit what the project or user NAME may hold; what is not given stays.

    \b
    entrepot quota set project acme --storage 100GB
    entrepot quota set user alice --manifests 1000 --storage -1
    """  # noqa: D301 - click reads the control character
    if storage is None and manifests is None:
        raise click.UsageError(NOTHING_TO_SET)
    api = QuotasApi(client)
    body = QuotaBody(limit_bytes=storage, limit_manifests=manifests)
    if storage is None or manifests is None:
        old = api.get_quota(kind, name)
        body.limit_bytes = old.limit_bytes if storage is None else storage
        body.limit_manifests = old.limit_manifests if manifests is None else manifests
    found = api.put_quota(kind, name, body)
    told = [UNLIMITED if text == NO_LIMIT else text for text in (_row(found)[2], _row(found)[4])]
    text = LIMITED.format(kind=kind, name=name, storage=told[0], manifests=told[1])
    show_change(found, text, as_json=as_json)
    if kind == PROJECT:
        note_project(client, name)


def _document(kind: str, text: str) -> Any:
    if len(text) > DOCUMENT_MAX_CHARACTERS:
        raise CommandError(TOO_LONG.format(most=DOCUMENT_MAX_CHARACTERS))
    if kind == RETENTION and not text.lstrip().startswith(("{", '"')):
        # A line feed at the end would be one more, empty line of what `export` prints.
        return {"text": text.strip("\n")}
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CommandError(NOT_JSON.format(reason=error)) from error


def _row(found: QuotaView) -> tuple[str, ...]:
    most_bytes, most = found.limit_bytes, found.limit_manifests
    return (
        found.name,
        human(found.used_bytes),
        NO_LIMIT if most_bytes is None else human(most_bytes),
        str(found.manifests),
        NO_LIMIT if most is None else str(most),
    )
