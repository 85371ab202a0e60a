"""Help in another language, on lines that are as wide as they look."""

import click
import pytest

from entrepot.faces.cli.messages import helping
from entrepot.faces.cli.messages.helping import WideFormatter, texts_of, translate
from entrepot.faces.cli.messages.widths import columns

CHINESE = {
    "Show NAME.\n\nAnd more.\n\n\b\ntool show acme": (
        "显示镜像仓库中名称为 NAME 的项目及其所有的标签、清单和历史记录。\n\n更多。"
        "\n\n\b\ntool show acme"
    ),
    "Only this one; may be repeated.": (
        "只显示指定的这一个；该选项可以重复指定多次，彼此之间没有先后之分。"
    ),
    "All of it.": "全部。",
}
WIDTH = 60


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> click.Group:
    monkeypatch.setattr(helping, "_", lambda text: CHINESE.get(text, text))

    @click.group(help="All of it.")
    def tool() -> None: ...

    @tool.command(help="Show NAME.\n\nAnd more.\n\n\b\ntool show acme")
    @click.option("--only", metavar="NAME", help="Only this one; may be repeated.")
    @click.option("--an-option-with-a-name-that-is-very-long", help="All of it.")
    def show() -> None: ...

    translate(tool)
    return tool


def help_of(command: click.Command, name: str) -> list[str]:
    made = command.context_class(
        command, info_name=name, terminal_width=WIDTH, max_content_width=WIDTH
    )
    with made as context:
        return command.get_help(context).splitlines()


def test_the_list_of_commands_has_first_sentences(tool: click.Group) -> None:
    lines = help_of(tool, "tool")
    assert "  全部。" in lines
    at = lines.index("Commands:")
    assert lines[at + 1].startswith("  show  显示镜像仓库中")
    assert "更多" not in "".join(lines)


def test_no_line_is_wider_than_the_terminal(tool: click.Group) -> None:
    lines = help_of(tool.commands["show"], "tool show")
    assert "  tool show acme" in lines
    assert "  更多。" in lines
    at = lines.index("  --an-option-with-a-name-that-is-very-long TEXT")
    assert lines[at + 1].strip() == "全部。"
    assert all(columns(line) <= WIDTH for line in lines if not line.startswith("  --an-option"))
    assert "".join(line.strip() for line in lines).count("彼此之间没有先后之分") == 1


def test_translating_once_more_changes_nothing(tool: click.Group) -> None:
    before = help_of(tool.commands["show"], "tool show")
    translate(tool)
    assert help_of(tool.commands["show"], "tool show") == before


def test_terms_without_a_text_stand_alone() -> None:
    formatter = WideFormatter(width=40)
    formatter.write_dl([("文件", "x"), ("abc", "")])
    assert formatter.getvalue() == "文件  x\nabc\n"


def test_all_texts_of_a_command_are_told() -> None:
    @click.command(help="One.", short_help="Two.", epilog="Three.")
    @click.option("--four", help="Four.")
    @click.argument("five")
    def command() -> None: ...

    assert texts_of(command) == ["One.", "Two.", "Three.", "Four."]
