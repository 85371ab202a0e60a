"""Messages for people: Slack, DingTalk, Feishu (Lark) and WeCom.

Names of tags and users are chosen by others: what could be read as markup is taken away.
"""

import re
from typing import Any

from . import kinds
from .notice import Notice
from .site import Addressee, Site, image, references, rfc3339

CONTENT_MAX_BYTES = 4000
"""WeCom takes 4096 bytes of Markdown; the others more."""
REFERENCES_SHOWN = 5

_VERBS = {
    kinds.PUBLISHED: "pushed",
    kinds.TAG_MOVED: "tagged",
    kinds.RESTORED: "restored",
    kinds.DELETED: "deleted",
    kinds.TAG_DELETED: "deleted the tag",
    kinds.PULLED: "pulled",
    kinds.BLOB_DELETED: "deleted a blob of",
    kinds.PURGED: "purged from the trash",
    kinds.POLICY_CHANGED: "set a policy of",
    kinds.POLICY_REMOVED: "removed a policy of",
    kinds.QUOTA_CHANGED: "set the quota of",
    kinds.QUOTA_WARNED: "nearly filled the quota of",
    kinds.QUOTA_EXCEEDED: "was refused by the quota of",
    kinds.RETENTION_FINISHED: "ran the retention of",
    kinds.TEST: "sent a test for",
}
_MARKUP = frozenset("<>[]*`~|\\!#")
_MENTION = re.compile(r"@(?![a-z0-9+._-]+:)")
"""An at sign that no digest follows: `@all` calls everybody."""
_SHOWN = ("text", "reason", "deleted", "untagged", "count")
"""Facts that are worth a line."""


def headline(notice: Notice) -> str:
    """Return one sentence on what happened, without markup."""
    verb = _VERBS.get(notice.kind, f"({notice.kind})")
    return plain(f"{notice.actor or 'somebody'} {verb} {notice.about}")


def lines(notice: Notice, site: Site) -> list[str]:
    """Return what else there is to say, a line each, without markup."""
    told = [f"image: {image(site, notice, one)}" for one in references(notice)[:REFERENCES_SHOWN]]
    if not notice.repository:
        told = []
    if notice.digest and notice.tags:
        told.append(f"digest: {notice.digest}")
    told += [f"{name}: {notice.facts[name]}" for name in _SHOWN if notice.facts.get(name)]
    told.append(f"time: {rfc3339(notice.at)[:19]}Z")
    return [plain(line) for line in told]


def plain(text: str) -> str:
    """Return a text in which no chat finds markup, another line or, but for digests, a mention."""
    safe = "".join(one if one.isprintable() and one not in _MARKUP else " " for one in text)
    return _MENTION.sub("＠", safe)


def slack(notice: Notice, site: Site, _to: Addressee) -> dict[str, Any]:
    """Return a message for an incoming webhook of Slack's."""
    head, rest = headline(notice), "\n".join(lines(notice, site))
    text = _cut(f"*{_escaped(head)}*\n{_escaped(rest)}")
    section = {"type": "section", "text": {"type": "mrkdwn", "text": text[:2900]}}
    return {"text": _escaped(head), "blocks": [section]}


def dingtalk(notice: Notice, site: Site, _to: Addressee) -> dict[str, Any]:
    """Return a message for a custom robot of DingTalk's."""
    head = headline(notice)
    text = "\n\n".join([f"#### {head}", *(f"> {line}" for line in lines(notice, site))])
    return {"msgtype": "markdown", "markdown": {"title": head[:100], "text": _cut(text)}}


def feishu(notice: Notice, site: Site, _to: Addressee) -> dict[str, Any]:
    """Return a message for a custom bot of Feishu's or Lark's; `signing.feishu` adds its sign."""
    text = "\n".join([headline(notice), *lines(notice, site)])
    return {"msg_type": "text", "content": {"text": _cut(text)}}


def wecom(notice: Notice, site: Site, _to: Addressee) -> dict[str, Any]:
    """Return a message for a group robot of WeCom's."""
    text = "\n".join([f"**{headline(notice)}**", *(f"> {line}" for line in lines(notice, site))])
    return {"msgtype": "markdown", "markdown": {"content": _cut(text)}}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str) -> str:
    raw = text.encode()
    if len(raw) <= CONTENT_MAX_BYTES:
        return text
    return raw[: CONTENT_MAX_BYTES - 3].decode("utf-8", "ignore") + "…"
