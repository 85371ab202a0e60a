"""What no type can say of the settings of tiers."""

from .model import Settings, SettingsError

ADMITS = ("first", "second")
"""As `adapters.blobs.tiered` has them."""


def check_tiers(settings: Settings) -> None:
    """Raise `SettingsError` for what cannot be used."""
    if settings.cache.admit not in ADMITS:
        raise SettingsError(f"cache.admit: '{settings.cache.admit[:80]}' must be first or second")
    cold = settings.cold.blobs
    if cold and cold in (settings.storage.blobs, settings.storage.data):
        raise SettingsError(
            f"cold.blobs: '{cold[:80]}' is where all blobs are; name another store, or leave it "
            "away"
        )
