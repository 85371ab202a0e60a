"""What the operating system tells of the data directory."""

from pathlib import Path

from entrepot.adapters import tls
from entrepot.adapters.volume import CERTIFICATE, authority_of, volume_of


def test_a_volume(tmp_path: Path) -> None:
    free, total = volume_of(tmp_path)
    assert 0 < free <= total
    assert volume_of(tmp_path / "none") == (0, 0)


def test_an_own_certificate(tmp_path: Path) -> None:
    assert authority_of(tmp_path) is None
    (tmp_path / CERTIFICATE).write_bytes(b"PEM")
    assert authority_of(tmp_path) == b"PEM"
    assert CERTIFICATE == tls.CERTIFICATE
