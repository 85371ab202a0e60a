"""`entrepot history`, `resolve`, `diff` and `rollback`: where tags were, and back."""

from typing import Any
from urllib.parse import quote, urlencode

import click

from .client import NOT_OURS, Client, CommandError
from .following import ROOT, show_started, wait_option
from .naming import repository_path, short, split_moment, split_tag
from .options import all_pages, json_option, server_options, show_json, show_table

MOVES_SHOWN = 50
MOVES_MAX = 100_000
TAGS_MAX = 1_000_000
STEPS_MAX = 100_000
"""Most steps of a plan that are shown."""
PAGE = 1000
HELP = {"help_option_names": ["-h", "--help"]}

# What people read, in one place.
MOVE_HEADINGS = ("AT", "TAG", "FROM", "TO", "BY", "CLIENT")
TAG_HEADINGS = ("TAG", "DIGEST", "SINCE", "MANIFEST")
DIFF_HEADINGS = ("TAG", "CHANGE", "FROM", "TO")
STEP_HEADINGS = ("TAG", "ACTION", "FROM", "TO", "REFUSED")
IN_TRASH = "its manifest is in the trash: `entrepot rollback` or `entrepot trash restore` brings it"
GONE = "its manifest was purged since: it can only be pushed again"
NOTHING = "nothing to do: all is as it was at {at}"
WOULD = "steps that would be done: {count} of {all}; nothing was changed"
REFUSED = "{name}:{tag} stays where it is: {refusal}"
DONE = "{name}:{tag} is {action} {digest} again"
REMOVED = "{name}:{tag} is removed: it was not there at {at}"
TAG_OF_PROJECT = "--project goes back whole: name no tag"


@click.command("history", context_settings=HELP, short_help="Show who moved which tag, when.")
@click.argument("name", metavar="NAME[:TAG]")
@click.option("--limit", default=MOVES_SHOWN, show_default=True, help="How many, newest first.")
@json_option
@server_options
def history(client: Client, name: str, limit: int, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """Show each move of a repository's tags, or of one tag: who, when, from where to where."""
    repository, tag = split_tag(name)
    query = f"?tag={quote(tag)}" if tag else ""
    path = f"{repository_path(repository)}/history{query}"
    found = all_pages(client, path, most=min(limit, MOVES_MAX), cursor="before")
    if as_json:
        show_json(found)
        return
    rows = [
        (
            move["at"],
            move["tag"],
            short(move["before"]),
            short(move["after"]),
            move["actor"] or "-",
            move["client"],
        )
        for move in found
    ]
    show_table(MOVE_HEADINGS, rows)


@click.command("resolve", context_settings=HELP, short_help="Print the digest that a tag had.")
@click.argument("tagged", metavar="NAME:TAG@MOMENT")
@json_option
@server_options
def resolve(client: Client, tagged: str, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """Print the digest that a tag had: app:v1@2026-10-01T12:00Z, "app:v1@2h ago"."""
    name, tag, moment = split_moment(tagged)
    path = f"{repository_path(name)}/tags/{quote(tag, safe='')}?{urlencode({'at': moment})}"
    then = client.call("GET", path)
    if as_json:
        show_json(then)
        return
    click.echo(then["digest"])
    if then["standing"] != "here":
        told = IN_TRASH if then["standing"] == "trash" else GONE
        click.echo(f"entrepot: {told}", err=True)


@click.command("diff", context_settings=HELP, short_help="Show what changed between two moments.")
@click.argument("name")
@click.argument("earlier", metavar="FROM")
@click.argument("later", metavar="TO", default="now")
@json_option
@server_options
def diff(client: Client, name: str, earlier: str, later: str, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """Show which tags of repository NAME are different at TO than they were at FROM."""
    query = urlencode({"from": earlier, "to": later})
    found = all_pages(client, f"{repository_path(name)}/diff?{query}", most=TAGS_MAX)
    if as_json:
        show_json(found)
        return
    rows = [(one["tag"], one["change"], short(one["before"]), short(one["after"])) for one in found]
    show_table(DIFF_HEADINGS, rows)


@click.command("rollback", context_settings=HELP, short_help="Take tags back to where they were.")
@click.argument("name", metavar="NAME[:TAG]")
@click.argument("moment")
@click.option("--project", is_flag=True, help="NAME is a project: all its repositories go back.")
@click.option("--dry-run", is_flag=True, help="Show what would be done, and do nothing.")
@wait_option
@json_option
@server_options
def rollback(client: Client, name: str, moment: str, **given: bool) -> None:
    """Take a tag, or all tags of a repository, back to where they were at MOMENT.

    Tags that were not there then are removed, manifests come out of the trash where they are
    needed; nothing is purged, so that a rollback can be rolled back.
    """
    body = _body(name, moment, project=given["project"])
    if given["dry_run"]:
        _show_plan(client, body, as_json=given["as_json"])
        return
    answer = client.call("POST", f"{ROOT}/rollback", body)
    if "items" not in answer:
        show_started(client, answer, wait=given["wait"], as_json=given["as_json"])
    elif given["as_json"]:
        show_json(answer)
    else:
        _show_done(answer)


def _body(name: str, moment: str, *, project: bool) -> dict[str, Any]:
    if project:
        if ":" in name:
            raise click.UsageError(TAG_OF_PROJECT)
        return {"project": name, "at": moment}
    repository, tag = split_tag(name)
    return {"repository": repository, "at": moment, **({"tag": tag} if tag else {})}


def _show_plan(client: Client, body: dict[str, Any], *, as_json: bool) -> None:
    steps: list[dict[str, Any]] = []
    body = {**body, "dry_run": True}
    after: str | None = ""
    page: dict[str, Any] = {}
    while after is not None and len(steps) < STEPS_MAX:
        query = urlencode({"limit": PAGE, **({"after": after} if after else {})})
        page = client.call("POST", f"{ROOT}/rollback?{query}", body)
        try:
            steps += page["items"]
            # The further pages are of the same plan, whatever happens meanwhile.
            body |= {"at": page["at"], "through": page["through"]}
            after = page["next"] if page["next"] != after else None
        except (TypeError, KeyError) as error:
            raise CommandError(NOT_OURS) from error
    if as_json:
        show_json({"at": page["at"], "through": page["through"], "items": steps})
        return
    if not steps:
        click.echo(NOTHING.format(at=page["at"]))
        return
    rows = [
        (
            f"{one['repository']}:{one['tag']}",
            one["action"],
            short(one["before"]),
            short(one["after"]),
            one["refusal"],
        )
        for one in steps
    ]
    show_table(STEP_HEADINGS, rows)
    possible = sum(not one["refusal"] for one in steps)
    click.echo(WOULD.format(count=possible, all=len(steps)))


def _show_done(answer: dict[str, Any]) -> None:
    if not answer["items"]:
        click.echo(NOTHING.format(at=answer["at"]))
    for one in answer["items"]:
        facts = {"name": one["repository"], "tag": one["tag"], "at": answer["at"]}
        if one["refusal"]:
            raise CommandError(REFUSED.format(**facts, refusal=one["refusal"]))
        if one["after"] is None:
            click.echo(REMOVED.format(**facts))
        else:
            click.echo(DONE.format(**facts, action="at", digest=one["after"]))
