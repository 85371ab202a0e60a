"""The `entrepot` command."""

import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from entrepot import __version__
from entrepot.faces.cli.audit import audit
from entrepot.faces.cli.bench.command import bench
from entrepot.faces.cli.conformance import conformance
from entrepot.faces.cli.enabling import disable, enable, show
from entrepot.faces.cli.explain import explain, whoami
from entrepot.faces.cli.gc import collector
from entrepot.faces.cli.grants import grants, roles
from entrepot.faces.cli.groups import groups
from entrepot.faces.cli.history import diff, history, resolve, rollback
from entrepot.faces.cli.jobs import jobs, schedules
from entrepot.faces.cli.keys import keys, secrets
from entrepot.faces.cli.login import login, logout
from entrepot.faces.cli.policies import policies, quotas
from entrepot.faces.cli.projects import projects
from entrepot.faces.cli.recovery import (
    ask_for_backup,
    tell_copied,
    tell_rebuilt,
    tell_restored,
)
from entrepot.faces.cli.retention import retention
from entrepot.faces.cli.robots import robots
from entrepot.faces.cli.storage import cost, scrub
from entrepot.faces.cli.tokens import tokens
from entrepot.faces.cli.trash import repositories, trash
from entrepot.faces.cli.users import users
from entrepot.faces.cli.workloads import workloads
from entrepot.oci.errors import Fault
from entrepot.settings import SettingsError, Sources, read

if TYPE_CHECKING:
    from entrepot.serving import Started

Result = TypeVar("Result")

EXIT_FAILED = 1
EXIT_UNUSABLE = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="entrepot")
def main() -> None:
    """Entrepot, a container image registry in one process."""


main.add_command(users, "user")
main.add_command(policies, "policy")
main.add_command(quotas, "quota")
for command in (repositories, projects, trash, history, resolve, diff, rollback, retention):
    main.add_command(command)
for command in (audit, collector, cost, scrub, jobs, schedules):
    main.add_command(command)
for command in (grants, roles, explain, whoami):
    main.add_command(command)
for command in (login, logout, keys, secrets):
    main.add_command(command)
for command in (robots, tokens):
    main.add_command(command)
for command in (groups, workloads):
    main.add_command(command)
for command in (enable, disable, show):
    users.add_command(command)
main.add_command(bench)
main.add_command(conformance)


@main.command(short_help="Run the registry until it is told to stop.")
@click.option("--data", metavar="DIR", help="Where everything is kept [./data].")
@click.option(
    "--listen",
    metavar="HOST:PORT",
    multiple=True,
    help="Where to listen, may be repeated [localhost:5000]; *:5000 is every address, unix:/PATH "
    "a socket.",
)
@click.option(
    "--config",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="TOML settings, or the config.yml of a registry:2; CONFIG is the same.",
)
@click.argument("file", metavar="[CONFIG]", required=False, type=click.Path(dir_okay=False))
@click.option("--open", "open_", is_flag=True, help="Let anyone push and pull; loopback only.")
@click.option("--tls", type=click.Choice(["auto"]), help="Serve HTTPS with an own certificate.")
@click.option("--tls-cert", metavar="FILE", help="Serve HTTPS with this certificate chain.")
@click.option("--tls-key", metavar="FILE", help="The certificate's private key.")
@click.option("--workers", metavar="N", type=int, help="Processes that serve [1].")
def serve(config: str | None, file: str | None, **options: Any) -> None:
    """Run the registry until it is told to stop (Ctrl-C or SIGTERM)."""
    if config and file:
        raise click.exceptions.UsageError("name one file of settings, with --config or without")
    config = config or file
    try:
        sources = _sources(config, options)
    except SettingsError as error:
        raise click.exceptions.UsageError(str(error)) from error
    for note in sources.notes:
        click.echo(f"entrepot: {note}", err=True)
    # A command that only talks to a server should not wait for one to be loaded.
    from entrepot import serving

    try:
        serving.run(
            sources.settings,
            serving.Announce(_tell_password, _tell_started, _tell_htpasswd),
            lambda: _sources(config, options).settings,
        )
    except serving.CANNOT_START as error:
        click.echo(f"entrepot: {error}", err=True)
        sys.exit(EXIT_FAILED)


@main.command(short_help="Check the data of a stopped registry.")
@click.option("--data", envvar="ENTREPOT_DATA", default="./data", help="Data directory [./data].")
@click.option("--read", is_flag=True, help="Read every blob and compare its digest.")
def fsck(data: str, read: bool) -> None:  # noqa: FBT001 - click passes by name
    """Check the data of a stopped registry; exit status 1 if something is wrong."""
    from entrepot import serving

    try:
        findings, debris = _finished(serving.inspect(Path(data), read=read))
    except serving.CANNOT_START as error:
        click.echo(f"entrepot: {error}", err=True)
        sys.exit(EXIT_UNUSABLE)
    for finding in findings:
        click.echo(f"{finding.invariant}: {finding.message}")
    click.echo(f"{len(findings)} findings; {debris} blobs that nothing refers to")
    sys.exit(EXIT_FAILED if findings else 0)


DATA = click.option("--data", envvar="ENTREPOT_DATA", default="./data", help="Data directory.")
COPY = click.option("--copy", is_flag=True, help="Copy blobs even where a hard link would do.")


@main.command(short_help="Make the catalog of a stopped registry anew.")
@DATA
@click.option("--read", is_flag=True, help="Read every blob and compare its digest.")
@click.option("--force", is_flag=True, help="Replace a catalog that can be read by one with less.")
def rebuild(data: str, read: bool, force: bool) -> None:  # noqa: FBT001 - click passes by name
    """Make the catalog anew from journal and blobs; exit status 1 if something is lost."""
    from entrepot import serving

    try:
        made = _finished(serving.rebuild(Path(data), read=read, force=force))
    except serving.CANNOT_START as error:
        click.echo(f"entrepot: {error}", err=True)
        sys.exit(EXIT_UNUSABLE)
    tell_rebuilt(made.report, made.kept, is_swapped=made.is_swapped)
    sys.exit(0 if made.report.is_whole else EXIT_FAILED)


@main.command(short_help="Copy a registry, running or stopped, to a directory.")
@DATA
@COPY
@click.argument("target", type=click.Path(file_okay=False, path_type=Path))
def backup(data: str, copy: bool, target: Path) -> None:  # noqa: FBT001 - click passes by name
    """Bring the backup in TARGET up to date; exit status 1 if something is missing in it.

    Of a registry that runs, by its server: TARGET is then a directory of the server's machine.
    """
    from entrepot import serving

    try:
        copied = _finished(serving.backup_stopped(Path(data), target, links=not copy))
    except serving.DirectoryBusy:
        ask_for_backup(Path(data), target)
        return
    except (Fault, *serving.CANNOT_START) as error:
        click.echo(f"entrepot: {error}", err=True)
        sys.exit(EXIT_UNUSABLE)
    tell_copied(copied)
    sys.exit(EXIT_FAILED if copied.missing else 0)


@main.command(short_help="Make a data directory from a backup.")
@DATA
@COPY
@click.argument("source", type=click.Path(exists=True, file_okay=False, path_type=Path))
def restore(data: str, copy: bool, source: Path) -> None:  # noqa: FBT001 - click passes by name
    """Make a new data directory from the backup in SOURCE; exit status 1 if something is wrong."""
    from entrepot import serving

    try:
        changed, copied = _finished(serving.restore_backup(source, Path(data), links=not copy))
        findings, _ = _finished(serving.inspect(Path(data), read=False))
    except (Fault, *serving.CANNOT_START) as error:
        click.echo(f"entrepot: {error}", err=True)
        sys.exit(EXIT_UNUSABLE)
    tell_restored(changed, copied, findings)
    sys.exit(EXIT_FAILED if changed or copied.missing or findings else 0)


def _finished(work: Coroutine[Any, Any, Result]) -> Result:
    """Return what becomes of work in a loop of its own."""
    import asyncio

    return asyncio.run(work)


def _tell_password(password: str) -> None:
    """Say the first administrator's password, which is not kept anywhere."""
    click.echo("First start: an administrator was made.")
    click.echo("  user:           admin")
    click.echo(f"  password:       {password}")
    click.echo("                  (shown this once; `entrepot user passwd admin` sets another)")


def _tell_htpasswd(path: Path, name: str, password: str) -> None:
    """Say the password of the user of a new htpasswd file, which is not kept anywhere."""
    click.echo(f"There was no {path}: one was made.")
    click.echo(f"  user:           {name}")
    click.echo(f"  password:       {password}")
    click.echo("                  (shown this once; `htpasswd -B` sets another)")


def _tell_started(started: "Started") -> None:
    """Say in a few lines what runs and what to type next."""
    scheme = "https" if started.tls else "http"
    ports = [address for address in started.addresses if not address.startswith("unix:")]
    if not ports:
        click.echo(f"Entrepot {__version__} is ready at {started.addresses[0]}")
        sys.stdout.flush()
        return
    shown = [address for address in ports if not address.startswith("[")]
    host = (shown or ports)[0]
    host = host.replace("127.0.0.1:", "localhost:").replace("0.0.0.0:", "localhost:")
    lines = [f"Entrepot {__version__} is ready at {scheme}://{host}"]
    if started.open:
        lines.append("  OPEN: anyone on this machine may push, pull and delete, without a password")
    if started.to_everyone:
        lines.append(
            "  OPEN: whoever reaches this server may push, pull and delete, without a password"
        )
    if started.ca_file:
        lines.append(
            f"  trust:          {started.ca_file}   (clients need it: the certificate is our own)"
        )
    unasked = started.open or started.to_everyone
    login = [] if unasked else [f"docker login {host} -u {started.user}"]
    commands = [*login, f"docker tag IMAGE {host}/myapp:1.0", f"docker push {host}/myapp:1.0"]
    lines += [
        f"  {'next:' if number == 0 else '':15} {command}"
        for number, command in enumerate(commands)
    ]
    lines.append(f"  data:           {started.data}")
    click.echo("\n".join(lines))
    sys.stdout.flush()


def _sources(config: str | None, options: dict[str, Any]) -> Sources:
    flags: dict[tuple[str, str], Any] = {}
    if options["data"]:
        flags["storage", "data"] = options["data"]
    if options["listen"]:
        flags["server", "listen"] = list(options["listen"])
    if options["open_"]:
        flags["auth", "open"] = True
    if options["workers"] is not None:
        flags["server", "workers"] = options["workers"]
    if options["tls"]:
        flags["server", "tls"] = options["tls"]
    if options["tls_cert"] or options["tls_key"]:
        flags["server", "tls"] = "files"
        flags["server", "tls_cert"] = options["tls_cert"] or ""
        flags["server", "tls_key"] = options["tls_key"] or ""
    return read(config, os.environ, flags)
