"""What repositories may say of themselves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.oci.errors import Code
from entrepot.rules.pages import (
    DESCRIPTION_MAX_BYTES,
    MAINTAINER_MAX,
    MAINTAINERS_MAX,
    README_MAX_BYTES,
    PageText,
    check_page,
    is_web_url,
    told_by,
)

_KEY = "org.opencontainers.image."


@pytest.mark.parametrize(
    "text",
    [
        PageText(),
        PageText("é" * (DESCRIPTION_MAX_BYTES // 2), "# x\n" * (README_MAX_BYTES // 4)),
        PageText("a\nb", "", "https://example.com/a?b=c#d", ("Ann <ann@example.com>",) * 32),
    ],
)
def test_what_a_page_may_be(text: PageText) -> None:
    assert check_page(text) is None


@pytest.mark.parametrize(
    "text, told",
    [
        (PageText("é" * DESCRIPTION_MAX_BYTES), "description"),
        (PageText("\x1b[31m"), "description"),
        (PageText(readme="é" * README_MAX_BYTES), "README"),
        (PageText(readme="\x00"), "README"),
        (PageText(readme="\x1b]0;evil"), "README"),
        (PageText(readme="\x9b31m"), "README"),
        (PageText(source_url="javascript:alert(1)"), "source"),
        (PageText(maintainers=("x",) * (MAINTAINERS_MAX + 1)), "32"),
        (PageText(maintainers=("",)), "maintainer"),
        (PageText(maintainers=("x" * (MAINTAINER_MAX + 1),)), "maintainer"),
        (PageText(maintainers=("a\nb",)), "maintainer"),
    ],
)
def test_what_it_may_not(text: PageText, told: str) -> None:
    fault = check_page(text)
    assert fault is not None
    assert fault.code is Code.REQUEST_INVALID
    assert told in fault.message


@pytest.mark.parametrize(
    "text, is_url",
    [
        ("https://example.com", True),
        ("http://[::1]:8080/x", True),
        ("ftp://example.com", False),
        ("//example.com", False),
        ("https://", False),
        ("https://[", False),
        ("https://a:99999/", False),
        ("https://a b", False),
        ('https://a/"onmouseover', False),
        ("https://a/\n", False),
        ("data:text/html,x", False),
        ("https://" + "a" * 2048, False),
    ],
)
def test_addresses_of_the_web(text: str, *, is_url: bool) -> None:
    assert is_web_url(text) is is_url


def test_an_image_tells_of_its_repository() -> None:
    facts = {
        f"{_KEY}title": "App",
        f"{_KEY}description": " An\napp ",
        f"{_KEY}source": "javascript:x",
        f"{_KEY}url": "https://example.com",
        f"{_KEY}authors": "Ann, ,Bob\x1b",
        "maintainer": "nobody",
    }
    assert told_by(facts) == PageText("An app", "", "https://example.com", ("Ann", "Bob"))
    assert told_by({f"{_KEY}title": "App", "maintainer": "Ann"}) == PageText(
        "App", maintainers=("Ann",)
    )
    assert told_by({}) == PageText()


@given(
    st.dictionaries(
        st.sampled_from([f"{_KEY}{key}" for key in ("description", "source", "authors", "title")]),
        st.text() | st.text(min_size=900, max_size=1100),
    )
)
def test_what_an_image_tells_could_have_been_written(facts: dict[str, str]) -> None:
    assert check_page(told_by(facts)) is None
