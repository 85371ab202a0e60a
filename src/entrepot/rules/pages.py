"""What a repository may say of itself, and what its images say where nobody wrote."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from entrepot.oci.errors import Code, Fault

DESCRIPTION_MAX_BYTES = 1024
README_MAX_BYTES = 64 * 1024
URL_MAX = 2048
MAINTAINERS_MAX = 32
MAINTAINER_MAX = 256

_URL = re.compile(
    r"https?://(?:[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?"
    r"(?:[/?#][^\s\"<>\\^`{|}]*)?"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""What a terminal would obey."""
_TITLE = "org.opencontainers.image.title"
_DESCRIPTION = "org.opencontainers.image.description"
_SOURCE = ("org.opencontainers.image.source", "org.opencontainers.image.url")
_AUTHORS = ("org.opencontainers.image.authors", "maintainer")
"""Annotations of the image-spec; `maintainer` is the label that was used before them."""


@dataclass(frozen=True, slots=True)
class PageText:
    """What people read of a repository; empty texts say nothing."""

    description: str = ""
    readme: str = ""
    """Markdown."""
    source_url: str = ""
    maintainers: tuple[str, ...] = ()


def check_page(text: PageText) -> Fault | None:
    """Return why a page cannot be kept, or None."""
    if len(text.description.encode()) > DESCRIPTION_MAX_BYTES or not is_text(text.description):
        return _refused(f"its description is text of up to {DESCRIPTION_MAX_BYTES} bytes")
    if len(text.readme.encode()) > README_MAX_BYTES or _CONTROL.search(text.readme):
        return _refused(f"its README is Markdown of up to {README_MAX_BYTES} bytes")
    if text.source_url and not is_web_url(text.source_url):
        return _refused("its source is an address: https:// or http:// and a host")
    if len(text.maintainers) > MAINTAINERS_MAX:
        return _refused(f"it has {MAINTAINERS_MAX} maintainers at most")
    for one in text.maintainers:
        if not 0 < len(one) <= MAINTAINER_MAX or not one.isprintable() or one != one.strip():
            return _refused(f"a maintainer is a line of up to {MAINTAINER_MAX} characters")
    return None


def is_web_url(text: str) -> bool:
    """Whether a text is an address that a browser may be sent to: nothing that runs as a script."""
    found = _URL.fullmatch(text) if len(text) <= URL_MAX else None
    return found is not None and text.isprintable() and int(found[1] or 1) in range(1, 65536)


def told_by(facts: Mapping[str, str]) -> PageText:
    """Return the page that an image's annotations or labels make; what cannot be kept is left out.

    They are anybody's who may push, and are cut to what people may write.
    """
    description = facts.get(_DESCRIPTION) or facts.get(_TITLE) or ""
    source = next((facts[key] for key in _SOURCE if is_web_url(facts.get(key, ""))), "")
    authors = next((facts[key] for key in _AUTHORS if facts.get(key)), "")
    names = (_line(one, MAINTAINER_MAX) for one in authors.split(","))
    return PageText(
        description=_cut(" ".join(description.split())),
        source_url=source,
        maintainers=tuple(name for name in names if name)[:MAINTAINERS_MAX],
    )


def _cut(text: str) -> str:
    shown = "".join(char for char in text if char.isprintable())
    return shown.encode()[:DESCRIPTION_MAX_BYTES].decode(errors="ignore")


def _line(text: str, most: int) -> str:
    return "".join(char for char in text.strip() if char.isprintable())[:most].strip()


def is_text(text: str) -> bool:
    """Whether a text is lines that can be shown anywhere."""
    return all(char.isprintable() or char == "\n" for char in text)


def _refused(what: str) -> Fault:
    return Fault(Code.REQUEST_INVALID, f"a repository's page cannot be like this: {what}")
