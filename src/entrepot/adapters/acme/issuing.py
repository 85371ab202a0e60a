"""From an order to a certificate (RFC 8555 section 7.4)."""

import datetime
import re
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from entrepot.ports.clock import Clock

from .client import Client
from .errors import AcmeError, from_problem
from .signing import AccountKey, base64url
from .store import Issued, Store, read_issued
from .transport import Answer, Transport

POLL_MIN_SECONDS = 1.0
POLL_MAX_SECONDS = 30.0
POLL_ASKED_MAX_SECONDS = 600.0
"""Longest Retry-After that an order under way is worth."""
POLLS_MAX = 60
AUTHORIZATIONS_MAX = 100
"""As many as `server.acme_hosts` may name."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,256}")
_CHAIN = re.compile(rb"-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*")


class Responder(Protocol):
    """Answers challenges of one kind, between `present` and `withdraw`."""

    @property
    def kind(self) -> str: ...
    def present(self, host: str, token: str, authorization: str) -> None: ...
    def withdraw(self, host: str, token: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Request:
    """What is wanted of whom; `eab` is key id and MAC key of an external account."""

    directory_url: str
    hosts: tuple[str, ...]
    contacts: tuple[str, ...] = ()
    eab: tuple[str, str] | None = None


class Issuer:
    """Gets certificates into a store."""

    def __init__(
        self,
        request: Request,
        store: Store,
        *,
        transport: Transport,
        responder: Responder,
        clock: Clock,
    ) -> None:
        self._request = request
        self._store = store
        self._transport = transport
        self._responder = responder
        self._clock = clock

    async def obtain(self) -> Issued:
        """Order a certificate for all hosts and keep it. Raises `AcmeError` or OSError."""
        private = ec.generate_private_key(ec.SECP256R1())
        self._store.rehearse(_pem(private))
        client = self._client(self._store.account(self._request.directory_url))
        await client.log_in(self._request.contacts, self._request.eab)
        answer = await self._order(client)
        url = _text(answer.headers, "location")
        order = answer.json()
        for each in _urls(order, "authorizations"):
            await self._authorize(client, each)
        order = await self._poll(client, url, {"ready"}, "the order")
        csr = {"csr": base64url(_csr(private, self._request.hosts))}
        await client.post(_text(order, "finalize"), csr, what="the certificate was refused")
        order = await self._poll(client, url, {"valid"}, "the order")
        chain = await client.post(_text(order, "certificate"), what="the certificate did not come")
        return self._keep(private, chain)

    async def window(self, issued: Issued) -> tuple[float, float] | None:
        """Return when the authority would have a certificate renewed (ARI, RFC 9773).

        Start and end in seconds since the epoch; None where it does not say. Raises `AcmeError`.
        """
        client = self._client(self._store.account(self._request.directory_url))
        where = await client.url("renewalInfo")
        if not where or not issued.identifier:
            return None
        answer = await client.get(
            f"{where.rstrip('/')}/{issued.identifier}", what="the renewal window is unknown"
        )
        try:
            window = msgspec.convert(answer.json(), _RenewalInfo).suggestedWindow
        except msgspec.ValidationError:
            return None
        start, end = window.start.timestamp(), window.end.timestamp()
        return (start, end) if start < end else None

    async def _order(self, client: Client) -> Answer:
        """Make an order; it names what it replaces (RFC 9773 section 5) where that is of use."""
        where, what = await client.url("newOrder"), "the order was refused"
        wanted: dict[str, Any] = {
            "identifiers": [{"type": "dns", "value": host} for host in self._request.hosts]
        }
        before = self._store.issued()
        if before is not None and before.identifier and await client.url("renewalInfo"):
            try:
                return await client.post(
                    where, {**wanted, "replaces": before.identifier}, what=what
                )
            except AcmeError as error:
                # Of another authority or account, or replaced already: only a hint was refused.
                if error.kind == "rateLimited":
                    raise
        return await client.post(where, wanted, what=what)

    def _client(self, key: AccountKey) -> Client:
        return Client(self._transport, self._clock, key, self._request.directory_url)

    async def _authorize(self, client: Client, url: str) -> None:
        """Prove one host's control. Raises `AcmeError`."""
        found = (await client.post(url, what="the authorization cannot be read")).json()
        identifier = found.get("identifier")
        host = str(identifier.get("value", "")) if isinstance(identifier, dict) else ""
        if found.get("status") == "valid":
            return
        challenge = self._challenge(host, found)
        token = _text(challenge, "token")
        if not _TOKEN.fullmatch(token):
            raise AcmeError(f"the token for {host} is none (RFC 8555 section 8.1)")
        self._responder.present(host, token, client.key.authorization(token))
        try:
            what = f"{host} could not be proved by {self._responder.kind}"
            await client.post(_text(challenge, "url"), {}, what=what)
            await self._poll(client, url, {"valid"}, what)
        finally:
            self._responder.withdraw(host, token)

    def _challenge(self, host: str, authorization: dict[str, Any]) -> dict[str, Any]:
        offered = authorization.get("challenges")
        usable = [one for one in offered or () if isinstance(one, dict)]
        for one in usable:
            if one.get("type") == self._responder.kind:
                return one
        kinds = ", ".join(str(one.get("type", ""))[:40] for one in usable[:10]) or "nothing"
        raise AcmeError(
            f"for {host} the authority offers {kinds}, not {self._responder.kind}: choose another "
            "server.acme_challenge"
        )

    async def _poll(self, client: Client, url: str, wanted: set[str], what: str) -> dict[str, Any]:
        """Ask until a status is one of `wanted`. Raises `AcmeError` when it cannot be any more."""
        wait = POLL_MIN_SECONDS
        for _ in range(POLLS_MAX):
            answer = await client.post(url, what=what)
            found = answer.json()
            status = found.get("status")
            if status in wanted:
                return found
            if status not in ("pending", "processing", "ready"):
                raise _failure(what, found)
            asked = min(client.retry_after(answer), POLL_ASKED_MAX_SECONDS)
            await self._clock.sleep(max(asked, wait))
            wait = min(wait * 2, POLL_MAX_SECONDS)
        raise AcmeError(f"{what}: the authority still works on it; it is tried again later")

    def _keep(self, private: ec.EllipticCurvePrivateKey, answer: Answer) -> Issued:
        chain = b"".join(_CHAIN.findall(answer.body))
        try:
            issued = read_issued(chain, private)
        except ValueError as error:
            raise AcmeError(f"the authority's certificate cannot be used: {error}") from error
        if missing := {*self._request.hosts} - issued.hosts:
            raise AcmeError(f"the authority's certificate is not for {min(missing)}")
        self._store.keep(_pem(private), chain)
        return issued


class _Window(msgspec.Struct, frozen=True):
    start: datetime.datetime
    end: datetime.datetime


class _RenewalInfo(msgspec.Struct, frozen=True):
    suggestedWindow: _Window  # noqa: N815 - the wire's name


def _failure(what: str, found: dict[str, Any]) -> AcmeError:
    """Return why an order or an authorization has failed, from where the reason stands."""
    problem = found.get("error")
    for challenge in found.get("challenges") or ():
        if isinstance(challenge, dict) and challenge.get("error"):
            problem = challenge["error"]
    if problem is None:
        return AcmeError(
            f"{what}: it is {str(found.get('status'))[:40]}; a new order is made later"
        )
    return from_problem(what, problem)


def _text(found: Any, name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not value:
        raise AcmeError(f"the authority's answer lacks {name} (RFC 8555)")
    return value


def _urls(order: dict[str, Any], name: str) -> list[str]:
    found = order.get(name)
    if not isinstance(found, list) or len(found) > AUTHORIZATIONS_MAX:
        raise AcmeError(f"the authority's order lacks {name} (RFC 8555 section 7.1.3)")
    return [str(url) for url in found]


def _pem(private: ec.EllipticCurvePrivateKey) -> bytes:
    return private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _csr(private: ec.EllipticCurvePrivateKey, hosts: tuple[str, ...]) -> bytes:
    """Return a request for a certificate as DER."""
    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
    return (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([]))
        .add_extension(names, critical=False)
        .sign(private, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )
