"""Messages for chats: bounded, and nothing in them is somebody else's markup."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.json import encode
from entrepot.rules.notifications import chat
from entrepot.rules.notifications.notice import Notice
from tests.rules.notifications.notices import DIGEST, PUSHED, SITE, TO, any_notice


@given(any_notice)
def test_every_notice_can_be_written_within_bounds(notice: Notice) -> None:
    for render in (chat.slack, chat.dingtalk, chat.feishu, chat.wecom):
        assert len(encode(render(notice, SITE, TO))) < 20_000
    wecom = chat.wecom(notice, SITE, TO)["markdown"]["content"]
    assert len(wecom.encode()) <= 4096


@given(st.text())
def test_nobody_writes_markup_mentions_or_lines(text: str) -> None:
    safe = chat.plain(text)
    assert not set(safe) & set("<>[]*`~|\\!#\n\r")
    assert safe.isprintable() or not safe
    assert "@all" not in chat.plain(f"{text}@all")
    assert "<!channel>" not in chat.plain("<!channel>")


def test_what_is_said_of_a_push() -> None:
    assert chat.headline(PUSHED) == "alice pushed library/app:1.2"
    text = chat.feishu(PUSHED, SITE, TO)["content"]["text"]
    assert "registry.example.com/library/app:1.2" in text
    assert DIGEST in text
    assert chat.dingtalk(PUSHED, SITE, TO)["msgtype"] == "markdown"
    assert chat.slack(PUSHED, SITE, TO)["blocks"][0]["type"] == "section"
    assert "somebody" in chat.headline(msgspec.structs.replace(PUSHED, actor=""))


def test_a_digest_keeps_its_at_sign() -> None:
    by_digest = msgspec.structs.replace(PUSHED, tags=())
    assert f"library/app@{DIGEST}" in chat.headline(by_digest)
