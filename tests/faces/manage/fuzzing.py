"""Requests made from an API's description, and answers held against it.

By hand, for as long as one likes: `python -m tests.faces.manage.fuzzing 500` asks each operation
500 times as each caller, and prints what is not as described.
"""

import asyncio
import copy
import itertools
import json
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import jsonschema_rs
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode

from entrepot.faces.asgi import App
from entrepot.faces.manage.openapi import EMPTY
from tests.faces.registry.client import Answer, call

JSON, PROBLEM = "application/json", "application/problem+json"
STREAM = "text/event-stream"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FROBNICATE")
KNOWN: Mapping[str, Sequence[Any]] = {
    "project": ("team", "other"),
    "repository": ("team/app", "team%2Fapp"),
    "name": ("victim", "team", "gc"),
    "user": ("victim",),
    "subject": ("victim", "robot$team+victim"),
    "robot": ("robot$team+victim",),
    "group": ("victims",),
    "role": ("guest", "developer"),
    "kind": ("project", "user", "retention", "immutability"),
    "scope": ("team", "team/**", "*"),
    "tag": ("v",),
    "permissions": (["repository.pull"],),
    "permission": ("repository.pull",),
    "at": ("1s ago", "2026-01-01"),
    "from": ("1m ago",),
    "expires": ("30d", "never"),
    "cron": ("7 3 * * *",),
    "job": (1, "1"),
    "id": (1,),
    "grant": (1, 2),
    "batch": ("batch-team",),
    "webhook": (1,),
    "label": (1,),
    "rule": ("ci",),
    "url": ("https://example.com/hook",),
}
"""What there is, or could be, by the names that requests have for it."""


@dataclass(frozen=True)
class Api:
    """A face and its description; `visitors` are the header fields of each sort of caller."""

    app: App
    document: dict[str, Any]
    visitors: Mapping[str, Mapping[str, str]]
    problem: str = PROBLEM


@dataclass
class Fuzz:
    """Asks in this process, on one event loop, and remembers what came of it."""

    api: Api
    runner: asyncio.Runner
    seen: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.root: str = self.api.document["servers"][0]["url"]
        plain = copy.deepcopy(self.api.document)
        # Who asks is said by the visitor.
        plain.pop("security", None)
        plain["components"].pop("securitySchemes", None)
        for methods in plain["paths"].values():
            for one in methods.values():
                one.pop("security", None)
        schema = schemathesis.openapi.from_dict(plain)
        made: list[Any] = [each.ok() for each in schema.get_all_operations()]  # type: ignore[union-attr]
        # A stream of events never ends.
        self.operations = [
            one for one in made if STREAM not in json.dumps(one.definition.raw["responses"])
        ]
        self._validators: dict[str, Any] = {}

    def campaign(self, visitor: str, examples: int, start: int = 0) -> None:
        """Ask all operations as a visitor; raises AssertionError with all that is not right."""
        failures = []
        for position, operation in enumerate(self.operations):
            # Where there is neither body nor query, most of what would be wrong is thrown away.
            has_more = operation.body or operation.query
            for mode in (GenerationMode.POSITIVE, *([GenerationMode.NEGATIVE] * bool(has_more))):
                try:
                    self.operation(operation, mode, visitor, examples, start + position)
                except Exception as error:
                    # One that fails in a way of its own hides no others.
                    failures.append(f"{operation.label}: {type(error).__name__}: {error}"[:2000])
        assert failures == [], "\n".join(failures)

    def operation(
        self, operation: Any, mode: GenerationMode, visitor: str, examples: int, start: int
    ) -> None:
        @seed(start)
        @settings(
            max_examples=examples,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy(generation_mode=mode), st.data())
        def ask(case: Case[Any], data: st.DataObject) -> None:
            method, path, body = self._request(case, data)
            headers = {**self.api.visitors[visitor], **_condition(case, data)}
            if body is not None:
                headers["Content-Type"] = JSON
            answer = self.ask(method, path, headers, body or b"")
            told = f"{visitor}: {method} {path} {body!r} {headers} -> {answer}"
            self.check(operation.path, method.lower(), answer, told)

        try:
            ask()
        except Unsatisfiable:
            # What takes nothing cannot be asked wrongly.
            if mode is GenerationMode.POSITIVE:
                raise

    def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        answer = self.runner.run(call(self.api.app, method, path, dict(headers), body))
        self.seen[answer.status] += 1
        return answer

    def _request(self, case: Case[Any], data: st.DataObject) -> tuple[str, str, bytes | None]:
        parts = {
            name: _known(name, value, data) for name, value in dict(case.path_parameters).items()
        }
        path = case.path
        for name, value in parts.items():
            path = path.replace(f"{{{name}}}", quote(str(value), safe="%"))
        query = _known_in(dict(case.query), data)
        encoded = urlencode(query, doseq=True, errors="surrogatepass") if query else ""
        whole = self.root + path + (f"?{encoded}" if encoded else "")
        body = case.body
        if body is None or type(body).__name__ == "NotSet":
            return case.method, whole, None
        if isinstance(body, bytes):
            return case.method, whole, body
        text = json.dumps(_known_in(body, data))
        return case.method, whole, text.encode()

    def check(self, path: str, method: str, answer: Answer, told: str) -> None:
        """Assert that an answer is as described."""
        assert answer.status < 500, told
        operation = self.api.document["paths"][path][method]
        told_of = operation["responses"]
        description = told_of.get(str(answer.status))
        if description is None:
            assert answer.status >= 400, f"not described: {told}"
            description = told_of["default"]
        if "$ref" in description:
            name = description["$ref"].rpartition("/")[2]
            description = self.api.document["components"]["responses"][name]
        content = description.get("content")
        if not content or method == "head" or (EMPTY in operation and not answer.body):
            assert answer.body == b"", told
            return
        media = (answer.header("Content-Type") or "").partition(";")[0]
        found = {name.partition(";")[0]: inner for name, inner in content.items()}
        assert media in found, told
        if media.endswith("json"):
            self._validate(found[media]["schema"], answer, told)
        if answer.status >= 400:
            assert media == self.api.problem, told

    def _validate(self, schema: dict[str, Any], answer: Answer, told: str) -> None:
        key = json.dumps(schema)
        if key not in self._validators:
            components = self.api.document["components"]
            whole = {"allOf": [schema], "components": {"schemas": components["schemas"]}}
            self._validators[key] = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
        errors = [str(error) for error in self._validators[key].iter_errors(answer.json)]
        assert errors == [], f"{errors[:2]} {told}"


def _condition(case: Case[Any], data: st.DataObject) -> dict[str, str]:
    """Return header fields of the case that can be sent, seldom."""
    given = {name: str(value) for name, value in dict(case.headers or {}).items()}
    sent = {
        name: value
        for name, value in given.items()
        if name in ("If-Match", "If-None-Match", "Idempotency-Key")
        and value.isascii()
        and value.isprintable()
    }
    return sent if sent and data.draw(st.integers(0, 3)) == 0 else {}


def _known(name: str, value: Any, data: st.DataObject) -> Any:
    """Return something that there is, more often than not, instead of what nobody knows."""
    known = KNOWN.get(name)
    return data.draw(st.sampled_from(known)) if known and data.draw(st.integers(0, 3)) else value


def _known_in(value: Any, data: st.DataObject) -> Any:
    if isinstance(value, list):
        return [_known_in(one, data) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: _known(name, _known_in(inner, data), data) for name, inner in value.items()}


async def unknown_methods(api: Api, visitor: str) -> list[str]:
    """Return what is wrong with answers to methods that addresses have not."""
    root: str = api.document["servers"][0]["url"]
    wrong = []
    for path, methods in api.document["paths"].items():
        for method in METHODS:
            plain = path.replace("{", "").replace("}", "")
            if any(method.lower() in api.document["paths"][one] for one in _like(api, plain)):
                continue
            address = root + plain
            answer = await call(api.app, method, address, dict(api.visitors[visitor]), b"")
            allowed = {one.strip().lower() for one in (answer.header("Allow") or "").split(",")}
            if answer.status != 405 or not set(methods) <= allowed:
                wrong.append(f"{method} {path}: {answer.status} {allowed}")
    return wrong


def _like(api: Api, address: str) -> list[str]:
    """Return the paths that an address is one of."""
    return [
        path
        for path in api.document["paths"]
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", path.replace(".", r"\.")), address)
    ]


def main(arguments: list[str]) -> int:
    """Run a long campaign over both faces; return the exit code."""
    from tests.faces.manage.fuzzed import FACES, VISITORS, open_api

    examples, wrong = int(arguments[0]) if arguments else 100, False
    for start, (face, visitor) in enumerate(itertools.product(FACES, VISITORS)):
        with asyncio.Runner() as runner, open_api(runner, face) as api:
            fuzz = Fuzz(api, runner)
            try:
                fuzz.campaign(visitor, examples, start * 1000)
            except AssertionError as error:
                print(error)  # noqa: T201 - a program
                wrong = True
            print(face, visitor, dict(sorted(fuzz.seen.items())))  # noqa: T201 - a program
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
