"""A project's retention policy as it is kept, with its schedule."""

from dataclasses import dataclass

import msgspec

from entrepot.rules import cron
from entrepot.rules.documents import read

from .language import parse
from .model import Policy
from .templates import from_harbor

WHAT = "retention"


@dataclass(frozen=True, slots=True)
class RetentionDocument:
    """What to keep and when to look; without a schedule it runs when somebody asks."""

    policy: Policy
    schedule: str = ""


class _Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: str
    schedule: str = ""


def parse_document(document: object) -> RetentionDocument:
    """Return what a JSON document says: `{"text": ..., "schedule": CRON}`, or Harbor's policy.

    `Fault(REQUEST_INVALID)` says what is wrong, and where.
    """
    if isinstance(document, dict) and "rules" in document:
        imported = from_harbor(document)
        made = RetentionDocument(imported.policy, imported.cron)
    else:
        given = read(document, _Text, WHAT)
        made = RetentionDocument(parse(given.text), given.schedule)
    if made.schedule:
        cron.check(made.schedule)
    return made
