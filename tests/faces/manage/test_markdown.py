"""Markdown that anybody wrote, as HTML that harms nobody."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.faces.manage import markdown as module
from entrepot.faces.manage.markdown import Renderer, to_html


def test_what_people_write() -> None:
    text = "# App\n\nSee [docs](https://example.com) *now*.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    html = to_html(text + "\n```sh\necho '<b>'\n```\n![x](https://example.com/x.png)\n")
    assert "<h1>App</h1>" in html
    assert 'href="https://example.com"' in html
    assert 'rel="noopener noreferrer nofollow ugc"' in html
    assert "<td>1</td>" in html
    assert "<code class=\"language-sh\">echo '&lt;b&gt;'" in html
    assert '<img src="https://example.com/x.png" alt="x">' in html
    assert to_html("") == ""


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:x)",
        "![x](http://tracker.example/x.png)",
        "![x](javascript:alert(1))",
        '<a href="x" style="position:fixed">x</a>',
        "<style>*{display:none}</style>",
        "<form action=/x><input></form>",
        "<svg/onload=alert(1)>",
        '<https://x/" onclick=alert(1)>',
        '```x" onclick="y\nz\n```',
        '[x](https://x "\\" onclick=y")',
        "[x]: javascript:alert(1)\n\n[x]",
        "<iframe src=//x>",
    ],
)
def test_attack_nothing_runs(evil: str) -> None:
    assert not _dangerous(to_html(evil))


@given(st.text(st.sampled_from("<>&\"'`[]()!*_#|-:/\\ \nabjavscript:on=x"), max_size=60))
def test_attack_nothing_that_anybody_writes_runs(text: str) -> None:
    assert not _dangerous(to_html(text))


def _dangerous(html: str) -> list[str]:
    """Return tags and attributes that must not be there."""
    found = re.findall(
        r"<(?!/?(?:a|blockquote|br|code|del|em|h[1-6]|hr|img|li|ol|p|pre|s|strong"
        r"|table|tbody|td|th|thead|tr|ul)[\s>])",
        html,
    )
    for tag in re.findall(r"<[^>]*>", html):
        bare = re.sub(r'="[^"]*"', "", tag)
        found += re.findall(r"\s(?:on\w+|style|srcset|action)\b", bare)
        found += re.findall(r'(?:href|src)="(?!https?:|mailto:|[^:"]*")', tag)
        found += re.findall(r'<img[^>]*src="(?!https:)', tag)
    return found


@pytest.mark.parametrize("evil", ["[" * 20_000, "> " * 10_000, "*a_" * 6_000, "`" * 20_000])
def test_attack_no_text_takes_long(evil: str) -> None:
    started = time.thread_time()
    to_html(evil)
    assert time.thread_time() - started < 3


async def test_a_text_is_rendered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def counted(text: str) -> str:
        done.append(text)
        return to_html(text)

    monkeypatch.setattr(module, "to_html", counted)
    renderer = Renderer()
    for _ in range(2):
        assert await renderer.html("*a*") == "<p><em>a</em></p>\n"
    assert done == ["*a*"]
    for number in range(module.REMEMBERED_MAX):
        await renderer.html(str(number))
    await renderer.html("*a*")
    assert done.count("*a*") == 2
