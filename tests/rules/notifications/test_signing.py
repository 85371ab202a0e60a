"""Signatures: right ones pass, all others do not."""

import base64
import hashlib
import hmac
import importlib.util
from pathlib import Path
from types import ModuleType
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.rules.notifications.signing import (
    TOLERANCE_SECONDS,
    dingtalk_query,
    feishu_fields,
    sign,
    verify,
)

NOW = 1_800_000_000.0
SECRET = "a secret of sixteen"
EXAMPLE = Path(__file__).parents[3] / "examples" / "webhook_receiver.py"


def sample() -> ModuleType:
    """Return the sample receiver as a module."""
    spec = importlib.util.spec_from_file_location("webhook_receiver", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


RECEIVER = sample()


def test_the_code_is_what_the_documentation_says() -> None:
    wanted = hmac.new(SECRET.encode(), b"1800000000.body", hashlib.sha256).hexdigest()
    assert sign([SECRET], b"body", NOW) == f"t=1800000000,v1={wanted}"


@given(st.binary(max_size=64), st.floats(-TOLERANCE_SECONDS + 2, TOLERANCE_SECONDS - 2))
def test_what_was_signed_passes_here_and_at_the_sample(body: bytes, later: float) -> None:
    header = sign([SECRET, "another secret of it"], body, NOW)
    for secrets in ([SECRET], ["another secret of it"], ["x" * 20, SECRET]):
        assert verify(header, secrets, body, NOW + later)
        assert RECEIVER.verify(header, body, secrets, NOW + later)


@given(st.binary(max_size=64), st.binary(min_size=1, max_size=64), st.text(max_size=20))
def test_forged_ones_do_not(body: bytes, more: bytes, other: str) -> None:
    header = sign([SECRET], body, NOW)
    for forged, sent, secrets, at in (
        (header, body + more, [SECRET], NOW),
        (header, body, [other], NOW),
        (header, body, [], NOW),
        (header, body, [SECRET], NOW + TOLERANCE_SECONDS + 2),
        (header, body, [SECRET], NOW - TOLERANCE_SECONDS - 2),
        (header.replace("t=1800000000", "t=1800000001"), body, [SECRET], NOW),
        (f"t=1800000001,{header}", body, [SECRET], NOW),
        (header.partition(",")[0], body, [SECRET], NOW),
        (header.partition(",")[2], body, [SECRET], NOW),
        ("", body, [SECRET], NOW),
    ):
        assert not verify(forged, secrets, sent, at)
        assert not RECEIVER.verify(forged, sent, secrets, at)


@given(st.text(max_size=100))
def test_no_header_breaks_it(header: str) -> None:
    assert not verify(header, [SECRET], b"body", NOW)
    try:
        assert not RECEIVER.verify(header, b"body", [SECRET], NOW)
    except UnicodeEncodeError:
        pytest.fail("the sample must not break on what anybody may send")


def test_dingtalk_signs_time_and_secret_in_the_url() -> None:
    found = parse_qs(dingtalk_query("SECabc", 1_552_920_546.388))
    at = found["timestamp"][0]
    assert at == "1552920546388"
    code = hmac.new(b"SECabc", f"{at}\nSECabc".encode(), hashlib.sha256).digest()
    assert found["sign"] == [base64.b64encode(code).decode()]


def test_feishu_signs_nothing_by_time_and_secret() -> None:
    found = feishu_fields("demo", 1_599_360_473.9)
    assert found["timestamp"] == "1599360473"
    code = hmac.new(b"1599360473\ndemo", b"", hashlib.sha256).digest()
    assert found["sign"] == base64.b64encode(code).decode()
