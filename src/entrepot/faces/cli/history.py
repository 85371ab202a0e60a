"""`entrepot history`, `resolve`, `diff` and `rollback`: where tags were, and back."""

import click

from entrepot.client.made.history import HistoryApi, RollbackBody, RollbackPlan, RollbackStep
from entrepot.client.made.shared import JobView

from .client import NOT_OURS, Client, CommandError
from .following import show_started, wait_option
from .messages import _
from .naming import short, split_moment, split_tag
from .options import json_option, server_options, show_json, show_table

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
IN_TRASH = _(
    "its manifest is in the trash: `entrepot rollback` or `entrepot trash restore` brings it"
)
GONE = _("its manifest was purged since: it can only be pushed again")
NOTHING = _("nothing to do: all is as it was at {at}")
WOULD = _("steps that would be done: {count} of {all}; nothing was changed")
REFUSED = _("{name}:{tag} stays where it is: {refusal}")
DONE = _("{name}:{tag} is at {digest} again")
REMOVED = _("{name}:{tag} is removed: it was not there at {at}")
TAG_OF_PROJECT = _("--project goes back whole: name no tag")


@click.command("history", context_settings=HELP, short_help="Show who moved which tag, when.")
@click.argument("name", metavar="NAME[:TAG]")
@click.option("--limit", default=MOVES_SHOWN, show_default=True, help="How many, newest first.")
@json_option
@server_options
def history(client: Client, name: str, limit: int, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """Show each move of a repository's tags, or of one tag: who, when, from where to where.

    \b
    entrepot history acme/web
    entrepot history acme/web:latest --limit 10
    """  # noqa: D301 - click reads the control character
    repository, tag = split_tag(name)
    most = min(limit, MOVES_MAX)
    found = [*HistoryApi(client).list_tag_moves_all(repository, tag=tag or None, most=most)]
    if as_json:
        show_json(found)
        return
    rows = [
        (
            move.at,
            move.tag,
            short(move.before),
            short(move.after),
            move.actor or "-",
            _product(move.client),
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
    then = HistoryApi(client).get_tag_at_moment(name, tag, at=moment)
    if as_json:
        show_json(then)
        return
    click.echo(then.digest)
    if then.standing != "here":
        told = IN_TRASH if then.standing == "trash" else GONE
        click.echo(f"entrepot: {told}", err=True)


@click.command("diff", context_settings=HELP, short_help="Show what changed between two moments.")
@click.argument("name")
@click.argument("earlier", metavar="FROM")
@click.argument("later", metavar="[TO]", default="now")
@json_option
@server_options
def diff(client: Client, name: str, earlier: str, later: str, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """Show which tags of repository NAME are different at TO than they were at FROM.

    \b
    entrepot diff acme/web '1d ago'
    entrepot diff acme/web 2026-10-01T12:00Z 2026-11-01T12:00Z
    """  # noqa: D301 - click reads the control character
    compare = HistoryApi(client).compare_two_moments_all
    found = [*compare(name, from_=earlier, to=later, most=TAGS_MAX)]
    if as_json:
        show_json(found)
        return
    rows = [(one.tag, one.change, short(one.before), short(one.after)) for one in found]
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

    \b
    entrepot rollback acme/web:1.0 2026-10-01T12:00Z --dry-run
    entrepot rollback acme/web '2h ago'
    """  # noqa: D301 - click reads the control character
    body = _body(name, moment, project=given["project"])
    if given["dry_run"]:
        _show_plan(client, body, as_json=given["as_json"])
        return
    answer = HistoryApi(client).roll_back(body)
    if isinstance(answer, JobView):
        show_started(client, answer, wait=given["wait"], as_json=given["as_json"])
    elif given["as_json"]:
        show_json(answer)
    else:
        _show_done(answer)


def _product(client: str) -> str:
    """Return the first word of a User-Agent: docker tells of the kernel in it, and of much more."""
    return client.partition(" ")[0]


def _body(name: str, moment: str, *, project: bool) -> RollbackBody:
    if project:
        if ":" in name:
            raise click.UsageError(TAG_OF_PROJECT)
        return RollbackBody(project=name, at=moment)
    repository, tag = split_tag(name)
    return RollbackBody(repository=repository, at=moment, tag=tag or None)


def _plan(client: Client, body: RollbackBody) -> RollbackPlan:
    """Return the whole plan: its further pages are of the same one, whatever happens meanwhile."""
    steps: list[RollbackStep] = []
    after: str | None = None
    body.dry_run = True
    while True:
        page = HistoryApi(client).roll_back(body, limit=PAGE, after=after)
        if isinstance(page, JobView):
            raise CommandError(NOT_OURS)
        steps += page.items
        body.at, body.through = page.at, page.through
        if page.next is None or page.next == after or len(steps) >= STEPS_MAX:
            page.items = steps
            return page
        after = page.next


def _show_plan(client: Client, body: RollbackBody, *, as_json: bool) -> None:
    plan = _plan(client, body)
    if as_json:
        show_json({"at": plan.at, "through": plan.through, "items": plan.items})
        return
    if not plan.items:
        click.echo(NOTHING.format(at=plan.at))
        return
    rows = [
        (
            f"{one.repository}:{one.tag}",
            one.action,
            short(one.before),
            short(one.after),
            one.refusal,
        )
        for one in plan.items
    ]
    show_table(STEP_HEADINGS, rows)
    possible = sum(not one.refusal for one in plan.items)
    click.echo(WOULD.format(count=possible, all=len(plan.items)))


def _show_done(answer: RollbackPlan) -> None:
    if not answer.items:
        click.echo(NOTHING.format(at=answer.at))
    for one in answer.items:
        facts = {"name": one.repository, "tag": one.tag, "at": answer.at}
        if one.refusal:
            raise CommandError(REFUSED.format(**facts, refusal=one.refusal))
        if one.after is None:
            click.echo(REMOVED.format(**facts))
        else:
            click.echo(DONE.format(**facts, digest=one.after))
