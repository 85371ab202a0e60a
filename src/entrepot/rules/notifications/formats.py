"""The payload formats by their names, and what of each is sent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from entrepot.oci.json import encode

from . import chat, cloudevents, distribution, harbor, kinds
from .notice import Notice
from .signing import dingtalk_query, feishu_fields
from .site import Addressee, Site

JSON = "application/json"
CLOUDEVENTS = "cloudevents"
DISTRIBUTION = "distribution"
HARBOR = "harbor"
HARBOR_CLOUDEVENTS = "harbor-cloudevents"
SLACK = "slack"
DINGTALK = "dingtalk"
FEISHU = "feishu"
WECOM = "wecom"

ANSWER_WORDS_MAX = 200
"""Characters that are kept of what a receiver says of its refusal."""

Render = Callable[[Notice, Site, Addressee], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Format:
    """How a payload is written. `tells` are the kinds that it has words for; empty for all.

    Only where `signs`, our own signature goes along: a chat would make nothing of it.
    """

    render: Render
    media_type: str = JSON
    tells: tuple[str, ...] = ()
    signs: bool = True


FORMATS: dict[str, Format] = {
    CLOUDEVENTS: Format(cloudevents.payload, cloudevents.MEDIA_TYPE),
    HARBOR: Format(harbor.default),
    HARBOR_CLOUDEVENTS: Format(harbor.cloud, cloudevents.MEDIA_TYPE),
    DISTRIBUTION: Format(
        distribution.payload, distribution.MEDIA_TYPE, tuple(distribution.ACTIONS)
    ),
    SLACK: Format(chat.slack, signs=False),
    DINGTALK: Format(chat.dingtalk, signs=False),
    FEISHU: Format(chat.feishu, signs=False),
    WECOM: Format(chat.wecom, signs=False),
}


@dataclass(frozen=True, slots=True)
class Written:
    """What is sent: to that URL, with that type."""

    url: str
    media_type: str
    body: bytes


def write(
    format_: str, notice: Notice, site: Site, to: Addressee, *, url: str, secret: str, now: float
) -> Written:
    """Return the request of a notice; `secret` signs it where the format has a way of its own."""
    made = FORMATS[format_]
    value = made.render(notice, site, to)
    if secret and format_ == FEISHU:
        value = {**feishu_fields(secret, now), **value}
    if secret and format_ == DINGTALK:
        url += ("&" if "?" in url else "?") + dingtalk_query(secret, now)
    return Written(url, made.media_type, encode(value))


def tells(format_: str, kind: str) -> bool:
    """Whether a format has words for a kind."""
    found = FORMATS[format_].tells
    return not found or kind in found or kind == kinds.TEST


def refusal(format_: str, answer: bytes) -> str:
    """Return why a receiver did not take what it answered with status 200; empty where it did.

    The chats answer so to a wrong signature, and when too much is sent.
    """
    if format_ not in _CODES:
        return ""
    try:
        value = msgspec.json.decode(answer, type=dict[str, Any])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ""
    return _told(value, *_CODES[format_])


_CODES: Mapping[str, tuple[str, str]] = {
    DINGTALK: ("errcode", "errmsg"),
    WECOM: ("errcode", "errmsg"),
    FEISHU: ("code", "msg"),
}


def _told(value: Mapping[str, Any], code: str, words: str) -> str:
    number = value.get(code, 0)
    if not isinstance(number, int) or number == 0:
        return ""
    return f"{number}: {str(value.get(words, ''))[:ANSWER_WORDS_MAX]}"
