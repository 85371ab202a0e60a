"""`entrepot remote` and `entrepot replication`: other registries."""

import sys
from typing import IO

import click
import msgspec

from entrepot.client.made.remotes import NewRemote, RemoteChange, RemotesApi, RemoteView
from entrepot.client.made.replication import ReplicationApi, ReplicationBody, ReplicationView

from .asking import ask_password, be_sure
from .client import Client, CommandError
from .messages import _
from .options import (
    EXIT_FAILED,
    dry_run_option,
    json_option,
    server_options,
    show_change,
    show_json,
    show_removed,
    show_table,
    show_would,
)

REMOTES_MAX = 1000
DOCUMENT_MAX_CHARACTERS = 64 * 1024

# What people read, in one place.
MADE = _("registry {name} added")
CHANGED = _("registry {name} changed")
REMOVED = _("registry {name} removed")
THERE = _("registry {name} answers and lets in")
NO_REMOTE = _("there is no registry {name}: list them (entrepot remote list)")
NO_POLICY = _("there is no replication policy {name}: list them (entrepot replication list)")
WOULD_REMOVE = _("registry {name} at {url} would be removed; nothing was changed")
WOULD_REMOVE_POLICY = _(
    "replication policy {name}, changed at {at}, would be removed; nothing was changed"
)
ON, OFF = _("yes"), _("no")
SURE = _("Remove registry {name}?")
SURE_POLICY = _("Remove replication policy {name}?")
ASK_SECRET = _("Secret of {account}")
NO_TERMINAL = _("there is no terminal to ask for the secret at: set ENTREPOT_REMOTE_SECRET")
POLICY_SET = _("replication policy {name} kept; this version does not copy yet")
POLICY_RUN = _("replication policy {name} is being done")
POLICY_REMOVED = _("replication policy {name} removed")
NO_OBJECT = _("the document is no JSON object")
HEADINGS = ("ID", "NAME", "KIND", "URL", "ACCOUNT", "DESCRIPTION")
POLICY_HEADINGS = ("ID", "NAME", "ENABLED", "DIRECTION", "REGISTRY", "CHANGED")
HELP = {"help_option_names": ["-h", "--help"]}

_account = click.option(
    "--account", metavar="NAME", help="Whom it lets in; the secret is asked for."
)
_secret = click.option(
    "--secret",
    envvar="ENTREPOT_REMOTE_SECRET",
    help="Its secret; better given in ENTREPOT_REMOTE_SECRET.",
)


@click.group("remote", context_settings=HELP)
def remotes() -> None:
    """Keep other registries, and their accounts."""


@remotes.command("list")
@json_option
@server_options
def list_remotes(client: Client, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List other registries."""
    found = _all(client)
    if as_json:
        show_json(found)
        return
    rows = [
        (one.id, one.name, one.kind, one.url, one.account or "-", one.description) for one in found
    ]
    show_table(HEADINGS, rows)


@remotes.command()
@click.argument("name")
@click.argument("url")
@click.option("--kind", default="oci", help="Which product it is [oci].")
@_account
@_secret
@click.option("--insecure", is_flag=True, help="Do not check its certificate.")
@click.option("--description", default="", help="What it is for.")
@json_option
@server_options
def add(client: Client, name: str, url: str, account: str | None, **given: str | bool) -> None:
    """Add registry NAME at URL.

    \b
    entrepot remote add hub https://registry-1.docker.io --account alice
    """  # noqa: D301 - click reads the control character
    new = NewRemote(
        name=name,
        url=url,
        kind=str(given["kind"]),
        description=str(given["description"]),
        account=account or "",
        secret=_asked(account, given["secret"]) or "",
        insecure=bool(given["insecure"]),
    )
    made = RemotesApi(client).add_another_registry(new)
    show_change(made, MADE.format(name=name), as_json=bool(given["as_json"]))


@remotes.command()
@click.argument("name")
@click.option("--url", help="Where it is now; give the secret again.")
@_account
@_secret
@click.option("--insecure/--secure", default=None, help="Whether its certificate counts.")
@click.option("--description", help="What it is for.")
@json_option
@server_options
def change(client: Client, name: str, account: str | None, **given: str | bool | None) -> None:
    """Change registry NAME; what is not named stays."""
    url, description, insecure = given["url"], given["description"], given["insecure"]
    body = RemoteChange(
        url=str(url) if url is not None else None,
        description=str(description) if description is not None else None,
        account=account,
        secret=_asked(account, given["secret"]),
        insecure=bool(insecure) if insecure is not None else None,
    )
    changed = RemotesApi(client).change_another_registry(_found(client, name).id, body)
    show_change(changed, CHANGED.format(name=name), as_json=bool(given["as_json"]))


@remotes.command()
@click.argument("name")
@json_option
@server_options
def ping(client: Client, name: str, *, as_json: bool) -> None:
    """Ask whether registry NAME is there and lets its account in."""
    reached = RemotesApi(client).ask_whether_registry_is_there(_found(client, name).id)
    if as_json:
        show_json(reached)
        sys.exit(0 if reached.ok else EXIT_FAILED)
    if not reached.ok:
        raise CommandError(reached.reason)
    click.echo(THERE.format(name=name))


@remotes.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@dry_run_option
@json_option
@server_options
def remove(client: Client, name: str, *, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Remove registry NAME, with its account."""
    remote = _found(client, name)
    if dry_run:
        show_would([remote], [WOULD_REMOVE.format(name=name, url=remote.url)], as_json=as_json)
        return
    if not yes:
        be_sure(SURE.format(name=name))
    RemotesApi(client).remove_another_registry(remote.id)
    show_removed([name], [REMOVED.format(name=name)], as_json=as_json)


@click.group("replication", context_settings=HELP)
def replication() -> None:
    """Keep replication policies.

    This version checks and keeps them, and does not copy yet.
    """


@replication.command("list")
@json_option
@server_options
def list_policies(client: Client, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List replication policies."""
    found = _policies(client)
    if as_json:
        show_json(found)
        return
    names = {one.id: one.name for one in _all(client)}
    rows = [
        (
            one.id,
            one.name,
            ON if one.enabled else OFF,
            one.document.get("direction", "push"),
            names.get(one.remote, one.remote),
            one.changed_at,
        )
        for one in found
    ]
    show_table(POLICY_HEADINGS, rows)


@replication.command("get")
@click.argument("name")
@json_option
@server_options
def get_policy(client: Client, name: str, *, as_json: bool) -> None:
    """Print replication policy NAME as JSON."""
    found = _policy(client, name)
    if as_json:
        show_json(found)
    else:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())


@replication.command("set", short_help="Keep a replication policy, from a file.")
@click.argument("name")
@click.argument("remote", metavar="REGISTRY")
@click.argument("document", type=click.File("r"))
@click.option("--enabled/--disabled", default=True, help="Whether it is in force.")
@json_option
@server_options
def set_policy(
    client: Client, name: str, remote: str, document: IO[str], *, enabled: bool, as_json: bool
) -> None:
    """Keep replication policy NAME: what file DOCUMENT says, between here and REGISTRY.

    \b
    entrepot replication set nightly hub policy.json --disabled
    """  # noqa: D301 - click reads the control character
    try:
        read = msgspec.json.decode(document.read(DOCUMENT_MAX_CHARACTERS))
    except msgspec.DecodeError as error:
        raise CommandError(f"{NO_OBJECT}: {error}") from error
    if not isinstance(read, dict):
        raise CommandError(NO_OBJECT)
    body = ReplicationBody(
        name=name, remote=_found(client, remote).id, document=read, enabled=enabled
    )
    old = next((one for one in _policies(client) if one.name == name), None)
    if old is None:
        made = ReplicationApi(client).make_replication_policy(body)
    else:
        made = ReplicationApi(client).change_replication_policy(old.id, body)
    show_change(made, POLICY_SET.format(name=name), as_json=as_json)


@replication.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@dry_run_option
@json_option
@server_options
def remove_policy(client: Client, name: str, *, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Remove replication policy NAME."""
    policy = _policy(client, name)
    if dry_run:
        text = WOULD_REMOVE_POLICY.format(name=name, at=policy.changed_at)
        show_would([policy], [text], as_json=as_json)
        return
    if not yes:
        be_sure(SURE_POLICY.format(name=name))
    ReplicationApi(client).remove_replication_policy(policy.id)
    show_removed([name], [POLICY_REMOVED.format(name=name)], as_json=as_json)


@replication.command("run")
@click.argument("name")
@json_option
@server_options
def run_policy(client: Client, name: str, *, as_json: bool) -> None:
    """Copy what replication policy NAME says; this version does not yet."""
    ReplicationApi(client).run_replication_policy(_policy(client, name).id)
    show_change({"done": True}, POLICY_RUN.format(name=name), as_json=as_json)


def _asked(account: str | None, secret: object) -> str | None:
    if secret is not None:
        return str(secret)
    if not account:
        # An account that is taken away has no secret either.
        return None if account is None else ""
    return ask_password(ASK_SECRET.format(account=account), cure=NO_TERMINAL)


def _all(client: Client) -> list[RemoteView]:
    return [*RemotesApi(client).list_other_registries_all(most=REMOTES_MAX)]


def _found(client: Client, name: str) -> RemoteView:
    found = next((one for one in _all(client) if one.name == name), None)
    if found is None:
        raise CommandError(NO_REMOTE.format(name=name))
    return found


def _policies(client: Client) -> list[ReplicationView]:
    return [*ReplicationApi(client).list_replication_policies_all(most=REMOTES_MAX)]


def _policy(client: Client, name: str) -> ReplicationView:
    found = next((one for one in _policies(client) if one.name == name), None)
    if found is None:
        raise CommandError(NO_POLICY.format(name=name))
    return found
