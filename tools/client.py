"""Makes `entrepot.client`: `python -m tools.client [--check]`.

It is made from the API's description. For each tag there is a module with a class that has a method
for each operation, and the structs that only it uses; those of several stand in `shared`.
`entrepot.client.api.Client` has all of them. With `--check` nothing is written: files that would
change are named, and the exit code is 1.
"""

import json
import keyword
import re
import subprocess
import sys
import textwrap
from collections import defaultdict
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path
from typing import Any

from entrepot.faces.manage.openapi import CURSOR, REF
from tools.description import documents

ROOT = Path(__file__).parents[1]
CLIENT = "src/entrepot/client"
SKIPPED = ("about", "signing in")
"""Tags of what is for browsers."""
MADE = "Made by `python -m tools.client` from the API's description; do not edit."
DOC_WIDTH = 92
_PARAMETER = re.compile(r"\{([^}]+)\}")
_HEADERS = {"Idempotency-Key": "key", "If-Match": "if_match"}
_PLAIN = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "null": "None",
    "object": "dict[str, Any]",
}

Schema = dict[str, Any]


class Maker:
    """Makes the modules of one document."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._schemas: dict[str, Schema] = document["components"]["schemas"]
        self._by_tag: dict[str, list[tuple[str, str, dict[str, Any]]]] = defaultdict(list)
        for path, methods in document["paths"].items():
            for method, one in methods.items():
                if one["tags"][0] not in SKIPPED:
                    self._by_tag[one["tags"][0]].append((method, path, one))
        self._users: dict[str, set[str]] = defaultdict(set)
        self._bodies: set[str] = set()
        self._answers: set[str] = set()
        for tag, operations in self._by_tag.items():
            for _, _, one in operations:
                for name in self._reached(one):
                    self._users[name].add(tag)
                self._bodies |= self._reached(one.get("requestBody", {}))
                self._answers |= self._reached(one["responses"])

    def files(self) -> dict[str, str]:
        """Return the text of all files by their paths."""
        found = {"made/__init__.py": f'"""{MADE}"""\n', "made/shared.py": self._shared()}
        for tag in sorted(self._by_tag):
            found[f"made/{_module(tag)}.py"] = self._module(tag)
        found["api.py"] = self._facade()
        return {f"{CLIENT}/{path}": text for path, text in found.items()}

    def _reached(self, value: Any) -> set[str]:
        """Return the names of all schemas that a piece of the document needs."""
        found: set[str] = set()
        waiting = [*_references(value)]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += _references(self._schemas[name])
        return found

    def _shared(self) -> str:
        names = sorted(name for name, users in self._users.items() if len(users) > 1)
        enums = [name for name in self._schemas if "enum" in self._schemas[name]]
        parts = [_heading("What several parts of the client share."), _imports("Any, Literal")]
        parts += [self._enum(name) for name in enums]
        parts += [self._struct(name) for name in names if name not in enums]
        return "\n".join(parts)

    def _module(self, tag: str) -> str:
        own: list[str] = []
        shared: list[str] = []
        for name, users in sorted(self._users.items()):
            if tag in users:
                is_own = users == {tag} and "enum" not in self._schemas[name]
                (own if is_own else shared).append(name)
        parts = [
            _heading(f"What is served of {tag}."),
            _imports("Any"),
            "from entrepot.client.transport import Transport, address, segment",
        ]
        if shared:
            parts.append(f"from .shared import {', '.join(shared)}\n")
        parts += [self._struct(name) for name in own]
        operations = sorted(self._by_tag[tag], key=lambda one: str(one[2]["operationId"]))
        parts += [
            f"\nclass {_class(tag)}:",
            f'    """What is served of {tag}; all raise `errors.ClientError`."""\n',
            "    def __init__(self, transport: Transport) -> None:",
            "        self._transport = transport\n",
        ]
        for method, path, one in operations:
            parts += [*_Method(self, method, path, one).lines()]
        return "\n".join(parts)

    def _facade(self) -> str:
        tags = sorted(self._by_tag)
        parts = [_heading("All that is served, by program.")]
        parts.append("from entrepot.client.transport import Transport")
        parts += [f"from .made.{_module(tag)} import {_class(tag)}" for tag in tags]
        parts += ["\n\nclass Client:", '    """The API of one server, by its parts."""\n']
        parts.append("    def __init__(self, transport: Transport) -> None:")
        parts.append("        self.transport = transport")
        parts += [f"        self.{_module(tag)} = {_class(tag)}(transport)" for tag in tags]
        return "\n".join(parts)

    def _enum(self, name: str) -> str:
        values = ", ".join(json.dumps(value) for value in self._schemas[name]["enum"])
        return f"{name} = Literal[{values}]"

    def _struct(self, name: str) -> str:
        schema = self._schemas[name]
        is_body = name in self._bodies
        is_sent_only = is_body and name not in self._answers
        options = "kw_only=True, omit_defaults=True" if is_sent_only else "kw_only=True"
        lines = [f"\nclass {name}(msgspec.Struct, {options}):"]
        lines.append(_docstring(schema.get("description") or name, 4))
        required = schema.get("required", ())
        for field, inner in schema.get("properties", {}).items():
            kind = self.type_of(inner, loose=not is_body)
            if field in required:
                lines.append(f"    {field}: {kind}")
            elif "default" in inner:
                lines.append(f"    {field}: {kind} = {inner['default']!r}")
            else:
                lines.append(f"    {field}: {kind} | msgspec.UnsetType = msgspec.UNSET")
        return "\n".join(lines) + "\n"

    def type_of(self, schema: Schema, *, loose: bool = False) -> str:
        """Return a schema as a type; `loose` for answers, which may say words of later versions."""
        if "$ref" in schema:
            name = schema["$ref"].removeprefix(REF)
            return "str" if loose and "enum" in self._schemas[name] else name
        if "anyOf" in schema:
            kinds = [self.type_of(inner, loose=loose) for inner in schema["anyOf"]]
            return " | ".join(dict.fromkeys(kinds))
        if "enum" in schema:
            values = ", ".join(json.dumps(value) for value in schema["enum"])
            return "str" if loose else f"Literal[{values}]"
        if schema.get("type") == "array":
            return f"list[{self.type_of(schema.get('items') or {}, loose=loose)}]"
        inner = schema.get("additionalProperties")
        if schema.get("type") == "object" and isinstance(inner, dict):
            return f"dict[str, {self.type_of(inner, loose=loose)}]"
        return _PLAIN.get(str(schema.get("type")), "Any")

    def is_empty(self, name: str) -> bool:
        """Whether a body has no fields."""
        schema = self._schemas.get(name, {})
        return schema.get("type") == "object" and schema.get("properties") == {}

    def item_of(self, page: str) -> str:
        """Return the type of a page's entries."""
        return self.type_of(self._schemas[page]["properties"]["items"]["items"], loose=True)


class _Method:
    """Makes the method of one operation, and where it answers pages a second one for all."""

    def __init__(self, maker: Maker, method: str, path: str, one: dict[str, Any]) -> None:
        self._maker, self._method, self._path, self._one = maker, method.upper(), path, one
        self._name: str = one["operationId"]
        given = one.get("parameters", ())
        self._query = [part for part in given if part["in"] == "query"]
        self._headers = [
            (_HEADERS[part["name"]], part["name"])
            for part in given
            if part["in"] == "header" and part["name"] in _HEADERS
        ]
        self._parts = _PARAMETER.findall(path)
        body = one.get("requestBody")
        self._body = maker.type_of(_json_of(body) or {}) if body else ""
        # A body that says nothing is nobody's to write.
        self._sends_nothing = bool(body) and maker.is_empty(self._body)
        self._body = "" if self._sends_nothing else self._body

    def lines(self) -> Iterator[str]:
        """Yield the source."""
        answers = self._answers()
        if answers is None:
            yield from self._lines_method()
            return
        kinds = list(dict.fromkeys(kind for _, kind in answers))
        yield self._signature(self._name, " | ".join(kinds), self._query, headers=True)
        yield self._doc()
        table = ", ".join(f"{status}: {kind}" for status, kind in answers)
        parts = [f'"{self._method}"', self._address(), f"{{{table}}}"]
        if self._query:
            parts.append(f"query={self._query_text(self._query)}")
        if self._body or self._sends_nothing:
            parts.append("body=body" if self._body else "body={}")
        if self._headers:
            pairs = ", ".join(f'"{name}": {word}' for word, name in self._headers)
            parts.append(f"headers={{{pairs}}}")
        call = f"self._transport.typed({', '.join(parts)})"
        if kinds == ["None"]:
            yield f"        {call}\n"
        else:
            yield f"        found: {' | '.join(kinds)} = {call}\n        return found\n"
        if CURSOR in self._one and len(kinds) == 1:
            yield from self._pages(kinds[0])

    def _pages(self, page: str) -> Iterator[str]:
        cursor = self._one[CURSOR]
        query = [part for part in self._query if part["name"] not in ("limit", cursor)]
        kind = f"Iterator[{self._maker.item_of(page)}]"
        extra = ["most: int | None = None"]
        yield self._signature(f"{self._name}_all", kind, query, extra=extra)
        yield self._doc(" Page after page, at most `most`.")
        parts = [self._address(), page, f'"{cursor}"', self._query_text(query), "most=most"]
        if self._method != "GET":
            parts.append(f'method="{self._method}"')
        if self._body:
            parts.append("body=body")
        yield f"        return self._transport.pages({', '.join(parts)})\n"

    def _lines_method(self) -> Iterator[str]:
        yield self._signature(self._name, "Iterator[bytes]", self._query)
        yield self._doc(" Line by line.")
        query = self._query_text(self._query)
        yield f"        return self._transport.lines(address({self._address()}, {query}))\n"

    def _signature(
        self,
        name: str,
        kind: str,
        query: list[dict[str, Any]],
        *,
        headers: bool = False,
        extra: list[str] | None = None,
    ) -> str:
        placed = [f"{_safe(part)}: str | int" for part in self._parts]
        if self._body:
            placed.append(f"body: {self._body}")
        named = []
        for part in sorted(query, key=lambda part: not part["required"]):
            inner = self._maker.type_of(part["schema"])
            needed = "" if part["required"] else " | None = None"
            named.append(f"{_safe(part['name'])}: {inner}{needed}")
        named += extra or []
        if headers:
            named += [f"{word}: str | None = None" for word, _ in self._headers]
        arguments = ", ".join(["self", *placed, *(["*", *named] if named else [])])
        return f"    def {name}({arguments}) -> {kind}:"

    def _doc(self, more: str = "") -> str:
        text = self._one["summary"] + "." + more
        if self._one.get("description"):
            text += f"\n\n{self._one['description']}"
        return _docstring(text, 8)

    def _address(self) -> str:
        path = _PARAMETER.sub(lambda found: f"{{segment({_safe(found[1])})}}", self._path)
        return f'f"{path}"' if self._parts else f'"{path}"'

    def _query_text(self, query: list[dict[str, Any]]) -> str:
        pairs = (f'"{part["name"]}": {_safe(part["name"])}' for part in query)
        return f"{{{', '.join(pairs)}}}"

    def _answers(self) -> list[tuple[int, str]] | None:
        """Return the types by status of what is no refusal; None for what is no JSON."""
        found = []
        for status, answer in self._one["responses"].items():
            if not status.isdecimal() or not 200 <= int(status) < 300:
                continue
            schema = _json_of(answer)
            if schema is None and answer.get("content"):
                return None
            kind = self._maker.type_of(schema, loose=True) if schema is not None else "None"
            found.append((int(status), kind))
        return found


def _json_of(holder: dict[str, Any]) -> Schema | None:
    content = holder.get("content", {}).get("application/json")
    return dict(content["schema"]) if content else None


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _references(one)
    elif isinstance(value, dict):
        if str(value.get("$ref", "")).startswith(REF):
            yield value["$ref"].removeprefix(REF)
        for one in value.values():
            yield from _references(one)


def _heading(title: str) -> str:
    return f'"""{title}\n\n{MADE}\n"""\n\nfrom __future__ import annotations\n'


def _imports(typing: str) -> str:
    return f"from collections.abc import Iterator\nfrom typing import {typing}\nimport msgspec\n"


def _docstring(text: str, indent: int) -> str:
    paragraphs = cleandoc(text).split("\n\n")
    wrapped = [textwrap.fill(" ".join(one.split()), DOC_WIDTH - indent) for one in paragraphs]
    said = textwrap.indent("\n\n".join(wrapped), " " * indent).strip().replace("\\", "\\\\")
    end = f'\n{" " * indent}"""' if "\n" in said else '"""'
    return f'{" " * indent}"""{said}{end}'


def _module(tag: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", tag.lower())


def _class(tag: str) -> str:
    """Return the class of a tag, with an ending that no struct of the API has."""
    return "".join(word.capitalize() for word in _module(tag).split("_")) + "Api"


def _safe(name: str) -> str:
    return f"{name}_" if keyword.iskeyword(name) else name


def _tidied(path: str, text: str) -> str:
    """Return the source as ruff formats it, without the imports that it does not need."""
    name = ["--stdin-filename", path, "-"]
    fixes = ["check", "--quiet", "--fix-only", "--select", "F401,I001", *name]
    for arguments in (fixes, ["format", "--quiet", *name]):
        program = [sys.executable, "-m", "ruff", *arguments]
        done = subprocess.run(
            program, input=text, capture_output=True, text=True, check=True, cwd=ROOT
        )
        text = done.stdout
    return text


def made() -> dict[str, str]:
    """Return the text of all files by their paths below the repository."""
    files = Maker(documents()["entrepot-v1"]).files()
    return {path: _tidied(path, text) for path, text in files.items()}


def stale() -> list[str]:
    """Return the files that are not as the description says, or too many."""
    wanted = made()
    there = {f"{CLIENT}/made/{file.name}" for file in (ROOT / CLIENT / "made").glob("*.py")}
    return [
        path
        for path in sorted(wanted.keys() | there)
        if path not in wanted
        or not (ROOT / path).exists()
        or (ROOT / path).read_text(encoding="utf-8") != wanted[path]
    ]


def main(arguments: list[str]) -> int:
    """Write or, with `--check`, only compare the files; return the exit code."""
    if arguments == ["--check"]:
        found = stale()
        for path in found:
            print(f"{path} is not as the API says: run `python -m tools.client`")
        return bool(found)
    wanted = made()
    for path in stale():
        if path not in wanted:
            (ROOT / path).unlink()
            continue
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(wanted[path], encoding="utf-8")
        print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
