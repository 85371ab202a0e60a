"""What people read, in their language: English, or Chinese where they say so.

The texts stand in the code, in English, as `_("...")`; help is translated in its place (`helping`).
`zh_CN/LC_MESSAGES/messages.po` holds the Chinese, `python -m tools.messages` finds what it lacks
and compiles it. What a server answers, and what programs read, is English everywhere.

The language is chosen once, when the process starts.
"""

import gettext
import os
import sys
from collections.abc import Mapping
from pathlib import Path

DOMAIN = "messages"
"""Click's own: one catalogue has its texts and ours."""
DIRECTORY = Path(__file__).parent
CHINESE = "zh_CN"
"""For Taiwan and Hong Kong too: there is no other Chinese."""
VARIABLES = ("ENTREPOT_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
"""What names the language; the first that is set and not empty."""
PROBE = "镜像仓库、项目与标签"
"""A terminal that cannot show this, as one of Big5, gets English."""


def chosen(environment: Mapping[str, str], encoding: str | None) -> str | None:
    """Return the language to speak on an output of that encoding, None for English."""
    name = next((found for key in VARIABLES if (found := environment.get(key))), "")
    if not name.lower().startswith("zh"):
        return None
    try:
        PROBE.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return None
    return CHINESE


def _opened() -> gettext.NullTranslations:
    if LANGUAGE is None:
        return gettext.NullTranslations()
    # Click asks gettext, and gettext the environment, for the same language.
    os.environ["LANGUAGE"] = LANGUAGE
    gettext.bindtextdomain(DOMAIN, DIRECTORY)
    return gettext.translation(DOMAIN, DIRECTORY, [LANGUAGE], fallback=True)


LANGUAGE = chosen(os.environ, getattr(sys.stdout, "encoding", None))
_TEXTS = _opened()


def _(text: str) -> str:
    """Return a text in the language of the process; itself where that is English."""
    # The empty text is where a catalogue keeps its head.
    return _TEXTS.gettext(text) if text else text
