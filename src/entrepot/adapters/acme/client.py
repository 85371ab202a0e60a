"""Requests to one authority: directory, nonces, an account (RFC 8555)."""

import email.utils
from collections.abc import Sequence
from typing import Any

from entrepot.ports.clock import Clock

from .errors import NAMESPACE, AcmeError, from_problem
from .signing import AccountKey, bind
from .transport import Answer, Transport

NONCE_TRIES = 5
WAIT_MAX_SECONDS = 24 * 3600.0
"""Longest Retry-After that is believed."""
_NEEDED = ("newNonce", "newAccount", "newOrder")


class Client:
    """One account at one authority, for the time of one certificate."""

    def __init__(
        self, transport: Transport, clock: Clock, key: AccountKey, directory_url: str
    ) -> None:
        self._transport = transport
        self._clock = clock
        self.key = key
        self._directory_url = directory_url
        self._urls: dict[str, Any] = {}
        self._nonce = ""
        self._account = ""

    async def url(self, name: str) -> str:
        """Return a URL of the directory; empty if it has none. Raises `AcmeError`."""
        if not self._urls:
            answer = await self._transport.send("GET", self._directory_url)
            self._check(answer, f"{self._directory_url} cannot be read")
            found = answer.json()
            if missing := [name for name in _NEEDED if not isinstance(found.get(name), str)]:
                raise AcmeError(
                    f"{self._directory_url} is no ACME directory ({missing[0]} is missing): mend "
                    "server.acme_directory"
                )
            self._urls = found
        at = self._urls.get(name, "")
        return at if isinstance(at, str) else ""

    async def log_in(self, contacts: Sequence[str], eab: tuple[str, str] | None) -> bool:
        """Find the key's account or make it, agreeing to the terms; whether it is new.

        `eab` is key id and MAC key of an external account, which some authorities let be used
        once only. Raises `AcmeError`.
        """
        where, what = await self.url("newAccount"), "the account was refused"
        try:
            answer = await self.post(where, {"onlyReturnExisting": True}, what=what)
        except AcmeError as error:
            if error.kind != "accountDoesNotExist":
                raise
            answer = await self.post(where, self._account_wanted(where, contacts, eab), what=what)
        self._account = answer.headers.get("location", "")
        if not self._account:
            raise AcmeError("the authority names no URL of the account (RFC 8555 section 7.3)")
        return answer.status == 201

    def _account_wanted(
        self, where: str, contacts: Sequence[str], eab: tuple[str, str] | None
    ) -> dict[str, Any]:
        wanted: dict[str, Any] = {"termsOfServiceAgreed": True}
        if contacts:
            wanted["contact"] = [*contacts]
        if eab is not None:
            wanted["externalAccountBinding"] = bind(self.key, where, *eab)
        return wanted

    async def post(self, url: str, payload: Any = None, *, what: str) -> Answer:
        """Send a signed request; without a payload it reads (POST-as-GET).

        A nonce that was refused is tried with another one (section 6.5). Raises `AcmeError`,
        whose message `what` begins.
        """
        for attempt in range(NONCE_TRIES):
            nonce, self._nonce = self._nonce or await self._new_nonce(), ""
            body = self.key.sign(url, nonce, payload, self._account)
            answer = await self._transport.send("POST", url, body)
            self._nonce = answer.headers.get("replay-nonce", "")
            if answer.status < 400 or not _is_bad_nonce(answer) or attempt == NONCE_TRIES - 1:
                break
        self._check(answer, what)
        return answer

    async def get(self, url: str, *, what: str) -> Answer:
        """Read what needs no account. Raises `AcmeError`."""
        answer = await self._transport.send("GET", url)
        self._check(answer, what)
        return answer

    def retry_after(self, answer: Answer) -> float:
        """Return Retry-After in seconds, 0 without one (RFC 9110 section 10.2.3)."""
        text = answer.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdecimal():
            return min(float(text[:9]), WAIT_MAX_SECONDS)
        try:
            at = email.utils.parsedate_to_datetime(text).timestamp()
        except (ValueError, OverflowError):
            return 0.0
        return min(max(at - self._clock.now(), 0.0), WAIT_MAX_SECONDS)

    async def _new_nonce(self) -> str:
        answer = await self._transport.send("HEAD", await self.url("newNonce"))
        self._check(answer, "the authority gives no nonce")
        nonce = answer.headers.get("replay-nonce", "")
        if not nonce:
            raise AcmeError("the authority gives no nonce (RFC 8555 section 7.2)")
        return nonce

    def _check(self, answer: Answer, what: str) -> None:
        if answer.status < 300:
            return
        wait = self.retry_after(answer)
        try:
            problem = answer.json()
        except AcmeError:
            raise AcmeError(f"{what}: status {answer.status}", wait_seconds=wait) from None
        raise from_problem(what, problem, wait_seconds=wait)


def _is_bad_nonce(answer: Answer) -> bool:
    try:
        return bool(answer.json().get("type") == f"{NAMESPACE}badNonce")
    except AcmeError:
        return False
