"""What goes wrong between us and a certificate authority."""

from collections.abc import Mapping
from typing import Any

DETAIL_MAX_CHARACTERS = 500
NAMESPACE = "urn:ietf:params:acme:error:"

# What an operator can do, by the authority's type of error (RFC 8555 section 6.7).
_CURES = {
    "badCSR": "the authority does not issue for these names: see server.acme_hosts",
    "caa": "let the names' CAA records in DNS allow this authority",
    "connection": "the authority must reach this server under each name of server.acme_hosts, "
    "for http-01 at port 80, for tls-alpn-01 at port 443: look at firewall, port mapping and DNS",
    "dns": "each name of server.acme_hosts needs an address (A, AAAA) in the public DNS",
    "externalAccountRequired": "set server.acme_eab_kid and server.acme_eab_key, which the "
    "authority gives you",
    "incorrectResponse": "something else answers for this name: look where its DNS and your "
    "proxies lead",
    "invalidContact": "mend server.acme_email, or leave it away",
    "rateLimited": "it is tried again when the authority allows it",
    "rejectedIdentifier": "the authority does not issue for a name of server.acme_hosts",
    "tls": "what answers at port 443 must be this server itself, not a proxy that ends TLS",
    "unauthorized": "another server answers for this name, or the account may not have it: look "
    "where its DNS leads, and at server.acme_eab_kid",
    "userActionRequired": "the authority's terms have changed: read them, then remove "
    "tls/acme/account-*.pem from the data directory and start again",
    "unsupportedContact": "mend server.acme_email, or leave it away",
}


class AcmeError(Exception):
    """No certificate this time; the message says cause and cure.

    `kind` is the authority's type of error (`badNonce`), or empty where it has none.
    `wait_seconds` is how long it wants to be left alone (Retry-After).
    """

    def __init__(self, message: str, *, kind: str = "", wait_seconds: float = 0.0) -> None:
        super().__init__(message)
        self.kind = kind
        self.wait_seconds = wait_seconds


def from_problem(what: str, problem: Any, *, wait_seconds: float = 0.0) -> AcmeError:
    """Return what a problem document (RFC 7807) says; `what` begins the message."""
    if not isinstance(problem, Mapping):
        return AcmeError(f"{what}: the authority gave no reason", wait_seconds=wait_seconds)
    kind = str(problem.get("type", "")).removeprefix(NAMESPACE)[:80]
    detail = str(problem.get("detail", ""))[:DETAIL_MAX_CHARACTERS]
    subproblems = problem.get("subproblems")
    for one in subproblems if isinstance(subproblems, list) else ():
        if isinstance(one, Mapping) and len(detail) < DETAIL_MAX_CHARACTERS:
            detail += f"; {str(one.get('detail', ''))[:DETAIL_MAX_CHARACTERS]}"
    cure = _CURES.get(kind)
    message = f"{what}: {detail or 'no reason given'} ({kind or 'unknown'})"
    if cure is not None:
        message += f"; {cure}"
    return AcmeError(message, kind=kind, wait_seconds=wait_seconds)
