"""One connection, used by one thread: bind and search, each answer explained."""

import ssl
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from ldap3 import ANONYMOUS, BASE, DEREF_NEVER, LEVEL, SIMPLE, SUBTREE
from ldap3.core import results

from entrepot.ports.identity import SourceFailed
from entrepot.settings import Ldap

from .connecting import BROKEN, Unreachable, close, connect, why_not
from .entries import Entry, shown

SCOPES: dict[str, Any] = {"subtree": SUBTREE, "one": LEVEL, "base": BASE}
SEARCH_SECONDS = 10
"""What servers are told to take at most, in whole seconds."""

# Not asked with these, the person may not come in; anything else is the directory's trouble.
_REFUSED = frozenset(
    {
        results.RESULT_INVALID_CREDENTIALS,
        results.RESULT_INAPPROPRIATE_AUTHENTICATION,  # they have no password
        results.RESULT_CONSTRAINT_VIOLATION,  # locked out, in 389 DS
        results.RESULT_UNWILLING_TO_PERFORM,  # disabled, in some
        results.RESULT_NO_SUCH_OBJECT,
        results.RESULT_INVALID_DN_SYNTAX,
    }
)
_ELSEWHERE = frozenset({results.RESULT_BUSY, results.RESULT_UNAVAILABLE})
_CURES = {
    results.RESULT_INVALID_CREDENTIALS: "look at ldap.bind_dn and ldap.bind_password",
    results.RESULT_STRONGER_AUTH_REQUIRED: "it wants TLS: write ldaps://, or set ldap.start_tls",
    results.RESULT_CONFIDENTIALITY_REQUIRED: "it wants TLS: write ldaps://, or set ldap.start_tls",
    results.RESULT_OPERATIONS_ERROR: "most want a bind first: set ldap.bind_dn",
    results.RESULT_INSUFFICIENT_ACCESS_RIGHTS: "let ldap.bind_dn read people and groups",
    results.RESULT_NO_SUCH_OBJECT: "look at ldap.base and ldap.group_base, and at whether "
    "ldap.bind_dn may read them",
    results.RESULT_SIZE_LIMIT_EXCEEDED: "it gives fewer entries than there are: narrow the filter",
    results.RESULT_REFERRAL: "it refers to another server: name that one in ldap.url",
    results.RESULT_INVALID_DN_SYNTAX: "look at the DNs in the settings of ldap",
}


class Session:
    """Nobody is bound at first. Every method raises `Unreachable` or `SourceFailed`."""

    def __init__(self, url: str, ldap: Ldap, context: ssl.SSLContext) -> None:
        """Connect, and agree on TLS where the settings say so."""
        self._url = url
        self._connection = connect(url, ldap, context)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def bind(self, who: str, password: str) -> str | None:
        """Bind with a password; return None if that went well, else why it was refused.

        An empty name or password binds nobody: servers would call it a success (RFC 4513
        section 5.1.2).
        """
        secret = password.encode()
        if not who or not secret or b"\0" in secret:
            return "a name and a password are needed"
        connection = self._connection
        # As bytes, which ldap3 leaves alone: SASLprep makes some passwords empty.
        connection.user, connection.password = who, secret
        connection.authentication = SIMPLE
        try:
            result = self._asked(connection.bind)
        finally:
            connection.password = None
        code = result["result"]
        if code == results.RESULT_SUCCESS:
            return None
        if code in _REFUSED:
            return _reason(result)
        raise self._failure("bind", result)

    def bind_nobody(self) -> None:
        """Be anonymous."""
        connection = self._connection
        connection.user = connection.password = None
        connection.authentication = ANONYMOUS
        result = self._asked(connection.bind)
        if result["result"] != results.RESULT_SUCCESS:
            raise self._failure("anonymous bind", result)

    def search(
        self, base: str, text: str, *, scope: str, attributes: Sequence[str], limit: int
    ) -> list[Entry]:
        """Return the entries that a filter finds, at most one more than `limit`."""
        connection = self._connection
        result = self._asked(
            lambda: connection.search(
                base,
                text,
                search_scope=SCOPES[scope],
                dereference_aliases=DEREF_NEVER,  # as for a bind: who is found is who binds
                attributes=[*attributes],
                size_limit=limit + 1,
                time_limit=SEARCH_SECONDS,
            )
        )
        # Some send one more than they were asked for and say that it is too many.
        if result["result"] not in (results.RESULT_SUCCESS, results.RESULT_SIZE_LIMIT_EXCEEDED):
            raise self._failure(f"search below {shown(base)}", result)
        found = [
            _entry(one) for one in connection.response or () if one["type"] == "searchResEntry"
        ]
        if result["result"] == results.RESULT_SIZE_LIMIT_EXCEEDED and len(found) <= limit:
            raise self._failure(f"search below {shown(base)}", result)
        return found[: limit + 1]

    def close(self) -> None:
        close(self._connection)

    def _asked(self, question: Any) -> dict[str, Any]:
        try:
            question()
            result = self._connection.result
        except BROKEN as error:
            raise Unreachable(f"{self._url}: {why_not(error)}") from error
        if not isinstance(result, dict) or "result" not in result:
            raise Unreachable(f"{self._url}: its answer is not LDAP's")
        if result["result"] in _ELSEWHERE:
            raise Unreachable(f"{self._url}: {_reason(result)}")
        return result

    def _failure(self, what: str, result: dict[str, Any]) -> SourceFailed:
        cure = _CURES.get(result["result"], "see the directory's own log")
        return SourceFailed(f"LDAP: {self._url} refuses the {what} ({_reason(result)}): {cure}")


def _entry(response: dict[str, Any]) -> Entry:
    return Entry(
        str(response["dn"]),
        {name.lower(): tuple(values or ()) for name, values in response["raw_attributes"].items()},
    )


def _reason(result: dict[str, Any]) -> str:
    message = str(result.get("message") or "").rstrip("\0")
    words = str(result.get("description") or result["result"])
    return f"{words}: {shown(message)}" if message else words
