"""Cron: when a schedule fires next, in UTC."""

import re
from datetime import UTC, datetime

from cronsim import CronSim, CronSimError

from entrepot.oci.errors import Code, Fault

LENGTH_MAX = 128
"""Most characters of an expression."""
NAMED = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
AFTER_MAX = datetime(9900, 1, 1, tzinfo=UTC).timestamp()
"""Latest time to start from; the search looks 50 years ahead, and the calendar ends with 9999."""

_CHARACTERS = re.compile(r"[0-9A-Za-z*/,#? -]+")
_CURE = (
    "write 'minute hour day month weekday' as 30 2 * * *, Harbor's six fields as 0 30 2 * * *, "
    "or @hourly, @daily, @weekly, @monthly, @yearly"
)


def next_after(expression: str, after: float) -> float:
    """Return the first time above `after` that the expression names, in seconds since the epoch.

    Five fields as in Debian's cron, six as in Harbor (seconds first, which must be 0, and then not
    each minute), or one of `NAMED`. `Fault(REQUEST_INVALID)` for what is none, and for dates that
    do not come within 50 years.
    """
    fields = _fields(expression)
    if not 0 <= after <= AFTER_MAX:
        raise _refused(expression, "is asked for a time outside of the calendar", "set the clock")
    start = datetime.fromtimestamp(int(after), UTC)
    try:
        return next(CronSim(fields, start)).timestamp()
    except CronSimError as error:
        cause = str(error)
        raise _refused(expression, f"is not right ({cause[:1].lower()}{cause[1:]})") from None
    except StopIteration:
        raise _refused(expression, "names a date that never comes", "correct its day") from None


def check(expression: str) -> None:
    """Raise `Fault(REQUEST_INVALID)` unless the expression can be used."""
    next_after(expression, 0.0)


def _fields(expression: str) -> str:
    """Return the five fields that the expression stands for, as yet unchecked."""
    text = expression.strip()
    if len(text) > LENGTH_MAX:
        raise _refused(expression, f"is longer than {LENGTH_MAX} characters")
    if text.startswith("@"):
        if text.lower() not in NAMED:
            raise _refused(expression, "is no name that is known")
        return NAMED[text.lower()]
    if not _CHARACTERS.fullmatch(text):
        raise _refused(expression, "holds characters that mean nothing")
    # Harbor's parser takes ? for *, in any field.
    fields = text.replace("?", "*").split()
    if len(fields) == 6:
        if fields[0] != "0":
            raise _refused(expression, "does not have 0 as its first field, the seconds")
        if fields[1] == "*":
            raise _refused(expression, "has * as its second field, the minutes", "name a minute")
        fields = fields[1:]
    if len(fields) != 5:
        raise _refused(expression, f"has {len(fields)} fields")
    return " ".join(fields)


def _refused(expression: str, cause: str, cure: str = _CURE) -> Fault:
    shown = expression[:LENGTH_MAX]
    return Fault(Code.REQUEST_INVALID, f"schedule '{shown}' {cause}: {cure}", {"cron": shown})
