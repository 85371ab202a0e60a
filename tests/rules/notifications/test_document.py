"""Documents of webhooks: what can be asked for, and what it means."""

from typing import Any

import msgspec
import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.rules.notifications import kinds
from entrepot.rules.notifications.document import (
    HookDocument,
    check_authorization,
    check_document,
    check_name,
    concerns,
    shown_url,
)
from tests.rules.notifications.notices import PUSHED

URL = "https://hooks.example.com/x"


def test_all_but_pulls_is_told_unless_asked_otherwise() -> None:
    plain = HookDocument(URL)
    assert plain.wants(PUSHED)
    pulled = msgspec.structs.replace(PUSHED, kind=kinds.PULLED)
    assert not plain.wants(pulled)
    assert HookDocument(URL, events=(kinds.PULLED,)).wants(pulled)
    assert not HookDocument(URL, events=(kinds.PULLED,)).wants(PUSHED)
    quota = msgspec.structs.replace(PUSHED, kind=kinds.QUOTA_CHANGED)
    assert not HookDocument(URL, "distribution").wants(quota), "it has no word for it"


def test_patterns_of_repositories_and_tags() -> None:
    assert HookDocument(URL, repositories=("acme/**", "library/*")).wants(PUSHED)
    assert not HookDocument(URL, repositories=("acme/**",)).wants(PUSHED)
    assert HookDocument(URL, tags=("1.*",)).wants(PUSHED)
    assert not HookDocument(URL, tags=("v*",)).wants(PUSHED)
    untagged = msgspec.structs.replace(PUSHED, tags=())
    assert not HookDocument(URL, tags=("*",)).wants(untagged)


def test_whose_events() -> None:
    assert concerns("", "acme/web")
    assert concerns("acme", "acme/web")
    assert concerns("acme", "acme")
    assert not concerns("acme", "acmeplus/web")
    assert not concerns("acme", "")


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com/x?a=1",
        "http://127.0.0.1:8080",
        "https://[2001:db8::1]/x",
    ],
)
def test_urls_that_can_be_used(url: str) -> None:
    check_document(HookDocument(url))


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "ftp://example.com/"},
        {"url": "https://user:password@example.com/"},
        {"url": "https://user@example.com/"},
        {"url": "https:///x"},
        {"url": "https://example.com/#x"},
        {"url": "https://example.com/a b"},
        {"url": "https://example.com:0/"},
        {"url": "https://example.com:99999/"},
        {"url": "https://exämple.com/"},
        {"url": "https://example.com/\r\nX: y"},
        {"url": "file:///etc/passwd"},
        {"url": "https://example.com\\@evil/"},
        {"url": f"https://example.com/{'x' * 2048}"},
        {"format": "carrier-pigeon"},
        {"events": ("manifest.eaten",)},
        {"events": ("quota.changed",), "format": "distribution"},
        {"repositories": ("a{",)},
        {"tags": ("[",)},
        {"description": "a\nb"},
    ],
)
def test_what_cannot_be_used(changes: dict[str, Any]) -> None:
    document = msgspec.structs.replace(HookDocument(URL), **changes)
    with pytest.raises(Fault) as caught:
        check_document(document)
    assert caught.value.code is Code.REQUEST_INVALID
    assert ": " in caught.value.message


def test_a_refusal_does_not_repeat_the_secret_part_of_a_url() -> None:
    with pytest.raises(Fault) as caught:
        check_document(HookDocument("https://user@example.com/?token=hunter2"))
    assert "hunter2" not in caught.value.message + str(caught.value.detail)


def test_names_and_authorizations() -> None:
    check_name("to Slack 2.0")
    for name in ("", "~1", "a\n", "x" * 129, " a"):
        with pytest.raises(Fault):
            check_name(name)
    check_authorization("Bearer abc")
    for value in ("a\r\nX: y", "ä", "x" * 3000):
        with pytest.raises(Fault):
            check_authorization(value)


def test_those_who_may_not_change_it_see_the_host_alone() -> None:
    assert shown_url("https://hooks.slack.com/services/T0/B0/secret") == "https://hooks.slack.com/…"
