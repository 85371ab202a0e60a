"""Reasons, in words."""

from entrepot.oci.digest import Digest
from entrepot.rules.leases import BlobRow, BlobState
from entrepot.services.gc.reasons import of_debris, of_row

ROW = BlobRow(Digest.of(b"x"), 7, BlobState.CONDEMNED, 1, 0.0)


def test_reasons() -> None:
    assert of_row(ROW).endswith("holds it; its lease ended at 1970-01-01T00:00:00+00:00")
    assert of_debris(None) == "crash leftover: no row has this generation"
    assert of_debris(ROW).endswith("the digest's is 7 now")
