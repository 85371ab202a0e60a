"""What is sent of a delivery, and what an answer to it means."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from entrepot.ports.posting import Parcel, Poster, PostFailed, Receipt
from entrepot.ports.webhooks import Delivery
from entrepot.rules.notifications.formats import FORMATS, refusal, write
from entrepot.rules.notifications.notice import from_text
from entrepot.rules.notifications.signing import DELIVERY, EVENT, SEQUENCE, SIGNATURE, sign
from entrepot.rules.notifications.site import Addressee, Site

from .hookbook import Hook

USER_AGENT = "entrepot-webhook"
WORDS_MAX = 200
"""Characters of an answer that the log keeps."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of sending. `wrong` says why it was not taken; empty where it was."""

    wrong: str
    status: int | None = None
    retry_after: str = ""


class Sender:
    """Sends deliveries, one attempt each."""

    def __init__(
        self, poster: Poster, site: Site, trusted: Collection[tuple[str, str]] = ()
    ) -> None:
        """`trusted` are names and URLs of the registry's webhooks that may be anywhere."""
        self._poster = poster
        self._site = site
        self._trusted = frozenset(trusted)

    async def send(self, hook: Hook, delivery: Delivery, now: float) -> Sent:
        """Send it once."""
        try:
            parcel = parcel_of(hook, delivery, self._site, now)
            place = (hook.row.name, hook.document.url)
            if not hook.row.project and place in self._trusted:
                parcel = replace(parcel, trusted=True)
            receipt = await self._poster.post(parcel)
        except PostFailed as error:
            return Sent(str(error))
        return Sent(wrong_with(hook, receipt), receipt.status, receipt.retry_after)

    async def close(self) -> None:
        """Let go of what is open."""
        await self._poster.close()


def parcel_of(hook: Hook, delivery: Delivery, site: Site, now: float) -> Parcel:
    """Return the request of one attempt: signed anew, but with the same ids as the last one."""
    document, secrets = hook.document, hook.secrets
    notice = from_text(delivery.body)
    to = Addressee(hook.id, hook.row.project)
    chat_secret = "" if FORMATS[document.format].signs else secrets.secret
    made = write(document.format, notice, site, to, url=document.url, secret=chat_secret, now=now)
    headers = {
        "Content-Type": made.media_type,
        "User-Agent": USER_AGENT,
        EVENT: delivery.kind,
        DELIVERY: str(delivery.id),
        SEQUENCE: str(notice.sequence),
    }
    if FORMATS[document.format].signs and secrets.secret:
        headers[SIGNATURE] = sign(secrets.signing(now), made.body, now)
    if secrets.authorization:
        headers["Authorization"] = secrets.authorization
    return Parcel(made.url, made.body, headers, document.verify_tls)


def wrong_with(hook: Hook, receipt: Receipt) -> str:
    """Return why an answer does not mean that it was taken; empty where it does."""
    if 200 <= receipt.status < 300:
        return refusal(hook.document.format, receipt.answer)
    if 300 <= receipt.status < 400:
        return f"answered {receipt.status}: redirects are not followed, name the last address"
    words = receipt.answer[: 4 * WORDS_MAX].decode("utf-8", "replace")[:WORDS_MAX]
    text = "".join(one if one.isprintable() else " " for one in words).strip()
    return f"answered {receipt.status}: {text}" if text else f"answered {receipt.status}"
