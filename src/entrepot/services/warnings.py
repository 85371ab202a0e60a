"""What clients are warned of, from rows and manifests as they are at hand."""

import msgspec

from entrepot.oci.manifest import Manifest
from entrepot.ports.catalog import ManifestRow
from entrepot.ports.clock import Clock
from entrepot.rules.warnings import ANNOTATIONS, Facts, warnings

_ANNOTATIONS = msgspec.json.Decoder(dict[str, str])


class WarningService:
    """Gathers the facts; looks nothing up, as every pull passes here."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def may_concern(self, row: ManifestRow) -> bool:
        """Whether there is, or could be some day, something to tell of this manifest."""
        # Nearly none has them, and decoding would cost as much as the query.
        annotations = row.annotations
        return annotations != "{}" and any(name in annotations for name in ANNOTATIONS)

    def of_stored(self, row: ManifestRow, shown: str) -> tuple[str, ...]:
        """Return what to tell one who pulls a manifest and calls it `shown`."""
        if not self.may_concern(row):
            return ()
        annotations = _ANNOTATIONS.decode(row.annotations)
        return warnings(Facts(shown, self._clock.now(), annotations))

    def of_pushed(self, manifest: Manifest, shown: str) -> tuple[str, ...]:
        """Return what to tell one who pushed a manifest and calls it `shown`."""
        return warnings(Facts(shown, self._clock.now(), manifest.annotations))
