"""`entrepot webhook`: whom events are told, and what became of that."""

import sys
import time
from typing import Any

import click

from entrepot.client.made.deliveries import DeliveriesApi, DeliveryDetail
from entrepot.client.made.shared import DeliveryShown, State
from entrepot.client.made.webhooks import (
    NewWebhookBody,
    ReplayBody,
    Webhook,
    WebhookChangeBody,
    WebhookRotation,
    WebhooksApi,
)

from .client import Client
from .messages import _
from .options import (
    dry_run_option,
    json_option,
    server_options,
    show_change,
    show_json,
    show_removed,
    show_table,
    show_would,
)
from .scopes import tell_secret

WEBHOOKS_MAX = 10_000
DELIVERIES_SHOWN = 50
DELIVERIES_MAX = 100_000
"""Most that are listed."""
LOOKS_MAX = 100
LOOK_SECONDS = 0.2
"""How long a test is followed: some 20 seconds, longer than a receiver may take."""
EXIT_FAILED = 1
HELP = {"help_option_names": ["-h", "--help"]}

# What people read, in one place.
MADE = _("webhook {id} made; what its requests are signed with, shown this once:")
MADE_PLAINLY = _("webhook {id} made")
CHANGED = _("webhook {id} changed")
ROTATED = _("webhook {id} has a new secret, shown this once; the old one signs too for a while:")
REMOVED = _("webhook {id} removed, with all that was on its way to it")
WOULD_REMOVE = _("webhook {id} ({name}) would be removed; nothing was changed")
DELIVERED = _("delivered: the receiver answered {status}")
NOT_DELIVERED = _("not delivered: {error}")
WAITS = _("delivery {id} is on its way; `entrepot webhook deliveries {webhook}` tells of it")
REPLAYED = _("events {first} to {last} are sent again")
LACKING = _("some of them are not kept any more: sent is what there is")
NOTHING_TO_CHANGE = _("say what to change: --help tells what there is")
HEADINGS = (_("ID"), _("PROJECT"), _("NAME"), _("STATE"), _("FORMAT"), _("URL"))
DELIVERY_HEADINGS = (
    _("ID"),
    _("EVENT"),
    _("KIND"),
    _("REPOSITORY"),
    _("STATE"),
    _("TRIES"),
    _("STATUS"),
    _("ERROR"),
)
FORMAT_HELP = "How events are written, as cloudevents, harbor or slack."
EVENT_HELP = "Only events of this kind, as tag.moved; may be repeated [all]."
REPOSITORY_HELP = "Only those of repositories like this; may be repeated [all]."
TAG_HELP = "Only those of tags like this; may be repeated [all]."
ON, OFF, ALL = _("on"), _("off"), _("(all)")


@click.group("webhook", context_settings=HELP, short_help="Tell others what happens.")
def webhooks() -> None:
    """Tell others what happens: make webhooks, test them, see what was sent."""


@webhooks.command("list")
@click.option("--project", help="Those of one project.")
@click.option("--registry", is_flag=True, help="Those of the registry.")
@json_option
@server_options
def list_webhooks(client: Client, *, project: str | None, registry: bool, as_json: bool) -> None:
    """List webhooks."""
    whose = "" if registry and project is None else project
    found = [*WebhooksApi(client).list_webhooks_all(project=whose, most=WEBHOOKS_MAX)]
    if as_json:
        show_json(found)
    else:
        show_table(HEADINGS, [_row(one) for one in found])


@webhooks.command(short_help="Make a webhook, and print its secret.")
@click.argument("name")
@click.argument("url")
@click.option("--project", default="", help="Whose events; without it, the registry's.")
@click.option("--format", "kind", default="cloudevents", show_default=True, help=FORMAT_HELP)
@click.option("--event", "events", multiple=True, metavar="KIND", help=EVENT_HELP)
@click.option(
    "--repository", "repositories", multiple=True, metavar="PATTERN", help=REPOSITORY_HELP
)
@click.option("--tag", "tags", multiple=True, metavar="PATTERN", help=TAG_HELP)
@click.option("--authorization", default="", help="Sent as the Authorization header.")
@click.option("--secret", default="", help="What requests are signed with; made unless given.")
@click.option("--skip-tls-verify", is_flag=True, help="Do not check its certificate.")
@click.option("--description", default="", help="What it is for.")
@json_option
@server_options
def create(client: Client, name: str, url: str, *, as_json: bool, **options: Any) -> None:
    """Make webhook NAME that sends events to URL, and print its secret.

    The secret stands alone on standard output, unless that is a terminal.

    \b
    entrepot webhook create ci https://ci.example.com/hook --event tag.moved
    entrepot webhook create chat https://hooks.slack.com/... --format slack --project acme
    """  # noqa: D301 - click reads the control character
    body = NewWebhookBody(
        name=name,
        url=url,
        project=options["project"],
        format=options["kind"],
        events=[*options["events"]],
        repositories=[*options["repositories"]],
        tags=[*options["tags"]],
        verify_tls=not options["skip_tls_verify"],
        description=options["description"],
        secret=options["secret"],
        authorization=options["authorization"],
    )
    made = WebhooksApi(client).make_webhook(body)
    if as_json:
        show_json(made)
    elif made.secret:
        tell_secret(MADE.format(id=made.id), made.secret)
    else:
        click.echo(MADE_PLAINLY.format(id=made.id))


@webhooks.command()
@click.argument("webhook", type=int)
@json_option
@server_options
def show(client: Client, webhook: int, *, as_json: bool) -> None:
    """Show webhook WEBHOOK, by its number."""
    found = WebhooksApi(client).show_webhook(webhook)
    if as_json:
        show_json(found)
    else:
        show_table(HEADINGS, [_row(found)])


@webhooks.command()
@click.argument("webhook", type=int)
@click.option("--name", help="Another name.")
@click.option("--url", help="Another address.")
@click.option("--format", "kind", help=FORMAT_HELP)
@click.option("--event", "events", multiple=True, metavar="KIND", help=EVENT_HELP)
@click.option(
    "--repository", "repositories", multiple=True, metavar="PATTERN", help=REPOSITORY_HELP
)
@click.option("--tag", "tags", multiple=True, metavar="PATTERN", help=TAG_HELP)
@click.option("--all", "everything", is_flag=True, help="It asks for all events again.")
@click.option("--authorization", help="Sent as the Authorization header; empty for none.")
@click.option("--secret", help="What requests are signed with; empty for none.")
@click.option(
    "--verify-tls/--skip-tls-verify",
    "verify_tls",
    default=None,
    help="Whether its certificate counts.",
)
@click.option("--description", help="What it is for.")
@click.option("--on/--off", "enabled", default=None, help="Switch it on or off.")
@json_option
@server_options
def change(client: Client, webhook: int, *, as_json: bool, **options: Any) -> None:
    """Change webhook WEBHOOK.

    Events and patterns that are named stand for all it has.
    """
    everything = options["everything"]

    def several(name: str) -> list[str] | None:
        return [*options[name]] if options[name] or everything else None

    body = WebhookChangeBody(
        name=options["name"],
        url=options["url"],
        format=options["kind"],
        events=several("events"),
        repositories=several("repositories"),
        tags=several("tags"),
        verify_tls=options["verify_tls"],
        description=options["description"],
        enabled=options["enabled"],
        secret=options["secret"],
        authorization=options["authorization"],
    )
    if body == WebhookChangeBody():
        raise click.UsageError(NOTHING_TO_CHANGE)
    changed = WebhooksApi(client).change_webhook(webhook, body)
    show_change(changed, CHANGED.format(id=changed.id), as_json=as_json)


@webhooks.command()
@click.argument("webhook", type=int)
@click.option("--overlap-seconds", default=86400.0, show_default=True, help="How long both sign.")
@json_option
@server_options
def rotate(client: Client, webhook: int, *, overlap_seconds: float, as_json: bool) -> None:
    """Make a new secret for webhook WEBHOOK.

    The secret stands alone on standard output, unless that is a terminal.
    """
    body = WebhookRotation(overlap_seconds=overlap_seconds)
    made = WebhooksApi(client).make_new_secret_webhook(webhook, body)
    if as_json:
        show_json(made)
    else:
        tell_secret(ROTATED.format(id=made.id), made.secret)


@webhooks.command()
@click.argument("webhook", type=int)
@dry_run_option
@json_option
@server_options
def remove(client: Client, webhook: int, *, dry_run: bool, as_json: bool) -> None:
    """Remove webhook WEBHOOK."""
    api = WebhooksApi(client)
    if dry_run:
        found = api.show_webhook(webhook)
        text = WOULD_REMOVE.format(id=found.id, name=found.name)
        show_would([found], [text], as_json=as_json)
        return
    api.remove_webhook(webhook)
    show_removed([webhook], [REMOVED.format(id=webhook)], as_json=as_json)


@webhooks.command()
@click.argument("webhook", type=int)
@json_option
@server_options
def test(client: Client, webhook: int, *, as_json: bool) -> None:
    """Send a test to webhook WEBHOOK, and say what was answered.

    Exit status 1 unless it was taken.
    """
    delivery = WebhooksApi(client).send_test_to_webhook(webhook)
    _follow(client, delivery, as_json=as_json)


@webhooks.command()
@click.argument("webhook", type=int)
@click.option("--state", type=click.Choice(["open", "delivered", "failed"]), help="Only these.")
@click.option(
    "--limit", default=DELIVERIES_SHOWN, show_default=True, help="How many, newest first."
)
@json_option
@server_options
def deliveries(
    client: Client, webhook: int, *, state: State | None, limit: int, as_json: bool
) -> None:
    """List what was sent to webhook WEBHOOK, or waits."""
    api, most = DeliveriesApi(client), min(limit, DELIVERIES_MAX)
    found = [*api.list_deliveries_webhook_all(webhook, state=state, most=most)]
    if as_json:
        show_json(found)
    else:
        show_table(DELIVERY_HEADINGS, [_delivery_row(one) for one in found])


@webhooks.command()
@click.argument("delivery", type=int)
@json_option
@server_options
def redeliver(client: Client, delivery: int, *, as_json: bool) -> None:
    """Send delivery DELIVERY once more, and say what was answered."""
    made = DeliveriesApi(client).send_delivery_again(delivery)
    _follow(client, made, as_json=as_json)


@webhooks.command(short_help="Send what was before once more, in order.")
@click.argument("webhook", type=int)
@click.option(
    "--after",
    required=True,
    type=int,
    metavar="EVENT",
    help="Those after this one; 0 for all there is.",
)
@json_option
@server_options
def replay(client: Client, webhook: int, *, after: int, as_json: bool) -> None:
    """Send all events after EVENT to webhook WEBHOOK again, in order."""
    found = WebhooksApi(client).send_events_to_webhook_again(webhook, ReplayBody(after=after))
    if as_json:
        show_json(found)
        return
    click.echo(REPLAYED.format(first=found.after + 1, last=found.upto))
    if found.lacking:
        click.echo(LACKING, err=True)


def _follow(client: Client, delivery: DeliveryShown, *, as_json: bool) -> None:
    """Say what became of a delivery, if that shows soon; exit status 1 unless it was taken."""
    api = DeliveriesApi(client)
    found: DeliveryShown | DeliveryDetail = delivery
    for _look in range(LOOKS_MAX):
        found = api.show_delivery(delivery.id)
        if found.ended_at is not None or found.error:
            break
        time.sleep(LOOK_SECONDS)
    is_taken = found.state == "delivered"
    if as_json:
        show_json(found)
    elif is_taken:
        click.echo(DELIVERED.format(status=found.status))
    elif found.error:
        click.echo(f"entrepot: {NOT_DELIVERED.format(error=found.error)}", err=True)
    else:
        click.echo(WAITS.format(id=found.id, webhook=found.webhook), err=True)
    if not is_taken:
        sys.exit(EXIT_FAILED)


def _row(found: Webhook) -> tuple[object, ...]:
    state = ON if found.enabled else OFF
    return found.id, found.project or ALL, found.name, state, found.format, found.url


def _delivery_row(found: DeliveryShown) -> tuple[object, ...]:
    return (
        found.id,
        found.event,
        found.kind,
        found.repository,
        found.state,
        found.attempts,
        found.status or "-",
        found.error,
    )
