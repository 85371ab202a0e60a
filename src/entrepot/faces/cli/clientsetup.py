"""`entrepot client-setup`: what a client needs, printed or written."""

import json
import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from .client import CommandError
from .clientfiles import CLIENTS, PIPELINES, File, Registry, Setup
from .messages import _
from .options import EXIT_FAILED, json_option, show_json

HELP = {"help_option_names": ["-h", "--help"]}
CA_MAX_BYTES = 256 * 1024
LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""Where HTTP is meant if nothing else is said, as by docker."""
FILE_MAX_BYTES = 1024 * 1024

# What people read, in one place.
NOT_AN_ADDRESS = _("'{url}' is not an address: write it as https://HOST or http://HOST:PORT")
NOT_PEM = _("{file} holds no certificate in PEM: name the file of the authority")
NO_CI = _("say which: --kind github, gitlab or jenkins")
NOT_JSON = _("{file} is not a JSON object: set it right first, or write the keys yourself")
WROTE = _("wrote {path}")
SAME = _("{path} is as it should be")
WOULD = _("would write {path}")
RUN = _("Then run:")
KNOW = _("Notes:")


@click.command("client-setup", context_settings=HELP)
@click.argument("client", type=click.Choice([*CLIENTS, "ci"]))
@click.option(
    "--registry",
    "url",
    envvar="ENTREPOT_SERVER",
    default="http://localhost:5000",
    metavar="URL",
    help="The registry's address [http://localhost:5000].",
)
@click.option(
    "--ca",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The authority's certificate, where clients do not trust it: with --tls auto that is "
    "DATA/tls/server.crt.",
)
@click.option("--username", default="", help="Who the client logs in as.")
@click.option("--password-stdin", is_flag=True, help="Read the password for a pull secret.")
@click.option("--mirror-of", default="", metavar="HOST", help="Ask here first for images of HOST.")
@click.option("--kind", type=click.Choice([*PIPELINES]), help="Which CI, for `ci`.")
@click.option("--secret-name", default="entrepot", help="Name of the pull secret [entrepot].")
@click.option("--namespace", default="default", help="Namespace of the pull secret [default].")
@click.option(
    "--write",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="ROOT",
    help="Write the files below ROOT, as /, instead of printing them.",
)
@click.option("--dry-run", is_flag=True, help="With --write: only say what would be written.")
@json_option
def client_setup(  # noqa: PLR0913 - one for each option
    *,
    client: str,
    url: str,
    ca: Path | None,
    username: str,
    password_stdin: bool,
    mirror_of: str,
    kind: str | None,
    secret_name: str,
    namespace: str,
    write: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Print or write what CLIENT needs to use the registry.

    \b
    entrepot client-setup docker --registry https://registry.example.com --ca ca.crt
    entrepot client-setup containerd --mirror-of docker.io --write /
    entrepot client-setup ci --kind gitlab --registry https://registry.example.com
    """  # noqa: D301 - click reads the control character
    try:
        registry = Registry(
            _address(url),
            _certificate(ca),
            username,
            sys.stdin.readline(4096).rstrip("\n") if password_stdin else "",
            mirror_of,
            secret_name,
            namespace,
        )
        setup = _setup(client, kind, registry)
        if as_json:
            show_json(_plain(setup))
        elif write is not None:
            _write(setup, write, dry_run=dry_run)
            _rest(setup)
        else:
            _show(setup)
    except (CommandError, OSError) as error:
        click.echo(f"entrepot: {error}", err=True)
        sys.exit(EXIT_FAILED)


def _setup(client: str, kind: str | None, registry: Registry) -> Setup:
    if client != "ci":
        return CLIENTS[client](registry)
    if kind is None:
        raise CommandError(NO_CI)
    return PIPELINES[kind](registry)


def _address(url: str) -> str:
    scheme = "http" if urlsplit(f"//{url}").hostname in LOOPBACK else "https"
    text = (url if "://" in url else f"{scheme}://{url}").rstrip("/")
    parts = urlsplit(text)
    plain = not (parts.path or parts.query or parts.fragment or parts.username)
    if parts.scheme not in ("http", "https") or not parts.hostname or not plain:
        raise CommandError(NOT_AN_ADDRESS.format(url=url))
    return text


def _certificate(file: Path | None) -> str:
    if file is None:
        return ""
    with file.open("rb") as opened:
        text = opened.read(CA_MAX_BYTES).decode("ascii", "replace")
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    if begin not in text or end not in text:
        raise CommandError(NOT_PEM.format(file=file))
    # A key in the same file is not for clients.
    parts = [part.partition(end)[0] for part in text.split(begin)[1:]]
    return "".join(f"{begin}{part}{end}\n" for part in parts)


def _show(setup: Setup) -> None:
    for file in setup.files:
        click.secho(f"# {_place(file)}", bold=True)
        click.echo(file.text)
    _rest(setup)


def _rest(setup: Setup) -> None:
    if setup.commands:
        click.secho(RUN, bold=True)
        for command in setup.commands:
            click.echo(f"  {command}")
    if setup.notes:
        click.secho(KNOW, bold=True)
        for note in setup.notes:
            click.echo(f"  - {note}")


def _write(setup: Setup, root: Path, *, dry_run: bool) -> None:
    """Write files that are not as they should be; of JSON files only our keys."""
    for file in setup.files:
        path = root / file.path
        text = _merged(path, file)
        if path.exists() and path.read_text(encoding="utf-8") == text:
            click.echo(SAME.format(path=path))
        elif dry_run:
            click.echo(WOULD.format(path=path))
        else:
            _replace(path, text, file.mode)
            click.echo(WROTE.format(path=path))


def _merged(path: Path, file: File) -> str:
    if file.merged is None or not path.exists():
        return file.text
    with path.open("rb") as opened:
        raw = opened.read(FILE_MAX_BYTES)
    try:
        there = json.loads(raw or b"{}")
    except ValueError as error:
        raise CommandError(NOT_JSON.format(file=path)) from error
    if not isinstance(there, dict):
        raise CommandError(NOT_JSON.format(file=path))
    for key, values in file.merged.items():
        before = there.get(key) or []
        if not isinstance(before, list):
            raise CommandError(NOT_JSON.format(file=path))
        there[key] = [*before, *(value for value in values if value not in before)]
    return json.dumps(there, indent=2) + "\n"


def _replace(path: Path, text: str, mode: int) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.entrepot")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text)
    fresh.replace(path)


def _place(file: File) -> str:
    return f"/{file.path}" if file.path.startswith("etc/") else file.path


def _plain(setup: Setup) -> dict[str, Any]:
    files = [{"path": _place(file), "text": file.text} for file in setup.files]
    return {"files": files, "commands": [*setup.commands], "notes": [*setup.notes]}
