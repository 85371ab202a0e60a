"""Why bytes go, in the words of reports, dry runs and logs."""

from datetime import UTC, datetime

from entrepot.rules.leases import BlobRow


def of_row(row: BlobRow) -> str:
    """Return why a row that is due, or condemned, goes."""
    ended = datetime.fromtimestamp(row.keep_until, UTC).isoformat(timespec="seconds")
    return f"no manifest and no trash entry holds it; its lease ended at {ended}"


def of_debris(row: BlobRow | None) -> str:
    """Return why bytes go whose digest has this row, of another generation."""
    if row is None:
        return "crash leftover: no row has this generation"
    return f"crash leftover: no row has this generation, the digest's is {row.generation} now"
