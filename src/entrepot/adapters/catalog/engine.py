"""Opens the catalog that a URL names."""

from pathlib import Path
from urllib.parse import unquote

from entrepot.ports.catalog import Catalog

from .offload import Offload
from .sqlite import open_file, open_memory

POSTGRES = ("postgresql://", "postgres://")
_MEMORY = ("sqlite://", "sqlite:///:memory:")
_FILE = "sqlite:///"


async def open_catalog(
    place: str | Path,
    *,
    offload: Offload | None = None,
    turnstile: Path | None = None,
    joins: bool = False,
) -> Catalog:
    """Open the catalog, made or migrated first if need be.

    `place` is a path, `sqlite:///relative/path`, `sqlite:////absolute/path`, `sqlite:///:memory:`
    or `postgresql://...`, which any number of processes may name. `offload` runs what blocks on the
    disk, in a thread of its own by default. Processes that write to one file at once name one
    `turnstile`, a file where they queue; all but the first of them say `joins`.
    Raises ValueError for another URL, `CatalogUnusable` or OSError.
    """
    text = str(place)
    if text.startswith(POSTGRES):
        # Not at the top: the embedded catalog does without the driver.
        from .postgres import open_postgres

        return await open_postgres(text)
    if place in _MEMORY:
        return await open_memory(offload)
    return await open_file(_path(place), offload, turnstile, joins=joins)


def _path(place: str | Path) -> Path:
    if isinstance(place, Path):
        return place
    if place.startswith(_FILE):
        return Path(unquote(place.removeprefix(_FILE)))
    if "://" in place:
        raise ValueError(
            f"'{place}' is no catalog: write sqlite:////absolute/path, a path, or postgresql://..."
        )
    return Path(place)
