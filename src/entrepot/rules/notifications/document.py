"""A webhook's document: where to, in what format, and what of all events."""

import re
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from entrepot.oci.errors import Code, Fault
from entrepot.rules.selectors import check_pattern, matches

from .formats import CLOUDEVENTS, FORMATS, tells
from .kinds import KINDS
from .notice import Notice

URL_MAX = 2048
PATTERNS_MAX = 16
DESCRIPTION_MAX = 1024
NAME_MAX = 128
AUTHORIZATION_MAX = 2048

FIXED = "settings."
"""How names of those begin that the settings name: no other may."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,127}")
_Patterns = Annotated[tuple[str, ...], Meta(max_length=PATTERNS_MAX)]


class HookDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a webhook is told, and how."""

    url: Annotated[str, Meta(max_length=URL_MAX)]
    format: str = CLOUDEVENTS
    events: Annotated[tuple[str, ...], Meta(max_length=len(KINDS))] = ()
    """Kinds of events; empty for all but pulls."""
    repositories: _Patterns = ()
    """Patterns of full names (`rules.selectors`), one of which must match; empty for all."""
    tags: _Patterns = ()
    """Patterns of tags, one of which must match one of the event's; empty for all."""
    verify_tls: bool = True
    description: Annotated[str, Meta(max_length=DESCRIPTION_MAX)] = ""

    def wants(self, notice: Notice) -> bool:
        """Whether it is told of an event that is about its project."""
        return (
            self.asks_for(notice.kind)
            and _fits(self.repositories, [notice.repository])
            and _fits(self.tags, notice.tags)
        )

    def asks_for(self, kind: str) -> bool:
        """Whether it asks for events of a kind. Pulls are told only to those who name them."""
        asked = kind in self.events if self.events else kind in _UNASKED
        return asked and tells(self.format, kind)


_UNASKED = frozenset(KINDS) - {"manifest.pulled"}


def _fits(patterns: tuple[str, ...], texts: tuple[str, ...] | list[str]) -> bool:
    return not patterns or any(matches(one, text) for one in patterns for text in texts)


def check_name(name: str) -> None:
    """Raise `Fault(REQUEST_INVALID)` for what cannot be a webhook's name."""
    if name.startswith(FIXED) or not _NAME.fullmatch(name):
        raise Fault(
            Code.REQUEST_INVALID,
            f"{name[:80]!a} cannot be a webhook's name: use up to {NAME_MAX} letters, digits, "
            f"spaces and . _ -, a letter or digit first, and not {FIXED}",
            {"name": name[:80]},
        )


def check_document(document: HookDocument) -> None:
    """Raise `Fault(REQUEST_INVALID)` with cause and cure for what cannot be used."""
    check_url(document.url)
    if document.format not in FORMATS:
        raise _refused("format", document.format, f"use one of {', '.join(FORMATS)}")
    for kind in document.events:
        if kind not in KINDS:
            raise _refused("event", kind, f"the kinds are {', '.join(KINDS)}")
        if not tells(document.format, kind):
            raise _refused(
                "event", kind, f"the format {document.format} has no word for it: leave it out"
            )
    for pattern in (*document.repositories, *document.tags):
        check_pattern(pattern)
    if not document.description.isprintable():
        raise _refused("description", "", "leave control characters out")


def check_url(url: str) -> None:
    """Raise `Fault(REQUEST_INVALID)` for what is no address of a receiver."""
    wrong = _wrong_url(url)
    if wrong:
        shown = url.partition("?")[0][:80]
        raise Fault(
            Code.REQUEST_INVALID,
            f"{shown!a} cannot be a webhook's URL: {wrong}",
            {"url": shown},
        )


def _wrong_url(url: str) -> str:
    example = "write it as https://HOST/PATH"
    if len(url) > URL_MAX or not url.isascii() or not url.isprintable() or set(url) & set(' "<>\\'):
        return f"it is too long, or holds characters that a URL cannot; {example}"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return example
    if parts.scheme not in ("http", "https") or not host or port == 0:
        return example
    if parts.username is not None or parts.password is not None:
        return "it holds a password: give that as the authorization instead"
    if parts.fragment or "#" in url:
        return "what is behind # is never sent: leave it out"
    return ""


def check_authorization(value: str) -> None:
    """Raise `Fault(REQUEST_INVALID)` for what cannot stand in an Authorization header."""
    if len(value) > AUTHORIZATION_MAX or not value.isascii() or not value.isprintable():
        raise Fault(
            Code.REQUEST_INVALID,
            f"the authorization cannot be sent: use up to {AUTHORIZATION_MAX} printable "
            "characters of ASCII, such as Bearer TOKEN",
        )


def concerns(project: str, repository: str) -> bool:
    """Whether an event, by what the outbox calls its repository, is about a webhook's project."""
    return project in ("", repository.partition("/")[0])


def shown_url(url: str) -> str:
    """Return a URL for those who may not change it: its path may be all that keeps others out."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}/…"


def _refused(what: str, value: str, cure: str) -> Fault:
    return Fault(
        Code.REQUEST_INVALID,
        f"{value[:80]!a} cannot be a webhook's {what}: {cure}",
        {what: value[:80]},
    )
