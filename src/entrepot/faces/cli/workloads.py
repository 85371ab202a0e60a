"""`entrepot workload`: machines that log in with the token of their issuer."""

import sys
from typing import Any

import click

from entrepot.client.made.workloads import TokenTry, WorkloadBody, WorkloadsApi, WorkloadView
from entrepot.rules.federation.claims import TOKEN_MAX_CHARACTERS

from .client import Client, CommandError
from .messages import _
from .options import (
    EXIT_FAILED,
    dry_run_option,
    json_option,
    server_options,
    show_json,
    show_removed,
    show_table,
    show_would,
)
from .scopes import grant_options, grants_of, grants_text

RULES_MAX = 10_000
"""Most that are listed."""

# What people read, in one place.
TRUSTED = _("{name} is trusted: {grants}")
HOW = _(
    "its tokens are to be made for {audience}; they log in as user 'workload' with the token as "
    "password"
)
REMOVED = _("{name} is trusted no more: its tokens here are over")
WOULD_REMOVE = _(
    "{name} ({kind}: {issuer}) would be trusted no more: {grants}; nothing was changed"
)
NOTHING = _("nothing")
HEADINGS = ("NAME", "KIND", "ISSUER", "CONDITIONS", "GRANTS")
ONE_KIND = _("say one of --github, --gitlab, --kubernetes and --issuer with --claim")
NEEDS_ISSUER = _(
    "name the cluster's issuer with --issuer: kubectl get --raw /.well-known/openid-configuration "
    "tells it"
)
ACCOUNT_FORM = _("--kubernetes takes NAMESPACE:ACCOUNT")
REF_FORM = _(
    "--ref {text} is no job's: write refs/heads/{text} for a branch, refs/tags/{text} for a tag"
)
CLAIM_FORM = _("'{text}' is not CLAIM=PATTERN, as environment=production")
MATCHES = _("{rule}: lets in {subject}")
MISSES = _("{rule}: {reason}")
USED = _("the first by name is used: {rule}")
NONE = _("no rule lets it in")
TOO_LONG = _("a token has at most {most} characters")


@click.group("workload", context_settings={"help_option_names": ["-h", "--help"]})
def workloads() -> None:
    """Trust jobs of CI and pods by the tokens of their issuers."""


@workloads.command()
@click.argument("name")
@click.option("--github", metavar="OWNER/REPO", help="Jobs of GitHub Actions of a repository.")
@click.option("--gitlab", metavar="GROUP/PROJECT", help="Jobs of GitLab CI of a project.")
@click.option("--kubernetes", metavar="NAMESPACE:ACCOUNT", help="Pods of a service account.")
@click.option(
    "--issuer", default="", metavar="URL", help="Whose tokens; known of GitHub, gitlab.com."
)
@click.option(
    "--ref", multiple=True, help="Only for this ref, as refs/heads/main; may be repeated."
)
@click.option("--environment", multiple=True, help="Only in this environment; may be repeated.")
@click.option(
    "--claim", multiple=True, metavar="CLAIM=PATTERN", help="A condition; may be repeated."
)
@click.option("--audience", default="", help="What tokens are made for [the registry's name].")
@click.option("--description", default="", help="What it is for.")
@grant_options
@json_option
@server_options
def trust(client: Client, name: str, as_json: bool, **options: Any) -> None:  # noqa: FBT001 - click passes by name
    """Let workloads in by rule NAME.

    \b
    entrepot workload trust web --github acme/web --push acme/web
    entrepot workload trust web --gitlab acme/web --ref refs/heads/main --push acme/web
    """  # noqa: D301 - click reads the control character
    grants: list[dict[str, Any]] = grants_of(options, dict)
    document = {**_document(options), "grants": grants, "description": options["description"]}
    given = {key: value for key, value in document.items() if value not in ("", [])}
    made = WorkloadsApi(client).put_workload_rule(name, WorkloadBody(**given))
    if as_json:
        show_json(made)
        return
    click.echo(TRUSTED.format(name=name, grants=grants_text(made.grants) or NOTHING))
    click.echo(HOW.format(audience=made.audience))


@workloads.command("list")
@json_option
@server_options
def list_rules(client: Client, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List rules."""
    found = [*WorkloadsApi(client).list_workload_rules_all(most=RULES_MAX)]
    if as_json:
        show_json(found)
    else:
        show_table(HEADINGS, [_row(one) for one in found])


@workloads.command()
@json_option
@server_options
def presets(client: Client, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """Show the issuers that are known, and what their tokens say."""
    found = WorkloadsApi(client).list_workload_presets().items
    if as_json:
        show_json(found)
        return
    for one in found:
        click.echo(f"{one.kind}: {one.title} {one.issuer}".rstrip())
        for claim, about in one.claims.items():
            click.echo(f"  {claim:40} {about}")


@workloads.command()
@click.argument("name")
@dry_run_option
@json_option
@server_options
def remove(client: Client, name: str, *, dry_run: bool, as_json: bool) -> None:
    """Trust rule NAME no more."""
    if dry_run:
        found = WorkloadsApi(client).get_workload_rule(name)
        facts = {"kind": found.kind, "issuer": found.issuer}
        grants = grants_text(found.grants) or NOTHING
        text = WOULD_REMOVE.format(name=name, grants=grants, **facts)
        show_would([found], [text], as_json=as_json)
        return
    WorkloadsApi(client).remove_workload_rule(name)
    show_removed([name], [REMOVED.format(name=name)], as_json=as_json)


@workloads.command()
@click.argument("token")
@json_option
@server_options
def test(client: Client, token: str, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """Say which rule lets TOKEN in, and why others not.

    With - it is read from stdin.
    """
    if token == "-":  # noqa: S105 - stdin
        token = sys.stdin.read(TOKEN_MAX_CHARACTERS + 2).strip()
    if len(token) > TOKEN_MAX_CHARACTERS:
        raise CommandError(TOO_LONG.format(most=TOKEN_MAX_CHARACTERS))
    found = WorkloadsApi(client).try_workload_token(TokenTry(token=token))
    if as_json:
        show_json(found)
    else:
        for rule in found.matches:
            click.echo(MATCHES.format(rule=rule, subject=found.subject))
        for miss in found.misses:
            click.echo(MISSES.format(rule=miss.rule, reason=miss.reason))
        last = USED.format(rule=found.matches[0]) if found.matches else NONE
        click.echo(last)
    sys.exit(0 if found.matches else EXIT_FAILED)


def _document(options: dict[str, Any]) -> dict[str, Any]:
    kinds = [kind for kind in ("github", "gitlab", "kubernetes") if options[kind]]
    if len(kinds) > 1 or not (kinds or (options["issuer"] and options["claim"])):
        raise click.UsageError(ONE_KIND)
    kind = kinds[0] if kinds else "other"
    conditions: dict[str, list[str]] = {}
    if kind == "github":
        conditions["repository"] = [options["github"]]
    elif kind == "gitlab":
        conditions["project_path"] = [options["gitlab"]]
    elif kind == "kubernetes":
        conditions["sub"] = [_service_account(options["kubernetes"], options["issuer"])]
    for ref in options["ref"]:
        if kinds and not ref.startswith(("refs/", "*")):
            raise click.UsageError(REF_FORM.format(text=ref))
    if options["ref"]:
        conditions["ref_path" if kind == "gitlab" else "ref"] = [*options["ref"]]
    if options["environment"]:
        conditions["environment"] = [*options["environment"]]
    for text in options["claim"]:
        claim, equals, pattern = text.partition("=")
        if not (claim and equals and pattern):
            raise click.UsageError(CLAIM_FORM.format(text=text))
        conditions.setdefault(claim, []).append(pattern)
    return {
        "kind": kind,
        "issuer": options["issuer"],
        "audience": options["audience"],
        "conditions": conditions,
    }


def _service_account(text: str, issuer: str) -> str:
    if not issuer:
        raise click.UsageError(NEEDS_ISSUER)
    namespace, colon, account = text.partition(":")
    if not (namespace and colon and account):
        raise click.UsageError(ACCOUNT_FORM)
    return f"system:serviceaccount:{namespace}:{account}"


def _row(rule: WorkloadView) -> tuple[str, ...]:
    conditions = "; ".join(
        f"{claim}={'|'.join(patterns)}" for claim, patterns in rule.conditions.items()
    )
    return (rule.name, rule.kind, rule.issuer, conditions, grants_text(rule.grants) or NOTHING)
