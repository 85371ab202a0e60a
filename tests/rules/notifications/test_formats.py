"""Formats: what is sent where, and what an answer means."""

from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.rules.notifications import formats, kinds
from entrepot.rules.notifications.notice import Notice
from tests.rules.notifications.notices import PUSHED, SITE, TO, any_notice

URL = "https://hooks.example.com/x?token=1"


@given(any_notice, st.sampled_from([*formats.FORMATS]))
def test_every_format_writes_json(notice: Notice, name: str) -> None:
    made = formats.write(name, notice, SITE, TO, url=URL, secret="", now=1.0)
    assert isinstance(msgspec.json.decode(made.body), dict)
    assert made.url == URL


def test_chats_are_signed_their_own_way() -> None:
    made = formats.write(formats.DINGTALK, PUSHED, SITE, TO, url=URL, secret="SEC", now=2.0)
    assert set(parse_qs(urlsplit(made.url).query)) == {"token", "timestamp", "sign"}
    bare = URL.partition("?")[0]
    made = formats.write(formats.DINGTALK, PUSHED, SITE, TO, url=bare, secret="SEC", now=2.0)
    assert made.url.startswith(f"{bare}?timestamp=2000&sign=")
    made = formats.write(formats.FEISHU, PUSHED, SITE, TO, url=URL, secret="SEC", now=2.0)
    assert {"timestamp", "sign", "msg_type"} <= set(msgspec.json.decode(made.body))
    assert not formats.FORMATS[formats.SLACK].signs


@pytest.mark.parametrize(
    "name, answer, wrong",
    [
        (formats.DINGTALK, b'{"errcode":310000,"errmsg":"sign not match"}', "310000: sign not m"),
        (formats.DINGTALK, b'{"errcode":0,"errmsg":"ok"}', ""),
        (formats.WECOM, b'{"errcode":93000,"errmsg":"invalid webhook url"}', "93000"),
        (formats.FEISHU, b'{"code":19021,"msg":"sign match fail"}', "19021"),
        (formats.FEISHU, b'{"StatusCode":0,"code":0}', ""),
        (formats.FEISHU, b"not json", ""),
        (formats.HARBOR, b'{"errcode":1}', ""),
        (formats.WECOM, b"[]", ""),
    ],
)
def test_a_refusal_with_status_200(name: str, answer: bytes, wrong: str) -> None:
    found = formats.refusal(name, answer)
    assert found.startswith(wrong)
    assert bool(found) == bool(wrong)


def test_what_a_format_has_no_word_for() -> None:
    assert formats.tells(formats.DISTRIBUTION, kinds.PUBLISHED)
    assert not formats.tells(formats.DISTRIBUTION, kinds.QUOTA_CHANGED)
    assert all(formats.tells(name, kinds.TEST) for name in formats.FORMATS)
