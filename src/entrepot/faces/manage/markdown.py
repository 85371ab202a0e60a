"""Markdown as HTML that may stand in a page of ours: nothing runs.

CommonMark with tables, as on GitHub. What anybody wrote is trusted with nothing: raw HTML is shown
as text, and what comes out of the renderer is sanitised all the same.
"""

import asyncio
from collections import OrderedDict
from typing import Any

REMEMBERED_MAX = 16
"""Texts whose HTML is remembered, of some 100 KiB each at most."""

_TAGS = frozenset(
    word
    for words in (
        "a blockquote br code del em h1 h2 h3 h4 h5 h6 hr img li ol p pre s strong",
        "table tbody td th thead tr ul",
    )
    for word in words.split()
)
_ATTRIBUTES: dict[str, set[str]] = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title"},
    "ol": {"start"},
    "code": {"class"},
}
_SCHEMES = frozenset({"http", "https", "mailto"})
_REL = "noopener noreferrer nofollow ugc"


class Renderer:
    """Renders one text at a time, in a thread, and remembers the last ones.

    The longest take 0.3 s, and some that somebody wrote for that 2 s.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._known: OrderedDict[str, str] = OrderedDict()

    async def html(self, text: str) -> str:
        """Return Markdown as sanitised HTML; see `to_html`."""
        async with self._turn:
            found = self._known.pop(text, None)
            if found is None:
                found = await asyncio.to_thread(to_html, text)
            self._known[text] = found
            if len(self._known) > REMEMBERED_MAX:
                self._known.popitem(last=False)
            return found


def to_html(text: str) -> str:
    """Return Markdown as sanitised HTML.

    Links go to http, https and mailto alone, and tell nothing of where they were followed. Pictures
    are left out unless they come over HTTPS.
    """
    import nh3
    from markdown_it import MarkdownIt

    parser = MarkdownIt("js-default", {"html": False, "linkify": False, "maxNesting": 32})
    return nh3.clean(
        parser.render(text),
        tags=set(_TAGS),
        attributes=_ATTRIBUTES,
        attribute_filter=_kept,
        url_schemes=set(_SCHEMES),
        link_rel=_REL,
    )


def _kept(tag: str, attribute: str, value: str) -> Any:
    if tag == "img" and attribute == "src":
        return value if value.startswith("https://") else None
    if attribute == "class":
        return value if value.startswith("language-") and " " not in value else None
    return value
