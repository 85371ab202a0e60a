"""OpenAPI 3.1 documents, made from described routes (openapis.org, version 3.1.1)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import cleandoc
from typing import Any

import msgspec

from .about import JSON, Also, Argument, Operation

VERSION = "3.1.1"
JSON_SCHEMA = "https://spec.openapis.org/oas/3.1/dialect/base"
REF = "#/components/schemas/"
CURSOR = "x-entrepot-cursor"
"""The query argument that a page's `next` goes into, where an operation answers pages."""
SECRET = "x-entrepot-secret"  # noqa: S105 - the name of a field
EMPTY = "x-entrepot-may-be-empty"
NEEDS = "x-entrepot-needs"
"""What the caller must be allowed: a permission's name, `login`, or absent for nothing."""

BASIC = {"basic": {"type": "http", "scheme": "basic"}}

REASONS = {
    200: "Done.",
    201: "Made.",
    202: "A job was enqueued that does it.",
    204: "Done; there is nothing to tell.",
    304: "It is what the ETag says that you have.",
    400: "The request cannot be understood; `detail` says what is wrong with it.",
    401: "Nobody is logged in, or not with these credentials.",
    403: "The caller may not do this.",
    404: "There is no such thing.",
    405: "This is not served here, or is switched off.",
    409: "It is in conflict with what there is.",
    412: "A precondition of the request does not hold.",
    413: "The body is too large.",
    422: "The same key came with another request.",
    429: "Too many requests: try again later.",
    503: "The registry cannot do this now: try again later.",
}

ANYONE = "anyone"
"""Who needs no login, and is shown more with one."""
_PARAMETER = re.compile(r"\{([^}]+)\}")
_GENERIC = re.compile(r"^([A-Z][A-Za-z0-9]*)_([A-Z][A-Za-z0-9]*)_$")


@dataclass(frozen=True, slots=True)
class Face:
    """What one document is about; `problem` is what its errors look like."""

    title: str
    version: str
    root: str
    problem: type[msgspec.Struct]
    problem_media: str = JSON
    about: str = ""
    security: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: BASIC)
    parts: Mapping[str, str] = field(default_factory=dict)
    """What the names in paths mean, for people."""


def document(operations: Iterable[Operation], face: Face) -> dict[str, Any]:
    """Return the document of these operations, in the order of their paths.

    Raises ValueError for two operations of one name, or two structs of one name.
    """
    found = sorted(operations, key=lambda one: (one.path, one.method))
    _check_names(found)
    schemas = _Schemas(_types(found, face))
    paths: dict[str, dict[str, Any]] = {}
    for one in found:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, face, schemas)
    return {
        "openapi": VERSION,
        "jsonSchemaDialect": JSON_SCHEMA,
        "info": {"title": face.title, "version": face.version, "description": face.about},
        "servers": [{"url": face.root}],
        "security": [{name: []} for name in face.security],
        "tags": [{"name": tag} for tag in sorted({one.about.tag for one in found})],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "responses": {
                "Problem": {
                    "description": "What is wrong, and what to do.",
                    "content": {face.problem_media: {"schema": schemas.of(face.problem)}},
                }
            },
            "securitySchemes": {name: dict(scheme) for name, scheme in face.security.items()},
        },
    }


def _operation(one: Operation, face: Face, schemas: "_Schemas") -> dict[str, Any]:
    about = one.about
    made: dict[str, Any] = {
        "operationId": about.operation,
        "summary": about.summary,
        "tags": [about.tag],
    }
    if about.text:
        made["description"] = about.text
    if one.needs:
        made[NEEDS] = one.needs
    else:
        made["security"] = [{}]
    if one.needs == ANYONE:
        made["security"] = [{}, *({name: []} for name in face.security)]
    if about.pages:
        made[CURSOR] = about.pages
    if about.secret:
        made[SECRET] = True
    if about.may_be_empty:
        made[EMPTY] = True
    parameters = [
        *(_part(name, face) for name in _PARAMETER.findall(one.path)),
        *(_parameter(given, "query", schemas) for given in about.arguments),
        *(_parameter(given, "header", schemas) for given in about.headers),
    ]
    if parameters:
        made["parameters"] = parameters
    if about.takes is not None:
        content = {JSON: {"schema": schemas.of(about.takes)}}
        made["requestBody"] = {"required": True, "content": content}
    made["responses"] = _responses(one, face, schemas)
    return made


def _responses(one: Operation, face: Face, schemas: "_Schemas") -> dict[str, Any]:
    about = one.about
    made: dict[str, Any] = {}
    for also in (Also(about.status, "", about.gives), *about.also):
        said = also.about or REASONS.get(also.status, "Answered.")
        answer: dict[str, Any] = {"description": said}
        is_usual = also.status == about.status
        if is_usual and about.media != JSON:
            kinds = (about.media, *about.further_media)
            answer["content"] = {media: {"schema": {"type": "string"}} for media in kinds}
        elif also.gives is not None:
            media = face.problem_media if also.status >= 400 else JSON
            answer["content"] = {media: {"schema": schemas.of(also.gives)}}
        made[str(also.status)] = answer
    problem = {"$ref": "#/components/responses/Problem"}
    refusals = {400, *about.errors, *((401, 403) if one.needs not in ("", ANYONE) else ())}
    for status in sorted(refusals):
        # A reference may have a description of its own (OpenAPI 3.1 section 4.8.23).
        said = REASONS.get(status, "Refused.")
        made.setdefault(str(status), {**problem, "description": said})
    made["default"] = problem
    return made


def _part(name: str, face: Face) -> dict[str, Any]:
    part = {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    return {**part, "description": face.parts[name]} if name in face.parts else part


def _parameter(given: Argument, where: str, schemas: "_Schemas") -> dict[str, Any]:
    return {
        "name": given.name,
        "in": where,
        "description": given.about,
        "required": given.required,
        "schema": schemas.of(given.kind),
    }


class _Schemas:
    """Schemas of types; those of structs and enumerations are referred to."""

    def __init__(self, types: Sequence[Any]) -> None:
        found, components = msgspec.json.schema_components(types, ref_template=REF + "{name}")
        names = {name: _GENERIC.sub(r"\2\1", name) for name in components}
        unclear = [name for name in components if "." in name]
        if unclear:
            raise ValueError(f"two structs share a name: {', '.join(sorted(unclear))}")
        renamed = {REF + name: REF + better for name, better in names.items()}
        self.components = {
            names[name]: _mended(components[name], renamed)
            for name in sorted(components, key=names.__getitem__)
        }
        self._by_type = [
            (kind, _mended(schema, renamed)) for kind, schema in zip(types, found, strict=True)
        ]

    def of(self, kind: Any) -> dict[str, Any]:
        """Return the schema of a type that was named, or of one of several in a tuple."""
        if isinstance(kind, tuple):
            return {"anyOf": [self.of(one) for one in kind]}
        # Annotations of lists need not be hashable, and there are few types.
        return next(schema for known, schema in self._by_type if known == kind)


def _mended(value: Any, renamed: Mapping[str, str]) -> Any:
    """Return a schema with its references renamed, and without titles that say nothing."""
    if isinstance(value, list):
        return [_mended(one, renamed) for one in value]
    if not isinstance(value, dict):
        return value
    found = {name: _mended(inner, renamed) for name, inner in value.items()}
    if isinstance(found.get("$ref"), str):
        found["$ref"] = renamed.get(found["$ref"], found["$ref"])
    if isinstance(found.get("title"), str):
        del found["title"]
    if isinstance(found.get("description"), str):
        # Of docstrings, which are indented.
        found["description"] = cleandoc(found["description"])
    return found


def _types(operations: Iterable[Operation], face: Face) -> list[Any]:
    found: list[Any] = [face.problem]
    for one in operations:
        about = one.about
        wanted = [about.takes, about.gives, *(also.gives for also in about.also)]
        wanted += [given.kind for given in (*about.arguments, *about.headers)]
        for kind in wanted:
            found += kind if isinstance(kind, tuple) else [kind] if kind is not None else []
    unique: list[Any] = []
    for kind in found:
        if kind not in unique:
            unique.append(kind)
    return unique


def _check_names(operations: Iterable[Operation]) -> None:
    seen: dict[str, str] = {}
    for one in operations:
        name, place = one.about.operation, f"{one.method} {one.path}"
        if seen.setdefault(name, place) != place:
            raise ValueError(f"{place} and {seen[name]} are both called {name}")
