"""A certificate authority in a few lines, which does what a test tells it."""

import base64
import datetime
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws
from joserfc.jwk import ECKey, OctKey
from joserfc.jws import JWSRegistry

from entrepot.adapters.acme import Answer

BASE = "https://ca.example"
DIRECTORY = f"{BASE}/dir"
DAY = 86400.0
PROBLEM = "urn:ietf:params:acme:error:"


class Hours:
    """A clock that goes on by being waited for."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.time = now
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


def problem(kind: str, status: int = 400, *, detail: str = "it says so", **headers: str) -> Answer:
    """Return an error as an authority sends it."""
    body = {"type": PROBLEM + kind, "detail": detail}
    return Answer(status, _headers(headers), json.dumps(body).encode())


def said(value: Any, status: int = 200, **headers: str) -> Answer:
    """Return an answer in JSON."""
    return Answer(status, _headers(headers), json.dumps(value).encode())


def _headers(given: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in given.items()}


@dataclass
class Order:
    """What was ordered, and how far it is."""

    hosts: list[str]
    status: str = "pending"
    proved: dict[str, str] = field(default_factory=dict)
    chain: bytes = b""


class Authority:
    """A transport that ends here. It checks each signature, nonce, address and account.

    `instead` holds answers that are given once each, by the first part of the path, before what
    would be right; `prove` is asked whether (host, token, key authorization) can be seen.
    """

    def __init__(self, clock: Hours, *, mac_keys: Mapping[str, str] | None = None) -> None:
        self.clock = clock
        self.mac_keys = mac_keys
        self.instead: dict[str, list[Answer]] = {}
        self.prove: Callable[[str, str, str], bool] = lambda *_: True
        self.kinds = ["http-01", "dns-01", "tls-alpn-01"]
        self.lifetime_seconds = 90 * DAY
        self.window: tuple[float, float] | None = None
        self.other_key = False
        self.drop_host = False
        self.accounts: dict[str, dict[str, Any]] = {}
        self.orders: dict[str, Order] = {}
        self.asked: list[str] = []
        self.replaced: list[str] = []
        self._ids = itertools.count(1)
        self._nonces: set[str] = set()
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Scripted CA")])

    async def send(self, method: str, url: str, body: bytes = b"") -> Answer:
        """See `Transport`."""
        parts = url.removeprefix(f"{BASE}/").split("/")
        self.asked.append(f"{method} {parts[0]}")
        queue = self.instead.get(parts[0])
        if queue:
            answer = queue.pop(0)
        elif method == "POST":
            answer = self._post(parts, url, body)
        else:
            answer = self._get(parts)
        return Answer(answer.status, {"replay-nonce": self._nonce(), **answer.headers}, answer.body)

    def _nonce(self) -> str:
        nonce = f"nonce{next(self._ids)}"
        self._nonces.add(nonce)
        return nonce

    def _get(self, parts: list[str]) -> Answer:
        if parts == ["dir"]:
            names = {"newNonce": "nonce", "newAccount": "account", "newOrder": "neworder"}
            names |= {"renewalInfo": "ari"} if self.window else {}
            return said({name: f"{BASE}/{path}" for name, path in names.items()})
        if parts[0] == "ari" and self.window is not None:
            start, end = (
                datetime.datetime.fromtimestamp(at, datetime.UTC).isoformat() for at in self.window
            )
            return said({"suggestedWindow": {"start": start, "end": end}})
        return Answer(200 if parts == ["nonce"] else 404)

    def _post(self, parts: list[str], url: str, body: bytes) -> Answer:
        signed = json.loads(body)
        header = json.loads(_decode(signed["protected"]))
        assert header["alg"] == "ES256"
        assert header["url"] == url
        if header["nonce"] not in self._nonces:
            return problem("badNonce")
        self._nonces.remove(header["nonce"])
        jwk = header.get("jwk") or self.accounts[header["kid"]]
        assert ("kid" in header) == (parts[0] != "account")
        payload = _verified(signed, ECKey.import_key(jwk), "ES256")
        made: Answer = getattr(self, f"_{parts[0]}")(payload, jwk, *parts[1:])
        return made

    def _account(self, payload: Any, jwk: dict[str, Any]) -> Answer:
        for url, known in self.accounts.items():
            if known == jwk:
                return said({"status": "valid"}, location=url)
        if payload.get("onlyReturnExisting"):
            return problem("accountDoesNotExist")
        assert payload["termsOfServiceAgreed"] is True
        if self.mac_keys is not None:
            binding = payload.get("externalAccountBinding")
            if binding is None:
                return problem("externalAccountRequired", 403)
            header = json.loads(_decode(binding["protected"]))
            assert header["url"] == f"{BASE}/account"
            key = OctKey.import_key(_decode(self.mac_keys[header["kid"]]))
            assert _verified(binding, key, "HS256") == jwk
        url = f"{BASE}/acct/{next(self._ids)}"
        self.accounts[url] = jwk
        return said({"status": "valid"}, 201, location=url)

    def _neworder(self, payload: Any, _jwk: Any) -> Answer:
        number = str(next(self._ids))
        self.replaced.append(payload.get("replaces", ""))
        self.orders[number] = Order([one["value"] for one in payload["identifiers"]])
        return said(self._shown(number), 201, location=f"{BASE}/order/{number}")

    def _shown(self, number: str) -> dict[str, Any]:
        order = self.orders[number]
        if order.status == "pending" and {*order.hosts} == {*order.proved}:
            order.status = "ready"
        return {
            "status": order.status,
            "authorizations": [f"{BASE}/authz/{number}/{host}" for host in order.hosts],
            "finalize": f"{BASE}/finalize/{number}",
            "certificate": f"{BASE}/cert/{number}",
        }

    def _order(self, _payload: Any, _jwk: Any, number: str) -> Answer:
        return said(self._shown(number))

    def _authz(self, _payload: Any, _jwk: Any, number: str, host: str) -> Answer:
        state = self.orders[number].proved.get(host, "pending")
        challenges = [self._challenge(kind, number, host, state) for kind in self.kinds]
        value = {"type": "dns", "value": host}
        return said({"status": state, "identifier": value, "challenges": challenges})

    def _challenge(self, kind: str, number: str, host: str, state: str) -> dict[str, Any]:
        found: dict[str, Any] = {
            "type": kind,
            "token": f"token-{host.replace('.', '-')}",
            "url": f"{BASE}/chal/{number}/{host}",
            "status": state,
        }
        if state == "invalid":
            found["error"] = {"type": f"{PROBLEM}unauthorized", "detail": "saw another page"}
        return found

    def _chal(self, payload: Any, jwk: Any, number: str, host: str) -> Answer:
        assert payload == {}
        token = f"token-{host.replace('.', '-')}"
        good = self.prove(host, token, f"{token}.{ECKey.import_key(jwk).thumbprint()}")
        order = self.orders[number]
        if good:
            order.proved[host] = "valid"
        else:
            order.proved[host] = order.status = "invalid"
        return said({"status": "processing"})

    def _finalize(self, payload: Any, _jwk: Any, number: str) -> Answer:
        order = self.orders[number]
        if order.status != "ready":
            return problem("orderNotReady", 403)
        request = x509.load_der_x509_csr(_decode(payload["csr"]))
        assert request.is_signature_valid
        names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.DNSName) == order.hosts
        order.chain = self._issue(request.public_key(), order.hosts)
        order.status = "valid"
        return said({"status": "processing"})

    def _cert(self, _payload: Any, _jwk: Any, number: str) -> Answer:
        kind = {"content-type": "application/pem-certificate-chain"}
        return Answer(200, kind, self.orders[number].chain)

    def _issue(self, public: Any, hosts: list[str]) -> bytes:
        if self.other_key:
            public = ec.generate_private_key(ec.SECP256R1()).public_key()
        start = datetime.datetime.fromtimestamp(self.clock.now(), datetime.UTC)
        names = [x509.DNSName(host) for host in hosts[self.drop_host :] or ["other.example"]]
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        built = (
            x509.CertificateBuilder()
            .subject_name(self._name)
            .issuer_name(self._name)
            .public_key(public)
            .serial_number(0x8765_4321)
            .not_valid_before(start)
            .not_valid_after(start + datetime.timedelta(seconds=self.lifetime_seconds))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(identifier, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return built.public_bytes(serialization.Encoding.PEM)


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _verified(signed: Any, key: Any, algorithm: str) -> Any:
    registry = JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    registry.max_header_length = 4096
    payload = jws.deserialize_json(signed, key, registry=registry).payload
    return json.loads(payload) if payload else None
