"""The `entrepot` command."""

import os
import sys
from collections.abc import Coroutine
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from entrepot import __version__
from entrepot.faces.cli.audit import audit
from entrepot.faces.cli.bench.command import bench
from entrepot.faces.cli.bundle.command import bundle
from entrepot.faces.cli.clientsetup import client_setup
from entrepot.faces.cli.completion import attach, completion
from entrepot.faces.cli.conformance import conformance
from entrepot.faces.cli.declaring import apply, export, plan
from entrepot.faces.cli.enabling import disable, enable, show
from entrepot.faces.cli.events import events
from entrepot.faces.cli.explain import explain, whoami
from entrepot.faces.cli.failing import at_catalog, cause_of
from entrepot.faces.cli.gc import collector
from entrepot.faces.cli.grants import grants
from entrepot.faces.cli.groups import groups
from entrepot.faces.cli.health import health
from entrepot.faces.cli.history import diff, history, resolve, rollback
from entrepot.faces.cli.jobs import jobs, schedules
from entrepot.faces.cli.keys import keys, secrets
from entrepot.faces.cli.labels import labels
from entrepot.faces.cli.login import login, logout
from entrepot.faces.cli.messages import LANGUAGE, _
from entrepot.faces.cli.messages.helping import translate
from entrepot.faces.cli.messages.widths import padded
from entrepot.faces.cli.migration import ask_for_migration, job_args, tell_migrated
from entrepot.faces.cli.options import json_option
from entrepot.faces.cli.places import place_options
from entrepot.faces.cli.policies import policies, quotas
from entrepot.faces.cli.projects import projects
from entrepot.faces.cli.recovery import (
    ask_for_backup,
    tell_copied,
    tell_findings,
    tell_rebuilt,
    tell_restored,
)
from entrepot.faces.cli.remotes import remotes, replication
from entrepot.faces.cli.repositories import (
    describe,
    dockerfile,
    list_repositories,
    readme,
    show_repository,
    usage,
)
from entrepot.faces.cli.retention import retention
from entrepot.faces.cli.robots import robots
from entrepot.faces.cli.roles import roles
from entrepot.faces.cli.schema import tell_ran, tell_schema
from entrepot.faces.cli.sections import Sections
from entrepot.faces.cli.site import settings
from entrepot.faces.cli.storage import cost, scrub
from entrepot.faces.cli.tiers import tier
from entrepot.faces.cli.tokens import tokens
from entrepot.faces.cli.transferring import tell_table, tell_transferred
from entrepot.faces.cli.trash import repositories, trash
from entrepot.faces.cli.users import users
from entrepot.faces.cli.webhooks import webhooks
from entrepot.faces.cli.workloads import workloads
from entrepot.oci.errors import Fault
from entrepot.ports.catalog import Busy
from entrepot.settings import Settings, SettingsError, Sources, read

if TYPE_CHECKING:
    from entrepot.serving import Started

Result = TypeVar("Result")

EXIT_FAILED = 1
EXIT_UNUSABLE = 2

# What people read, in one place.
ONE_CONFIG = _("name one file of settings, with --config or without")
NEW_ADMINISTRATOR = _("First start: an administrator was made.")
NEW_HTPASSWD = _("There was no {path}: one was made.")
READY = _("Entrepot {version} is ready at {where}")
OPEN_HERE = _("OPEN: anyone on this machine may push, pull and delete, without a password")
OPEN_TO_ALL = _("OPEN: whoever reaches this server may push, pull and delete, without a password")
USER = _("user:")
PASSWORD = _("password:")
TRUST = _("trust:")
NEXT = _("next:")
DATA_AT = _("data:")
OWN_CERTIFICATE = _("(clients need it: the certificate is our own)")
SHOWN_ONCE = _("(shown this once; `{command}` sets another)")
LABEL_COLUMNS = 16
HELP = {"help_option_names": ["-h", "--help"]}
MIGRATION_RATE = "Most bytes in a second [100000000]."


EPILOG = """\
Messages are in English, or in Chinese where LANG or ENTREPOT_LANG begins with zh. Nearly all
commands print JSON with --json. The exit status is 0 when it was done, 1 when not, 2 when the
command was not understood. `entrepot completion --help` tells how shells complete all this.\
"""


@click.group(cls=Sections, context_settings=HELP, epilog=EPILOG)
@click.version_option(__version__, prog_name="entrepot")
def main() -> None:
    """Entrepot, a container image registry in one process."""


main.add_command(users, "user")
main.add_command(policies, "policy")
main.add_command(quotas, "quota")
for command in (repositories, projects, trash, history, resolve, diff, rollback, retention):
    main.add_command(command)
for command in (audit, collector, cost, scrub, tier, jobs, schedules):
    main.add_command(command)
for command in (plan, apply, export, client_setup):
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
for command in (labels, remotes, replication, settings):
    main.add_command(command)
for command in (list_repositories, show_repository, describe, readme, usage, dockerfile):
    repositories.add_command(command)
for command in (webhooks, events):
    main.add_command(command)
main.add_command(bench)
main.add_command(bundle)
main.add_command(conformance)
main.add_command(health)
main.add_command(completion)


@main.command(short_help="Run the registry until it is told to stop.")
@click.option("--data", metavar="DIR", help="Where everything is kept [./data].")
@click.option("--catalog", metavar="URL", help="The catalog of many replicas: postgresql://...")
@click.option("--blobs", metavar="URL", help="Where they keep blobs: s3://BUCKET, gs://, az://.")
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
        raise click.exceptions.UsageError(ONE_CONFIG)
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
    except Busy as error:
        # Nobody writes yet: it is the connection.
        told = at_catalog(error, sources.settings.storage.catalog)
        click.echo(f"entrepot: {told}", err=True)
        sys.exit(EXIT_FAILED)
    except serving.CANNOT_START as error:
        click.echo(f"entrepot: {cause_of(error)}", err=True)
        sys.exit(EXIT_FAILED)


DATA = click.option(
    "--data",
    envvar="ENTREPOT_DATA",
    default="./data",
    metavar="DIR",
    help="Data directory [./data].",
)


@main.command(short_help="Check the data of a stopped registry, or of a fleet.")
@place_options
@click.option("--read", is_flag=True, help="Read every blob and compare its digest.")
@click.option("--stopped", is_flag=True, help="Of a fleet: no replica runs; check uploads too.")
@json_option
def fsck(given: Settings, *, read: bool, stopped: bool, as_json: bool) -> None:
    """Check the data of a stopped registry, or of a fleet; exit status 1 if something is wrong.

    Replicas of a fleet may go on: nothing is changed, and what comes and goes is no finding.
    """
    from entrepot import serving

    try:
        findings, debris = _finished(serving.inspect_settings(given, read=read, stopped=stopped))
    except (ValueError, *serving.CANNOT_START) as error:
        click.echo(f"entrepot: {cause_of(error)}", err=True)
        sys.exit(EXIT_UNUSABLE)
    tell_findings(findings, debris, as_json=as_json)
    sys.exit(EXIT_FAILED if findings else 0)


COPY = click.option("--copy", is_flag=True, help="Copy blobs even where a hard link would do.")


@main.command(short_help="Make the catalog of a stopped registry anew.")
@place_options
@click.option(
    "--old-catalog",
    metavar="URL|FILE",
    default="",
    envvar="ENTREPOT_OLD_CATALOG",
    help="Of a fleet: take accounts and access over from this one.",
)
@click.option("--read", is_flag=True, help="Read every blob and compare its digest.")
@click.option("--force", is_flag=True, help="Replace a catalog that can be read by one with less.")
@json_option
def rebuild(given: Settings, *, old_catalog: str, read: bool, force: bool, as_json: bool) -> None:
    """Make the catalog anew from journal and blobs; exit status 1 if something is lost.

    That of a fleet goes into an empty database, named with --catalog, while no replica runs.
    ENTREPOT_STORAGE_CATALOG and ENTREPOT_OLD_CATALOG keep passwords out of the list of processes.
    """
    from entrepot import serving

    try:
        work = serving.rebuild_settings(given, read=read, force=force, old=old_catalog)
        made = _finished(work)
    except (ValueError, *serving.CANNOT_START) as error:
        click.echo(f"entrepot: {cause_of(error)}", err=True)
        sys.exit(EXIT_UNUSABLE)
    tell_rebuilt(made.report, made.kept, is_swapped=made.is_swapped, as_json=as_json)
    sys.exit(0 if made.report.is_whole else EXIT_FAILED)


@main.command(short_help="Copy a registry, running or stopped, to a directory.")
@place_options
@COPY
@json_option
@click.argument("target", type=click.Path(file_okay=False, path_type=Path))
def backup(given: Settings, target: Path, *, copy: bool, as_json: bool) -> None:
    """Bring the backup in TARGET up to date; exit status 1 if something is missing in it.

    Of a registry that runs, by its server: TARGET is then a directory of the server's machine.
    PostgreSQL and buckets are backed up with their own tools.
    """
    from entrepot import serving

    try:
        copied = _finished(serving.backup_settings(given, target, links=not copy))
    except serving.DirectoryBusy:
        ask_for_backup(Path(given.storage.data), target, as_json=as_json)
        return
    except (Fault, *serving.CANNOT_START) as error:
        click.echo(f"entrepot: {cause_of(error)}", err=True)
        sys.exit(EXIT_UNUSABLE)
    tell_copied(copied, as_json=as_json)
    sys.exit(EXIT_FAILED if copied.missing else 0)


@main.command(short_help="Make a data directory from a backup.")
@DATA
@COPY
@json_option
@click.argument("source", type=click.Path(exists=True, file_okay=False, path_type=Path))
def restore(data: str, source: Path, *, copy: bool, as_json: bool) -> None:
    """Make a new data directory from the backup in SOURCE; exit status 1 if something is wrong."""
    from entrepot import serving

    try:
        changed, copied = _finished(serving.restore_backup(source, Path(data), links=not copy))
        findings, _ = _finished(serving.inspect(Path(data), read=False))
    except (Fault, *serving.CANNOT_START) as error:
        click.echo(f"entrepot: {cause_of(error)}", err=True)
        sys.exit(EXIT_UNUSABLE)
    tell_restored(changed, copied, findings, as_json=as_json)
    sys.exit(EXIT_FAILED if changed or copied.missing or findings else 0)


@main.command("migrate-storage", short_help="Copy all blobs into another store.")
@click.option("--data", metavar="DIR", help="Where everything is kept [./data].")
@click.option(
    "--config", metavar="FILE", type=click.Path(dir_okay=False), help="The server's settings."
)
@click.option(
    "--to", metavar="URL|DIR", required=True, help="Where to: s3://BUCKET, gs://, az:// or DIR."
)
@click.option("--rate", metavar="BYTES", type=click.IntRange(1, 1 << 40), help=MIGRATION_RATE)
@click.option("--verify", is_flag=True, help="Read all of it again there.")
@json_option
def migrate_storage(
    data: str | None, config: str | None, to: str, rate: int | None, *, verify: bool, as_json: bool
) -> None:
    """Copy all blobs into another store, and say how to switch to it; exit status 1 if not all are.

    While the server runs it copies, and serves on; once more when it is stopped brings the rest.
    """
    from entrepot import serving

    args = job_args(to, rate, verify=verify)
    try:
        given = read(config, os.environ, {("storage", "data"): data} if data else {}).settings
    except SettingsError as error:
        raise click.exceptions.UsageError(str(error)) from error
    tell = partial(click.echo, err=True)
    try:
        done = _finished(serving.migrate_stopped(given, args, tell))
    except serving.DirectoryBusy:
        ask_for_migration(Path(given.storage.data), args, as_json=as_json)
        return
    except (Fault, ValueError, *serving.CANNOT_START) as error:
        click.echo(f"entrepot: {cause_of(error)}", err=True)
        sys.exit(EXIT_UNUSABLE)
    tell_migrated(done, args["to"], as_json=as_json)
    sys.exit(0 if done.is_settled and not (done.missing or done.damaged) else EXIT_FAILED)


@main.command("migrate-catalog", short_help="Copy the catalog into another database.")
@click.option("--data", metavar="DIR", help="Where everything is kept [./data].")
@click.option(
    "--config", metavar="FILE", type=click.Path(dir_okay=False), help="The server's settings."
)
@click.option(
    "--to",
    metavar="URL|FILE",
    required=True,
    envvar="ENTREPOT_MIGRATE_TO",
    help="Where to: postgresql://..., empty, or a new file.",
)
@json_option
def migrate_catalog(data: str | None, config: str | None, to: str, *, as_json: bool) -> None:
    """Copy the catalog into another database, and say how to switch to it.

    Servers go on; with storage.read_only = true nothing is lost that they are asked for meanwhile.
    Exit status 1 if the old catalog was changed, so that it must be done again. The copy is
    compared row for row. ENTREPOT_MIGRATE_TO keeps a password out of the list of processes.
    """
    from entrepot import serving

    try:
        given = read(config, os.environ, {("storage", "data"): data} if data else {}).settings
    except SettingsError as error:
        raise click.exceptions.UsageError(str(error)) from error
    try:
        done = _finished(serving.migrate_catalog(given, to, tell_table))
    except (Fault, *serving.CANNOT_START) as error:
        click.echo(f"entrepot: {cause_of(error)}", err=True)
        sys.exit(EXIT_UNUSABLE)
    tell_transferred(done, as_json=as_json)
    sys.exit(0 if done.is_settled else EXIT_FAILED)


@main.group("catalog", short_help="The schema of a catalog on PostgreSQL.")
def catalog_group() -> None:
    """The schema of a catalog on PostgreSQL."""


@catalog_group.command("migrate", short_help="Bring the schema up to date, or look at it.")
@click.option(
    "--config", metavar="FILE", type=click.Path(dir_okay=False), help="The server's settings."
)
@click.option("--check", is_flag=True, help="Only say what is pending; exit status 1 if anything.")
@click.option("--post", is_flag=True, help="Also remove what no server of this version needs.")
@json_option
def migrate_schema(config: str | None, *, check: bool, post: bool, as_json: bool) -> None:
    """Bring the schema up to date, as the first server of a new version does when it starts.

    What older servers need stays, until --post; that waits for none of them to be connected.
    """
    from entrepot import serving

    try:
        given = read(config, os.environ, {}).settings
        if check:
            done = tell_schema(_finished(serving.look(given)), as_json=as_json)
            sys.exit(0 if done else EXIT_FAILED)
        tell_ran(_finished(serving.bring_up(given, with_post=post)), as_json=as_json)
    except serving.CANNOT_START as error:
        click.echo(f"entrepot: {cause_of(error)}", err=True)
        sys.exit(EXIT_UNUSABLE)


def _finished(work: Coroutine[Any, Any, Result]) -> Result:
    """Return what becomes of work in a loop of its own."""
    import asyncio

    return asyncio.run(work)


def _tell_password(password: str) -> None:
    """Say the first administrator's password, which is not kept anywhere."""
    click.echo(NEW_ADMINISTRATOR)
    _tell_account("admin", password, "entrepot user passwd admin")


def _tell_htpasswd(path: Path, name: str, password: str) -> None:
    """Say the password of the user of a new htpasswd file, which is not kept anywhere."""
    click.echo(NEW_HTPASSWD.format(path=path))
    _tell_account(name, password, "htpasswd -B")


def _tell_account(name: str, password: str, command: str) -> None:
    click.echo(_line(USER, name))
    click.echo(_line(PASSWORD, password))
    click.echo(_line("", SHOWN_ONCE.format(command=command)))


def _line(label: str, text: object) -> str:
    return f"  {padded(label, LABEL_COLUMNS)}{text}"


def _tell_started(started: "Started") -> None:
    """Say in a few lines what runs and what to type next."""
    scheme = "https" if started.tls else "http"
    ports = [address for address in started.addresses if not address.startswith("unix:")]
    if not ports:
        click.echo(READY.format(version=__version__, where=started.addresses[0]))
        sys.stdout.flush()
        return
    shown = [address for address in ports if not address.startswith("[")]
    host = (shown or ports)[0]
    host = host.replace("127.0.0.1:", "localhost:").replace("0.0.0.0:", "localhost:")
    lines = [READY.format(version=__version__, where=f"{scheme}://{host}")]
    if started.open:
        lines.append(f"  {OPEN_HERE}")
    if started.to_everyone:
        lines.append(f"  {OPEN_TO_ALL}")
    if started.ca_file:
        lines.append(_line(TRUST, f"{started.ca_file}   {OWN_CERTIFICATE}"))
    unasked = started.open or started.to_everyone
    login = [] if unasked else [f"docker login {host} -u {started.user}"]
    commands = [*login, f"docker tag IMAGE {host}/myapp:1.0", f"docker push {host}/myapp:1.0"]
    lines += [_line("" if number else NEXT, command) for number, command in enumerate(commands)]
    lines.append(_line(DATA_AT, started.data))
    click.echo("\n".join(lines))
    sys.stdout.flush()


def _sources(config: str | None, options: dict[str, Any]) -> Sources:
    flags: dict[tuple[str, str], Any] = {}
    if options["data"]:
        flags["storage", "data"] = options["data"]
    for name in ("catalog", "blobs"):
        if options[name]:
            flags["storage", name] = options[name]
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


if LANGUAGE is not None:
    translate(main)
attach(main)
