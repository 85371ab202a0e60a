"""The `entrepot` command."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import click
import uvloop

from entrepot import __version__
from entrepot.adapters.catalog import CatalogUnusable
from entrepot.adapters.datadir import DirectoryBusy
from entrepot.faces.cli.users import users
from entrepot.faces.server import ListenError
from entrepot.settings import Settings, SettingsError, load
from entrepot.wiring import Started, run_server

EXIT_SETTINGS = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="entrepot")
def main() -> None:
    """Entrepot, a container image registry in one process."""


main.add_command(users, "user")


@main.command()
@click.option("--data", metavar="DIR", help="Where everything is kept [./data].")
@click.option(
    "--listen",
    metavar="HOST:PORT",
    multiple=True,
    help="Where to listen, may be repeated [localhost:5000]; *:5000 is every address.",
)
@click.option("--config", metavar="FILE", type=click.Path(dir_okay=False), help="TOML settings.")
@click.option("--open", "open_", is_flag=True, help="Let anyone push and pull; loopback only.")
@click.option("--tls", type=click.Choice(["auto"]), help="Serve HTTPS with an own certificate.")
@click.option("--tls-cert", metavar="FILE", help="Serve HTTPS with this certificate chain.")
@click.option("--tls-key", metavar="FILE", help="The certificate's private key.")
def serve(config: str | None, **options: Any) -> None:
    """Run the registry until it is told to stop (Ctrl-C or SIGTERM)."""
    try:
        settings = _settings(config, options)
    except SettingsError as error:
        raise click.exceptions.UsageError(str(error)) from error
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run_server(settings, _announce))
    except (DirectoryBusy, ListenError, CatalogUnusable, ValueError, OSError) as error:
        click.echo(f"entrepot: {error}", err=True)
        sys.exit(1)


def _announce(started: Started) -> None:
    """Say in a few lines what runs and what to type next."""
    scheme = "https" if started.tls else "http"
    shown = [address for address in started.addresses if not address.startswith("[")]
    host = (shown or [*started.addresses])[0]
    host = host.replace("127.0.0.1:", "localhost:").replace("0.0.0.0:", "localhost:")
    lines = [f"Entrepot {__version__} is ready at {scheme}://{host}"]
    if started.open:
        lines.append("  OPEN: anyone on this machine may push, pull and delete, without a password")
    if started.generated_password:
        lines += [
            "  administrator:  admin",
            f"  password:       {started.generated_password}   (shown this once; "
            "`entrepot user passwd admin` sets another)",
        ]
    if started.ca_file:
        lines.append(
            f"  trust:          {started.ca_file}   (clients need it: the certificate is our own)"
        )
    login = [] if started.open else [f"docker login {host} -u admin"]
    commands = [*login, f"docker tag IMAGE {host}/myapp:1.0", f"docker push {host}/myapp:1.0"]
    lines += [
        f"  {'next:' if number == 0 else '':15} {command}"
        for number, command in enumerate(commands)
    ]
    lines.append(f"  data:           {started.data}")
    click.echo("\n".join(lines))
    sys.stdout.flush()


def _settings(config: str | None, options: dict[str, Any]) -> Settings:
    flags: dict[tuple[str, str], Any] = {}
    if options["data"]:
        flags["storage", "data"] = options["data"]
    if options["listen"]:
        flags["server", "listen"] = list(options["listen"])
    if options["open_"]:
        flags["auth", "open"] = True
    if options["tls"]:
        flags["server", "tls"] = options["tls"]
    if options["tls_cert"] or options["tls_key"]:
        flags["server", "tls"] = "files"
        flags["server", "tls_cert"] = options["tls_cert"] or ""
        flags["server", "tls_key"] = options["tls_key"] or ""
    try:
        text = Path(config).read_text(encoding="utf-8") if config else None
    except OSError as error:
        raise SettingsError(f"{config}: {error.strerror}") from error
    return load(text, os.environ, flags)
