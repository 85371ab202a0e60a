"""`Warning` headers as clients print them (RFC 7234 section 5.5)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.faces.asgi import Response
from entrepot.faces.registry.warnings import WARNINGS_MAX_BYTES, add_warnings
from entrepot.oci.digest import Digest
from entrepot.rules.warnings import DEPRECATED, END_OF_LIFE
from tests.faces.registry.client import Answer
from tests.faces.registry.registry import Registry

V1 = "/v2/app/manifests/v1"
_VALUE = re.compile(rb'299 - "((?:[ !#-\[\]-~]|\\["\\])*)"')


def shown(values: list[bytes]) -> list[str]:
    """Return what a client prints; AssertionError for a form that podman and containerd drop.

    They take each header as one value: `299 - "text"` with nothing before or behind.
    """
    texts = []
    for value in values:
        match = _VALUE.fullmatch(value)
        assert match, value
        texts.append(re.sub(rb"\\(.)", rb"\1", match[1]).decode("ascii"))
    return texts


def added(*texts: str) -> list[bytes]:
    response = Response(200)
    add_warnings(response, texts)
    assert {name for name, _ in response.headers} <= {b"Warning"}
    return [value for _, value in response.headers]


def warned(answer: Answer) -> list[str]:
    return shown([v.encode() for name, v in answer.headers if name == "Warning"])


@pytest.mark.parametrize(
    "text, printed",
    [
        ('use "v2"', 'use "v2"'),
        ("a\\b\\", "a\\b\\"),
        ("one\r\nX-Evil: two\t\x00", "one X-Evil: two ?"),
        ("veraltet, benütze v2", "veraltet, benutze v2"),
        ("非推奨", "???"),
        ("x" * 1000, "x" * 1000),
        ("x" * 1001, "x" * 997 + "..."),
    ],
)
def test_what_a_client_prints(text: str, printed: str) -> None:
    assert shown(added(text)) == [printed]


def test_the_same_is_told_once() -> None:
    assert len(added("one", "two", "one")) == 2


def test_all_together_have_a_bound() -> None:
    values = added(*(f"{n} " + '"' * 900 for n in range(10)))
    assert 0 < sum(map(len, values)) <= WARNINGS_MAX_BYTES
    assert len(values) == 2


@given(st.lists(st.text(max_size=5000), max_size=8))
def test_any_text_makes_headers_that_can_be_read(texts: list[str]) -> None:
    values = added(*texts)
    assert len(shown(values)) <= len(set(texts))
    assert sum(map(len, values)) <= WARNINGS_MAX_BYTES


async def test_a_deprecated_tag_warns_whoever_pulls_or_pushes_it(registry: Registry) -> None:
    raw = await registry.push_image(annotations={DEPRECATED: 'use "v2"'})
    digest = Digest.of(raw)
    pushed = await registry.push_manifest(raw, "v1")
    assert warned(pushed) == ['app:v1 is deprecated: use "v2"']
    for method in ("GET", "HEAD"):
        answer = await registry.request(method, V1)
        assert (answer.status, warned(answer)) == (200, ['app:v1 is deprecated: use "v2"'])
        answer = await registry.request(method, f"/v2/app/manifests/{digest}")
        assert warned(answer) == [f'app@{digest} is deprecated: use "v2"']
    unchanged = await registry.get(V1, {"If-None-Match": f'"{digest}"'})
    assert (unchanged.status, len(warned(unchanged))) == (304, 1)


async def test_a_tag_out_of_support_warns_from_that_day_on(registry: Registry) -> None:
    await registry.push_image("v1", annotations={END_OF_LIFE: "2027-01-16"})
    # The clock of the tests stands at 2027-01-15.
    assert warned(await registry.get(V1)) == []
    registry.clock.seconds += 86400
    assert len(warned(await registry.get(V1))) == 1


async def test_what_is_not_deprecated_warns_of_nothing(registry: Registry) -> None:
    await registry.push_image("v1", annotations={"note": "all is well"})
    for method in ("GET", "HEAD"):
        assert (await registry.request(method, V1)).header("Warning") is None


async def test_the_tag_that_moved_away_warns_no_more(registry: Registry) -> None:
    await registry.push_image("v1", annotations={DEPRECATED: ""})
    await registry.push_image("v1", [b"new"])
    assert warned(await registry.get(V1)) == []
