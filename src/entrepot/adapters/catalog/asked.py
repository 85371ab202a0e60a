"""Lists of values as a statement's numbered parameters, so many at once."""

from collections.abc import Iterator, Sequence


def asked(prefix: str, values: Sequence[str], at_once: int) -> Iterator[dict[str, str | None]]:
    """Yield parameters `prefix_0`, `prefix_1` and so on, of one run of the statement each time.

    What is too many in the last one is None.
    """
    for start in range(0, len(values), at_once):
        some: list[str | None] = [*values[start : start + at_once]]
        some += [None] * (at_once - len(some))
        yield {f"{prefix}_{number}": value for number, value in enumerate(some)}
