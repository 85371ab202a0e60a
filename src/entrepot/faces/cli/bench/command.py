"""`entrepot bench`: measures any registry, or compares two in one run."""

from typing import Any

import click

REPOSITORY = "entrepot-bench/app"
COUNT = click.IntRange(1, 100)


@click.command(
    "bench",
    short_help="Measure a registry, or compare two by turns.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.argument("urls", metavar="URL [URL2]", nargs=-1, required=True)
@click.option("--user", default="", help="Who you are there; the password is ENTREPOT_PASSWORD.")
@click.option("--password", envvar="ENTREPOT_PASSWORD", default="", hidden=True)
@click.option(
    "--repository", default=REPOSITORY, help=f"Where it pushes to and pulls from [{REPOSITORY}]."
)
@click.option("--only", default="", metavar="TEXT", help="Only work whose name has this text.")
@click.option("--rounds", type=COUNT, default=3, help="Rounds of each work, on each registry [3].")
@click.option(
    "--seconds", type=click.FloatRange(0.05, 3600), default=3.0, help="Seconds of each round [3]."
)
@click.option("--tags", is_flag=True, help="Also make and list 100,000 tags: takes minutes.")
@click.option(
    "--processes", type=COUNT, default=1, help="Processes of the client, one core each [1]."
)
@click.option("--pid", type=int, multiple=True, help="A server's process, to see what it uses.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def bench(**options: Any) -> None:
    """Measure a registry, or compare two by turns: pulls, pushes, ranges, lists.

    It pushes some GiB to the repository and leaves them there: use a registry made for it.
    """
    # The server, and the other commands, start without what only this one needs.
    from .run import Wish, run

    run(Wish(**options))
