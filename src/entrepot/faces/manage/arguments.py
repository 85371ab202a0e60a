"""Arguments of queries and paths, read strictly."""

from entrepot.oci.errors import Code, Fault

NUMBER_DIGITS_MAX = 18


def number(text: str | None, name: str, default: int, bounds: tuple[int, int | None]) -> int:
    """Return a text as a number within bounds; `Fault(REQUEST_INVALID)` says what is wrong."""
    if text is None:
        return default
    least, most = bounds
    # int() of a megabyte of digits would take long.
    is_number = text.isascii() and text.isdecimal() and len(text) <= NUMBER_DIGITS_MAX
    if not (is_number and int(text) >= least and (most is None or int(text) <= most)):
        up_to = f" to {most}" if most is not None else ""
        raise Fault(
            Code.REQUEST_INVALID,
            f"{name} is '{text[:20]}': write a number from {least}{up_to}",
            {name: text[:20]},
        )
    return int(text)
