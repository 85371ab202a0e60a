"""What `entrepot migrate-catalog` tells."""

from typing import TYPE_CHECKING

import click

from .messages import _
from .options import show_json

if TYPE_CHECKING:
    from entrepot.rules.transfers import Transferred

# What people read, in one place.
COPIED = _("{table}: {rows} rows")
THERE = _("{rows} rows of {tables} tables are in {to}")
SAME = _("both catalogs hold the same: {digest}")
BEHIND = _(
    "The registry was written to meanwhile ({names}), which the copy lacks: do not use it. Set "
    "storage.read_only = true, restart, empty the new catalog, and run this again; pulls go on."
)
RUNNING = _("Servers may still run on the old catalog: what they write from now on is lost.")
SWITCH_URL = _("""\
Stop all servers, set in the settings of each of them
  [storage]
  catalog = "{to}"
with the password in its place (or ENTREPOT_STORAGE_CATALOG), without read_only, and start.""")
SWITCH_FILE = _("""\
Stop all servers. Let storage.catalog be empty, without read_only, and put {to}
into the data directory (storage.data) as catalog.db, where none is; start one server on it.""")


def tell_table(table: str, rows: int) -> None:
    """Say how far it is."""
    click.echo(COPIED.format(table=table, rows=rows), err=True)


def tell_transferred(done: "Transferred", *, as_json: bool) -> None:
    """Say what was copied, and what to set now."""
    if as_json:
        show_json({"settled": done.is_settled, "report": done})
        return
    rows = sum(done.rows.values())
    click.echo(THERE.format(rows=rows, tables=len(done.rows), to=done.to))
    if not done.is_settled:
        click.echo(BEHIND.format(names=", ".join(done.behind)))
        return
    click.echo(SAME.format(digest=done.digest))
    if done.is_running:
        click.echo(RUNNING)
    click.echo((SWITCH_URL if "://" in done.to else SWITCH_FILE).format(to=done.to))
