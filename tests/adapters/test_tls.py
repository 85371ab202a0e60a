"""The server's TLS, and the certificate that it makes for itself."""

import contextlib
import datetime
import ipaddress
import ssl
import stat
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from entrepot.adapters.tls import (
    RENEW_DAYS,
    VALID_DAYS,
    CertificateUnusable,
    LiveContext,
    expires_at,
    own_certificate,
    server_context,
)

NOW = time.time()
DAY = 86400.0


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def names(certificate: x509.Certificate) -> set[str]:
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(name.value) for name in found}


def as_subtree(name: str) -> str:
    try:
        return str(ipaddress.ip_network(name))
    except ValueError:
        return name


def shake_hands(directory: Path, host: str, *, trusted: Path) -> str | None:
    """Let a client that trusts one certificate connect to the server; return the TLS version."""
    client_context = ssl.create_default_context(cafile=trusted)
    # What Python 3.13 asks of everyone.
    client_context.verify_flags |= ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = server_context(directory / "server.crt", directory / "server.key")
    server = context.wrap_bio(to_server, to_client, server_side=True)
    client = client_context.wrap_bio(to_client, to_server, server_hostname=host)
    for _ in range(4):
        for side in (client, server):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
    return client.version()


def test_a_client_that_trusts_the_certificate_connects(tmp_path: Path) -> None:
    certificate, _ = own_certificate(tmp_path, ["registry.example", "[2001:db8::1]"], NOW)
    for host in ("localhost", "127.0.0.1", "::1", "registry.example", "2001:db8::1"):
        assert shake_hands(tmp_path, host, trusted=certificate) == "TLSv1.3"


def test_another_name_and_another_certificate_are_not_trusted(tmp_path: Path) -> None:
    certificate, _ = own_certificate(tmp_path / "a", [], NOW)
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        shake_hands(tmp_path / "a", "elsewhere.example", trusted=certificate)
    other, _ = own_certificate(tmp_path / "b", [], NOW)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(tmp_path / "a", "localhost", trusted=other)


def test_the_names_are_those_that_clients_use(tmp_path: Path) -> None:
    hosts = ["registry.example", "10.1.2.3", "[2001:db8::1]", "*", "0.0.0.0", "[::]", "localhost"]  # noqa: S104
    certificate, _ = own_certificate(tmp_path, hosts, NOW)
    found = names(load(certificate))
    assert found >= {
        "localhost",
        "127.0.0.1",
        "::1",
        "registry.example",
        "10.1.2.3",
        "2001:db8::1",
    }
    assert not found & {"*", "0.0.0.0", "::"}  # noqa: S104


def test_a_stolen_key_opens_nothing_else(tmp_path: Path) -> None:
    """Who trusts it as an authority, does so for its own names and for servers only."""
    certificate, _ = own_certificate(tmp_path, ["registry.example", "10.1.2.3"], NOW)
    extensions = load(certificate).extensions
    bound = extensions.get_extension_for_class(x509.NameConstraints)
    assert bound.critical
    permitted = {str(name.value) for name in bound.value.permitted_subtrees or ()}
    alone = {as_subtree(name) for name in names(load(certificate))}
    assert permitted == alone
    assert "10.1.2.3/32" in permitted
    assert extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0
    usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [*usage] == [x509.OID_SERVER_AUTH]


def test_it_is_what_trust_stores_ask_of_an_authority(tmp_path: Path) -> None:
    """RFC 5280 sections 4.2.1.2 and 4.2.1.3; macOS asks for the validity too."""
    certificate, _ = own_certificate(tmp_path, [], NOW)
    found = load(certificate)
    identifier = x509.SubjectKeyIdentifier.from_public_key(found.public_key())
    extension = found.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    assert extension.value == identifier
    usage = found.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert usage.key_cert_sign
    assert found.not_valid_after_utc - found.not_valid_before_utc <= datetime.timedelta(days=825)


def test_only_the_owner_can_read_the_key(tmp_path: Path) -> None:
    certificate, key = own_certificate(tmp_path / "tls", [], NOW)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "tls").stat().st_mode) == 0o700
    assert stat.S_IMODE(certificate.stat().st_mode) & 0o022 == 0
    assert b"PRIVATE" not in certificate.read_bytes()
    assert sorted(path.name for path in (tmp_path / "tls").iterdir()) == [
        "server.crt",
        "server.key",
    ]


def test_it_is_kept_while_it_is_good(tmp_path: Path) -> None:
    certificate, key = own_certificate(tmp_path, ["registry.example"], NOW)
    before = certificate.read_bytes(), key.read_bytes()
    late = NOW + (VALID_DAYS - RENEW_DAYS - 1) * DAY
    for hosts, now in ((["registry.example"], NOW), ([], NOW), (["*", "localhost"], late)):
        own_certificate(tmp_path, hosts, now)
        assert (certificate.read_bytes(), key.read_bytes()) == before


def test_it_is_made_again_before_it_ends(tmp_path: Path) -> None:
    certificate, _ = own_certificate(tmp_path, [], NOW)
    before = load(certificate)
    late = NOW + (VALID_DAYS - RENEW_DAYS + 1) * DAY
    own_certificate(tmp_path, [], late)
    after = load(certificate)
    assert after.serial_number != before.serial_number
    assert after.not_valid_after_utc > before.not_valid_after_utc
    assert after.not_valid_before_utc <= datetime.datetime.fromtimestamp(late, datetime.UTC)


def test_it_is_made_again_for_a_new_name(tmp_path: Path) -> None:
    certificate, _ = own_certificate(tmp_path, ["registry.example"], NOW)
    own_certificate(tmp_path, ["other.example"], NOW)
    assert "other.example" in names(load(certificate))


@pytest.mark.parametrize("name", ["server.crt", "server.key"])
@pytest.mark.parametrize("broken", [None, b"", b"not PEM", "other"])
def test_what_a_crash_leaves_is_made_again(
    tmp_path: Path, name: str, broken: bytes | str | None
) -> None:
    own_certificate(tmp_path / "a", [], NOW)
    own_certificate(tmp_path / "b", [], NOW)
    file = tmp_path / "a" / name
    if broken is None:
        file.unlink()
    elif broken == "other":
        # Of the two files, one was written and the other not yet.
        file.write_bytes((tmp_path / "b" / name).read_bytes())
    else:
        file.write_bytes(broken if isinstance(broken, bytes) else b"")
    certificate, _ = own_certificate(tmp_path / "a", [], NOW)
    assert shake_hands(tmp_path / "a", "localhost", trusted=certificate)


def test_old_tls_is_not_spoken(tmp_path: Path) -> None:
    certificate, key = own_certificate(tmp_path, [], NOW)
    assert server_context(certificate, key).minimum_version == ssl.TLSVersion.TLSv1_2


def test_files_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    certificate, key = own_certificate(tmp_path, [], NOW)
    _, other = own_certificate(tmp_path / "other", [], NOW)
    encrypted = tmp_path / "encrypted"
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    encrypted.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    (tmp_path / "empty").write_bytes(b"")
    for one, two, told in (
        (tmp_path / "missing", key, "missing cannot be read: No such file"),
        (certificate, tmp_path / "missing", "missing cannot be read: No such file"),
        (certificate, tmp_path / "empty", "no certificate chain and key in PEM"),
        (tmp_path / "empty", key, "no certificate chain and key in PEM"),
        (certificate, other, "is not the key of the certificate"),
        (certificate, encrypted, "encrypted: write it without a passphrase"),
    ):
        with pytest.raises(CertificateUnusable, match=told):
            server_context(one, two)


def served(context: ssl.SSLContext, host: str | None, alpn: str = "http/1.1") -> bytes:
    """Return the certificate that a client is shown, which names a host or does not."""
    client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_context.check_hostname = False
    client_context.verify_mode = ssl.CERT_NONE
    client_context.set_alpn_protocols([alpn])
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(to_server, to_client, server_side=True)
    client = client_context.wrap_bio(to_client, to_server, server_hostname=host)
    for _ in range(4):
        for side in (client, server):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
    assert client.selected_alpn_protocol() == alpn
    return client.getpeercert(binary_form=True) or b""


@pytest.mark.parametrize("host", ["localhost", None])
def test_another_certificate_is_served_from_the_same_context(
    tmp_path: Path, host: str | None
) -> None:
    old, new = (own_certificate(tmp_path / name, [], NOW) for name in "ab")
    live = LiveContext(*old)
    context = live.context

    def is_served(certificate: Path) -> bool:
        expected = load(certificate).public_bytes(serialization.Encoding.DER)
        return served(context, host) == expected

    assert is_served(old[0])
    with pytest.raises(CertificateUnusable):
        live.load(new[0], old[1])
    assert is_served(old[0])
    live.load(*new)
    assert is_served(new[0])
    live.load(*old)
    assert is_served(old[0])


def test_when_it_ends(tmp_path: Path) -> None:
    certificate, _ = own_certificate(tmp_path, [], NOW)
    assert abs(expires_at(certificate).timestamp() - NOW - VALID_DAYS * DAY) <= 3601


def test_another_certificate_speaks_what_the_first_one_did(tmp_path: Path) -> None:
    old, new = (own_certificate(tmp_path / name, [], NOW) for name in "ab")
    live = LiveContext(*old)
    live.context.set_alpn_protocols(["h2", "http/1.1"])
    before = served(live.context, "localhost", "h2")
    live.load(*new)
    assert served(live.context, "localhost", "h2") != before
    assert served(live.context, "localhost", "http/1.1") != before
