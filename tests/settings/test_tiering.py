"""Which settings of tiers are refused."""

import msgspec
import pytest

from entrepot.settings import Settings, SettingsError
from entrepot.settings.model import Storage
from entrepot.settings.tiering import check_tiers
from entrepot.settings.tiers import Cache, Cold


def test_tiers_as_they_are_unless_set() -> None:
    check_tiers(Settings())
    check_tiers(Settings(cache=Cache(dir="cache", admit="second"), cold=Cold(blobs="/mnt/cold")))


@pytest.mark.parametrize(
    "settings, message",
    [
        (Settings(cache=Cache(admit="third")), "must be first or second"),
        (Settings(storage=Storage(data="/data"), cold=Cold(blobs="/data")), "another store"),
        (Settings(storage=Storage(blobs="s3://b/p"), cold=Cold(blobs="s3://b/p")), "another store"),
    ],
)
def test_what_cannot_be_used(settings: Settings, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        check_tiers(settings)


@pytest.mark.parametrize("text", ['{"size_max_bytes":1000}', '{"check_bytes_per_second":0}'])
def test_numbers_have_bounds(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=Cache)
