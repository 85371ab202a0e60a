"""`backup` of a fleet says what to use instead, and in which order."""

from pathlib import Path

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.serving.backups import backup_settings
from entrepot.settings import Settings, Storage

POSTGRES, BUCKET = "postgresql://db/entrepot", "s3://bucket/registry"


@pytest.mark.parametrize(
    "catalog, blobs, order",
    [
        (POSTGRES, BUCKET, ["pg_dump", "then the bucket", "versioning"]),
        (POSTGRES, "", ["pg_dump", "then the data directory"]),
        ("", BUCKET, ["first the catalog", "then the bucket"]),
    ],
)
async def test_what_is_elsewhere_is_refused(
    tmp_path: Path, catalog: str, blobs: str, order: list[str]
) -> None:
    settings = Settings(storage=Storage(data=str(tmp_path), catalog=catalog, blobs=blobs))
    with pytest.raises(Fault) as told:
        await backup_settings(settings, tmp_path / "backup", links=False)
    assert told.value.code is Code.UNSUPPORTED
    places = [told.value.message.index(each) for each in [*order, "docs/scale.md"]]
    assert places == sorted(places)
    assert not list(tmp_path.iterdir())
