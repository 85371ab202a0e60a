"""Help in the user's language, on lines that are as wide as they look."""

import inspect
from collections.abc import Iterable

import click

from . import _
from .widths import columns, padded, wrapped

RAW = "\b"
"""Click's mark of a paragraph whose lines stay as they are."""
END = "。"
TEXT_MIN_COLUMNS = 10


class WideFormatter(click.HelpFormatter):
    """Click's, which counts characters, for text in which some take two columns."""

    def write_text(self, text: str) -> None:
        """Write paragraphs, wrapped and indented."""
        indent = " " * self.current_indent
        paragraphs = [
            _lines(paragraph, self.width - self.current_indent)
            for paragraph in inspect.cleandoc(text).split("\n\n")
        ]
        written = "\n\n".join("\n".join(indent + one for one in lines) for lines in paragraphs)
        self.write(f"{written}\n")

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        """Write terms, and beside each what it means."""
        rows = list(rows)
        first = min(max(columns(term) for term, _text in rows), col_max) + col_spacing
        indent = " " * self.current_indent
        gap = " " * (first + self.current_indent)
        for term, text in rows:
            lines = _lines(text, max(self.width - first - 2, TEXT_MIN_COLUMNS))
            if not lines:
                self.write(f"{indent}{term}\n")
            elif columns(term) <= first - col_spacing:
                self.write(f"{indent}{padded(term, first)}{lines.pop(0)}\n")
            else:
                self.write(f"{indent}{term}\n")
            self.write("".join(f"{gap}{line}\n" for line in lines))


class WideContext(click.Context):
    """Where commands whose help is translated are called."""

    formatter_class = WideFormatter


def texts_of(command: click.Command) -> list[str]:
    """Return all that a command's help is made of, as it stands in the catalogue."""
    found = [command.help, command.short_help, command.epilog]
    found += [getattr(parameter, "help", None) for parameter in command.params]
    return [inspect.cleandoc(text) for text in found if text]


def translate(command: click.Command) -> None:
    """Put the help of a command, and of all below it, into the user's language."""
    command.context_class = WideContext
    command.help = _translated(command.help)
    first, end, _rest = (command.help or "").partition("\n\n")[0].partition(END)
    command.short_help = _translated(command.short_help) or first + end
    command.epilog = _translated(command.epilog)
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            parameter.help = _translated(parameter.help)
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            translate(inner)


def _translated(text: str | None) -> str | None:
    return _(inspect.cleandoc(text)) if text else text


def _lines(paragraph: str, width: int) -> list[str]:
    first, *rest = paragraph.split("\n")
    if first.strip() == RAW:
        return rest
    return wrapped(" ".join([first, *rest]), width)
