"""`entrepot label`: words that people put on artifacts."""

import click

from entrepot.client.made.history import HistoryApi
from entrepot.client.made.labels import Label, LabelChange, LabelPlace, LabelsApi, NewLabel

from .asking import be_sure
from .client import Client, CommandError
from .messages import _
from .naming import split_reference
from .options import (
    dry_run_option,
    json_option,
    server_options,
    show_change,
    show_each,
    show_json,
    show_removed,
    show_table,
    show_would,
)

PLACES_MAX = 1_000_000
"""Most artifacts that are listed."""

# What people read, in one place.
MADE = _("label {name} made")
CHANGED = _("label {name} changed")
REMOVED = _("label {name} removed")
PUT = _("{what} has label {name}")
TAKEN = _("{what} has label {name} no longer")
WOULD_TAKE = _("label {name} would be taken from {what}; nothing was changed")
HAS_IT_NOT = _("{what} does not have label {name}; nothing was changed")
NO_LABEL = _("there is no label {name} here: list labels, with --project those of a project")
NO_REFERENCE = _("'{text}' names no artifact: write NAME:TAG or NAME@DIGEST")
SURE = _("Remove label {name} from all artifacts?")
HEADINGS = ("ID", "NAME", "COLOR", "DESCRIPTION")
PLACE_HEADINGS = ("REPOSITORY", "DIGEST")

_project = click.option("--project", metavar="PROJECT", help="A label of this project.")


@click.group("label", context_settings={"help_option_names": ["-h", "--help"]})
def labels() -> None:
    """Make labels, and put them on artifacts.

    Labels are of the whole registry, or with --project of one project.
    """


@labels.command("list")
@_project
@click.option("--name", help="Only those with this in their names.")
@json_option
@server_options
def list_labels(client: Client, project: str | None, name: str | None, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List labels."""
    found = _listed(client, project, name)
    if as_json:
        show_json(found)
    else:
        rows = [(one.id, one.name, one.color, one.description) for one in found]
        show_table(HEADINGS, rows)


@labels.command()
@click.argument("name")
@_project
@click.option("--color", default="#FFFFFF", metavar="#RRGGBB", help="Its color [#FFFFFF].")
@click.option("--description", default="", help="What it says of an artifact.")
@json_option
@server_options
def create(client: Client, name: str, project: str | None, *, as_json: bool, **given: str) -> None:
    """Make label NAME."""
    new = NewLabel(name=name, color=given["color"], description=given["description"])
    api = LabelsApi(client)
    made = api.make_label_project(project, new) if project else api.make_label(new)
    show_change(made, MADE.format(name=name), as_json=as_json)


@labels.command()
@click.argument("name")
@_project
@click.option("--rename", metavar="NAME", help="Its new name.")
@click.option("--color", metavar="#RRGGBB", help="Its new color.")
@click.option("--description", help="What it says of an artifact.")
@json_option
@server_options
def change(
    client: Client, name: str, project: str | None, *, as_json: bool, **given: str | None
) -> None:
    """Change label NAME."""
    label, api = _found(client, project, name), LabelsApi(client)
    body = LabelChange(name=given["rename"], color=given["color"], description=given["description"])
    if project:
        changed = api.change_label_project(project, label.id, body)
    else:
        changed = api.change_label(label.id, body)
    show_change(changed, CHANGED.format(name=name), as_json=as_json)


@labels.command()
@click.argument("name")
@_project
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="List the artifacts that have it, and do nothing.")
@json_option
@server_options
def remove(client: Client, name: str, project: str | None, **given: bool) -> None:
    """Remove label NAME from all artifacts."""
    label, api = _found(client, project, name), LabelsApi(client)
    if given["dry_run"]:
        places = _places(client, project, label)
        if given["as_json"]:
            show_would(places, (), as_json=True)
        else:
            _show_places(places)
        return
    if not given["yes"]:
        be_sure(SURE.format(name=name))
    if project:
        api.remove_label_project(project, label.id)
    else:
        api.remove_label(label.id)
    show_removed([name], [REMOVED.format(name=name)], as_json=given["as_json"])


@labels.command()
@click.argument("name")
@_project
@json_option
@server_options
def artifacts(client: Client, name: str, project: str | None, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List the artifacts that have label NAME, those that you may pull."""
    found = _places(client, project, _found(client, project, name))
    if as_json:
        show_json(found)
    else:
        _show_places(found)


@labels.command("of")
@click.argument("artifact", metavar="NAME:TAG|NAME@DIGEST")
@json_option
@server_options
def of(client: Client, artifact: str, as_json: bool) -> None:  # noqa: FBT001 - click passes by name
    """List the labels of an artifact."""
    name, digest = _artifact(client, artifact)
    found = LabelsApi(client).list_labels_on_artifact(name, digest).items
    if as_json:
        show_json(found)
    else:
        show_table(HEADINGS, [(one.id, one.name, one.color, one.description) for one in found])


@labels.command()
@click.argument("name")
@click.argument("artifacts", metavar="NAME:TAG|NAME@DIGEST...", nargs=-1, required=True)
@_project
@json_option
@server_options
def put(
    client: Client, name: str, artifacts: tuple[str, ...], project: str | None, *, as_json: bool
) -> None:
    """Put label NAME on artifacts.

    \b
    entrepot label put good acme/web:1.0 acme/web:1.1
    entrepot label put good acme/web:1.0 --project acme
    """  # noqa: D301 - click reads the control character
    label = _found(client, project, name)
    show_each(
        artifacts,
        lambda what: LabelsApi(client).put_label_on_artifact(*_artifact(client, what), label.id),
        lambda what: PUT.format(what=what, name=name),
        key="put",
        as_json=as_json,
    )


@labels.command()
@click.argument("name")
@click.argument("artifacts", metavar="NAME:TAG|NAME@DIGEST...", nargs=-1, required=True)
@_project
@dry_run_option
@json_option
@server_options
def take(
    client: Client, name: str, artifacts: tuple[str, ...], project: str | None, **given: bool
) -> None:
    """Take label NAME from artifacts."""
    label, api = _found(client, project, name), LabelsApi(client)
    if given["dry_run"]:
        marked = [what for what in artifacts if _is_marked(client, what, label)]
        texts = [
            (WOULD_TAKE if what in marked else HAS_IT_NOT).format(what=what, name=name)
            for what in artifacts
        ]
        show_would(marked, texts, as_json=given["as_json"])
        return
    show_each(
        artifacts,
        lambda what: api.take_label_from_artifact(*_artifact(client, what), label.id),
        lambda what: TAKEN.format(what=what, name=name),
        key="removed",
        as_json=given["as_json"],
    )


def _listed(client: Client, project: str | None, name: str | None) -> list[Label]:
    api = LabelsApi(client)
    if project:
        return api.list_labels_project(project, name=name).items
    return api.list_labels(name=name).items


def _found(client: Client, project: str | None, name: str) -> Label:
    label = next((one for one in _listed(client, project, name) if one.name == name), None)
    if label is None:
        raise CommandError(NO_LABEL.format(name=name))
    return label


def _is_marked(client: Client, what: str, label: Label) -> bool:
    found = LabelsApi(client).list_labels_on_artifact(*_artifact(client, what)).items
    return any(one.id == label.id for one in found)


def _places(client: Client, project: str | None, label: Label) -> list[LabelPlace]:
    api = LabelsApi(client)
    if project:
        return [*api.list_artifacts_with_label_project_all(project, label.id, most=PLACES_MAX)]
    return [*api.list_artifacts_with_label_all(label.id, most=PLACES_MAX)]


def _show_places(found: list[LabelPlace]) -> None:
    show_table(PLACE_HEADINGS, [(one.repository, one.digest) for one in found])


def _artifact(client: Client, text: str) -> tuple[str, str]:
    """Return name and digest of NAME:TAG or NAME@DIGEST."""
    name, reference = split_reference(text)
    if reference is None:
        raise CommandError(NO_REFERENCE.format(text=text))
    if ":" in reference:
        return name, reference
    return name, HistoryApi(client).get_tag_at_moment(name, reference).digest
