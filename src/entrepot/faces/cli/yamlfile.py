"""YAML files, read strictly: each key once, and the line of every place."""

from dataclasses import dataclass, field
from typing import Any

import yaml  # type: ignore[import-untyped]

from .messages import _

NODES_MAX = 200_000
"""Most values in one file, aliases counted each time they stand for something."""
DEPTH_MAX = 50

# What people read, in one place.
NO_YAML = _("line {line}: {reason}")
TWICE = _("line {line}: the key {key} stands there twice")
NO_KEY = _("line {line}: keys must be texts")
TOO_MUCH = _("the file has more than {most} values, or is nested too deeply")
NOT_PLAIN = _("line {line}: {tag} is not plain YAML: write texts, numbers, lists and mappings")

_PLAIN = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq")
)
# 2026-10-01 and the like stay texts.
_TEXTS = frozenset({"tag:yaml.org,2002:timestamp"})


class YamlError(Exception):
    """The file cannot be read; the message says where and why."""


@dataclass(slots=True)
class Read:
    """A file's value, and the line of each place, as `$.projects[0].public`."""

    value: Any = None
    lines: dict[str, int] = field(default_factory=dict)
    nodes: int = 0

    def line(self, place: str) -> int | None:
        """Return the line of a place, or of what holds it."""
        while place:
            if place in self.lines:
                return self.lines[place]
            cut = max(place.rfind("."), place.rfind("["))
            place = place[: max(cut, 0)]
        return None


def read_yaml(text: str) -> Read:
    """Return what a YAML or JSON text says; raises `YamlError`."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        raise YamlError(NO_YAML.format(line=line, reason=error.problem or error)) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise YamlError(str(error)) from error
    read = Read()
    if root is not None:
        read.value = _value(read, root, "$", 0)
    return read


def _value(read: Read, node: yaml.Node, place: str, depth: int) -> Any:
    read.nodes += 1
    if read.nodes > NODES_MAX or depth > DEPTH_MAX:
        raise YamlError(TOO_MUCH.format(most=NODES_MAX))
    line = node.start_mark.line + 1
    read.lines.setdefault(place, line)
    if node.tag not in _PLAIN | _TEXTS:
        raise YamlError(NOT_PLAIN.format(line=line, tag=node.tag))
    if isinstance(node, yaml.MappingNode):
        return _mapping(read, node, place, depth)
    if isinstance(node, yaml.SequenceNode):
        return [
            _value(read, one, f"{place}[{index}]", depth + 1)
            for index, one in enumerate(node.value)
        ]
    if node.tag in _TEXTS:
        return node.value
    try:
        return yaml.SafeLoader("").construct_object(node)
    except (yaml.YAMLError, ValueError) as error:
        raise YamlError(NO_YAML.format(line=line, reason=error)) from error


def _mapping(read: Read, node: yaml.MappingNode, place: str, depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode) or not isinstance(key.value, str):
            raise YamlError(NO_KEY.format(line=line))
        if key.value in found:
            raise YamlError(TWICE.format(line=line, key=key.value))
        inner = f"{place}.{key.value}"
        read.lines.setdefault(inner, line)
        found[key.value] = _value(read, value, inner, depth + 1)
    return found
