"""A client of certificate authorities (ACME: RFC 8555, 8737, 9773)."""

from .alpn import PROTOCOL, AlpnResponder
from .errors import AcmeError
from .http01 import HttpResponder
from .issuing import Issuer, Request, Responder
from .store import Issued, Store
from .transport import Answer, HttpsTransport, Transport

__all__ = [
    "PROTOCOL",
    "AcmeError",
    "AlpnResponder",
    "Answer",
    "HttpResponder",
    "HttpsTransport",
    "Issued",
    "Issuer",
    "Request",
    "Responder",
    "Store",
    "Transport",
]
