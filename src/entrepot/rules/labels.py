"""Labels that people put on artifacts: what they may be called and look like."""

import re
from dataclasses import dataclass

from entrepot.oci.errors import Code, Fault

from .pages import is_text

NAME_MAX = 128
DESCRIPTION_MAX = 1024
WHITE = "#FFFFFF"

_COLOR = re.compile(r"(?:#[0-9A-Fa-f]{6})?")


@dataclass(frozen=True, slots=True)
class LabelText:
    """What people see of a label; `color` is `#RRGGBB`, or empty for none that was chosen."""

    name: str
    description: str = ""
    color: str = WHITE


def check_label(text: LabelText) -> Fault | None:
    """Return why a label cannot look like this, or None."""
    name = text.name
    if not 0 < len(name) <= NAME_MAX or not name.isprintable() or name != name.strip():
        return Fault(
            Code.REQUEST_INVALID,
            f"this cannot be a label's name: use up to {NAME_MAX} characters that can be seen, "
            "without blanks at its ends",
        )
    if len(text.description) > DESCRIPTION_MAX or not is_text(text.description):
        return Fault(
            Code.REQUEST_INVALID,
            f"the label's description is too long or no text: use up to {DESCRIPTION_MAX} "
            "characters",
        )
    if not _COLOR.fullmatch(text.color):
        return Fault(
            Code.REQUEST_INVALID,
            f"{text.color[:20]!a} is no colour: write #RRGGBB, such as {WHITE}",
            {"color": text.color[:20]},
        )
    return None
