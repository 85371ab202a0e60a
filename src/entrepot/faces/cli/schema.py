"""What `entrepot catalog migrate` tells."""

from collections.abc import Sequence
from typing import Any

import click

from .messages import _
from .options import show_json

# What people read, in one place.
AT = _("the catalog has schema {revision}; this version's own is {own}")
EMPTY = _("the database is empty: the first server makes the schema")
PRE = _("pending, and run by the first server that starts: {names}")
POST = _("pending, and run by `entrepot catalog migrate --post`: {names}")
OLDER = _("connected servers that are too old for that: schema {names}; stop them first")
NOTHING = _("nothing is pending")
RAN = _("the catalog was brought to schema {names}")


def tell_schema(found: dict[str, Any], *, as_json: bool) -> bool:
    """Say how far the schema is; return whether nothing is pending."""
    if as_json:
        show_json(found)
    elif not found["revision"]:
        click.echo(EMPTY)
    else:
        click.echo(AT.format(**found))
        for text, key in ((PRE, "pre"), (POST, "post"), (OLDER, "older")):
            if found[key]:
                click.echo(text.format(names=", ".join(found[key])))
        if not found["pre"] and not found["post"]:
            click.echo(NOTHING)
    return not found["pre"] and not found["post"]


def tell_ran(names: Sequence[str], *, as_json: bool) -> None:
    """Say which revisions were run."""
    if as_json:
        show_json({"ran": list(names)})
    else:
        click.echo(RAN.format(names=", ".join(names)) if names else NOTHING)
