"""Proofs on the server's own port, while clients come and go (RFC 8737)."""

import contextlib
import hashlib
import ssl
import time
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from entrepot.adapters.acme import PROTOCOL, AlpnResponder
from entrepot.adapters.acme.alpn import offered
from entrepot.adapters.system import SystemClock
from entrepot.adapters.tls import LiveContext, own_certificate

HOST = "registry.example"
AUTHORIZATION = "token.thumbprint"
OID = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.31")


class Port:
    """A server's TLS without a network."""

    def __init__(self, directory: Path) -> None:
        self.live = LiveContext(*own_certificate(directory, [HOST], time.time()))
        self.live.context.set_alpn_protocols(["h2", "http/1.1"])
        self.responder = AlpnResponder(self.live.context, SystemClock())
        self.live.divert = self.responder.choose

    def connect(
        self, protocols: list[str], host: str = HOST, newest: ssl.TLSVersion | None = None
    ) -> tuple[str | None, x509.Certificate]:
        """Shake hands; return what was agreed on, and the server's certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(protocols)
        if newest is not None:
            context.maximum_version = newest
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = context.wrap_bio(to_client, to_server, server_hostname=host)
        server = self.live.context.wrap_bio(to_server, to_client, server_side=True)
        for _ in range(4):
            for side in (client, server):
                with contextlib.suppress(ssl.SSLWantReadError):
                    side.do_handshake()
        found = client.getpeercert(binary_form=True) or b""
        return client.selected_alpn_protocol(), x509.load_der_x509_certificate(found)

    def proof(self, certificate: x509.Certificate) -> bytes | None:
        """What a certificate proves."""
        try:
            extension = certificate.extensions.get_extension_for_oid(OID)
        except x509.ExtensionNotFound:
            return None
        assert extension.critical
        value: bytes = extension.value.public_bytes()
        return value


@pytest.fixture
def port(tmp_path: Path) -> Port:
    return Port(tmp_path)


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_the_authority_sees_the_proof(port: Port, newest: ssl.TLSVersion) -> None:
    port.responder.present(HOST, "token", AUTHORIZATION)
    agreed, certificate = port.connect([PROTOCOL], HOST.upper(), newest)
    assert agreed == PROTOCOL
    wanted = b"\x04\x20" + hashlib.sha256(AUTHORIZATION.encode()).digest()
    assert port.proof(certificate) == wanted
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [HOST]


@pytest.mark.parametrize(
    "protocols,agreed",
    [
        (["h2", "http/1.1"], "h2"),
        (["http/1.1"], "http/1.1"),
        ([], None),
        ([PROTOCOL, "http/1.1"], "http/1.1"),  # the authority offers nothing else
    ],
)
def test_clients_see_nothing_of_it(port: Port, protocols: list[str], agreed: str | None) -> None:
    port.responder.present(HOST, "token", AUTHORIZATION)
    found, certificate = port.connect(protocols)
    assert found == agreed
    assert port.proof(certificate) is None


def test_only_while_it_is_under_way_and_only_for_that_host(port: Port) -> None:
    port.responder.present(HOST, "token", AUTHORIZATION)
    port.responder.present("other.example", "token", "another")
    assert port.proof(port.connect([PROTOCOL], "third.example")[1]) is None
    port.responder.withdraw(HOST, "token")
    assert port.proof(port.connect([PROTOCOL])[1]) is None
    assert port.connect([PROTOCOL], "other.example")[0] == PROTOCOL
    port.responder.withdraw("other.example", "token")
    assert port.live.context._msg_callback is None  # type: ignore[attr-defined]
    assert port.connect(["h2"])[0] == "h2"


@given(st.binary(max_size=400))
def test_no_bytes_are_too_strange(data: bytes) -> None:
    assert isinstance(offered(data), list)


def test_every_cut_of_a_client_hello_is_read(port: Port) -> None:
    seen: list[bytes] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols([PROTOCOL, "h2"])
    context._msg_callback = lambda *words: seen.append(words[-1])  # type: ignore[attr-defined]
    client = context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname=HOST)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    hello = max(seen, key=len)
    assert offered(hello) == [PROTOCOL.encode(), b"h2"]
    for end in range(len(hello)):
        assert len(offered(hello[:end])) <= 2
