"""`entrepot events`: what has happened, and what happens."""

import time
from collections.abc import Iterator

import click
import msgspec

from entrepot.client.made.events import EventsApi, EventShown

from .client import Client
from .messages import _
from .options import json_option, server_options, show_json, show_table

EVENTS_SHOWN = 50
EVENTS_MAX = 100_000
"""Most that are listed."""
PAGE = 1000
AGAIN_SECONDS = 2.0
"""Rest before a stream that has ended is opened again."""

# What people read, in one place.
HEADINGS = (_("EVENT"), _("TIME"), _("ACTOR"), _("KIND"), _("ABOUT"))
LACKING = _("some events are not kept any more: listed is what there is")
ANONYMOUS = "-"

_EVENT = msgspec.json.Decoder(EventShown)


@click.command("events", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--after", metavar="EVENT", help="Those after this one; `last` for none [0].")
@click.option("--follow", is_flag=True, help="Go on as they happen, until interrupted.")
@click.option("--project", help="Only those of one project.")
@click.option("--repository", help="Only those of one repository, by its full name.")
@click.option("--kind", help="Only those of one kind, as tag.moved.")
@click.option("--limit", default=EVENTS_SHOWN, show_default=True, help="How many, oldest first.")
@json_option
@server_options
def events(
    client: Client,
    *,
    after: str | None,
    follow: bool,
    limit: int,
    as_json: bool,
    **query: str | None,
) -> None:
    """List events, or follow them.

    Followed, each is a line.

    \b
    entrepot events --after 0 --project acme
    entrepot events --follow --kind tag.moved
    """  # noqa: D301 - click reads the control character
    if follow:
        for one in _followed(client, after or "last", query):
            _show_line(one, as_json=as_json)
        return
    found = _listed(client, after or "0", min(limit, EVENTS_MAX), query)
    if as_json:
        show_json(found)
    else:
        show_table(HEADINGS, [_row(one) for one in found])


def _listed(
    client: Client, after: str, most: int, query: dict[str, str | None]
) -> list[EventShown]:
    found: list[EventShown] = []
    while len(found) < most:
        limit = min(PAGE, most - len(found))
        page = EventsApi(client).list_events(**query, after=after, limit=limit)
        if page.lacking and after != "0":
            click.echo(LACKING, err=True)
        found += page.items
        after = str(page.next)
        if not page.more:
            break
    return found


def _followed(client: Client, after: str, query: dict[str, str | None]) -> Iterator[EventShown]:
    """Yield events as they come; a stream that ends is opened again where it was."""
    while True:
        for line in EventsApi(client).follow_events(**query, after=after):
            name, _colon, value = line.rstrip(b"\n").partition(b": ")
            if name == b"id":
                after = value.decode()
            elif name == b"data":
                yield _EVENT.decode(value)
        time.sleep(AGAIN_SECONDS)


def _show_line(one: EventShown, *, as_json: bool) -> None:
    if as_json:
        show_json(one)
    else:
        click.echo("  ".join(str(cell) for cell in _row(one)))


def _row(one: EventShown) -> tuple[object, ...]:
    about = one.repository or one.project
    if len(one.tags) == 1:
        about = f"{about}:{one.tags[0]}"
    elif one.digest:
        about = f"{about}@{one.digest}"
    return one.sequence, one.at, one.actor or ANONYMOUS, one.kind, about
