"""What commands are about: repositories, tags, digests and moments."""

import click

from .messages import _

# What people read, in one place.
NOT_AT_A_MOMENT = _("'{text}' names no tag at a moment: write NAME:TAG@MOMENT, as in app:v1@2h ago")


def split_tag(text: str) -> tuple[str, str | None]:
    """Return name and tag of NAME or NAME:TAG."""
    name, colon, tag = text.rpartition(":")
    return (name, tag) if colon and "/" not in tag else (text, None)


def split_reference(text: str) -> tuple[str, str | None]:
    """Return name and reference of NAME, NAME:TAG or NAME@DIGEST."""
    name, at, digest = text.partition("@")
    return (name, digest) if at else split_tag(text)


def split_moment(text: str) -> tuple[str, str, str]:
    """Return the parts of NAME:TAG@MOMENT."""
    reference, _, moment = text.partition("@")
    name, tag = split_tag(reference)
    if not moment or not tag:
        raise click.UsageError(NOT_AT_A_MOMENT.format(text=text))
    return name, tag, moment


def short(digest: str | None) -> str:
    """Return as much of a digest as people look at; - for none."""
    if digest is None:
        return "-"
    algorithm, _, encoded = digest.partition(":")
    return f"{algorithm}:{encoded[:12]}"
