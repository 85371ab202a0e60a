"""Text on terminals where some characters take two columns."""

from hypothesis import given
from hypothesis import strategies as st

from entrepot.faces.cli.messages.widths import columns, padded, wrapped

CHARACTERS = st.text(alphabet="ab .,-—（）。，、；镜像仓库项目标签é", max_size=80)


def test_chinese_takes_two_columns() -> None:
    assert columns("abc") == 3
    assert columns("镜像仓库") == 8
    assert columns("项目 acme，") == 4 + 5 + 2
    assert columns("e\u0301") == 1
    assert padded("标签", 6) == "标签  "
    assert padded("abc", 6) == "abc   "


@given(CHARACTERS, st.integers(min_value=2, max_value=30))
def test_nothing_is_lost_and_no_line_is_too_wide(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        # A word that cannot be broken may be wider.
        assert columns(line) <= width or " " not in line.strip()
        assert line == line.rstrip()


def test_marks_stay_with_what_they_belong_to() -> None:
    assert wrapped("列出标签。列出", 8) == ["列出标", "签。列出"]
    assert wrapped("使用（网络）", 6) == ["使用", "（网", "络）"]
    assert wrapped("次数 [不限]。", 8) == ["次数 [不", "限]。"]
    assert wrapped("用 --json 输出", 10) == ["用 --json", "输出"]


def test_there_may_be_nothing() -> None:
    assert wrapped("", 10) == []
    assert wrapped("   ", 10) == []
