"""An OpenAPI document as one HTML page: no scripts, nothing from elsewhere."""

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from html import escape
from typing import Any, Final

from entrepot.faces.asgi import Request, Response

from .openapi import NEEDS, REF

HTML = "text/html; charset=utf-8"
METHODS = ("get", "post", "put", "patch", "delete", "head")

_STYLE: Final = """
:root{color-scheme:light dark;--line:#8884;--soft:#8882}
body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:0 auto;padding:1rem}
h1{margin-bottom:0}h2{margin-top:2.5rem;border-bottom:1px solid var(--line)}
code,pre{font-family:ui-monospace,monospace;font-size:.92em}
nav a{margin-right:1em;white-space:nowrap}
details{border:1px solid var(--line);border-radius:.4em;margin:.5em 0}
summary{cursor:pointer;padding:.4em .7em;display:flex;gap:.8em;flex-wrap:wrap;align-items:baseline}
details>div{padding:0 .9em .9em}
.m{font-weight:700;min-width:4.2em}.s{opacity:.75;margin-left:auto}
table{border-collapse:collapse;width:100%;margin:.4em 0}
td,th{text-align:left;vertical-align:top;padding:.25em .8em .25em 0}
td,th{border-top:1px solid var(--line)}
th{font-weight:600}h4{margin:1em 0 .2em}.q{background:var(--soft);border-radius:.3em;padding:0 .3em}
"""
_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)

_WORDS = {
    "en": {
        "document": "The same for programs",
        "needs": "Needs",
        "login": "a login",
        "anyone": "no login; with one it may show more",
        "nothing": "no login",
        "arguments": "Arguments",
        "body": "Body",
        "answers": "Answers",
        "shapes": "Shapes",
        "name": "name",
        "where": "in",
        "type": "type",
        "about": "meaning",
        "status": "status",
        "required": "required",
        "none": "nothing",
        "list": "list of",
        "map": "map to",
        "other": "中文",
        "path": "path",
        "query": "query",
        "header": "header",
        "cookie": "cookie",
    },
    "zh": {
        "document": "供程序读取的版本",
        "needs": "需要权限",
        "login": "登录",
        "anyone": "无需登录;登录后可能看到更多",
        "nothing": "无需登录",
        "arguments": "参数",
        "body": "请求体",
        "answers": "响应",
        "shapes": "数据结构",
        "name": "名称",
        "where": "位置",
        "type": "类型",
        "about": "含义",
        "status": "状态码",
        "required": "必填",
        "none": "无",
        "list": "列表:",
        "map": "映射到",
        "other": "English",
        "path": "路径",
        "query": "查询",
        "header": "请求头",
        "cookie": "Cookie",
    },
}
_CODE = re.compile(r"`([^`]+)`")


def language_of(request: Request) -> str:
    """Return `zh` or `en`: what the query says, or else the browser's first language."""
    asked = request.argument("lang") or (request.header(b"accept-language") or "")
    return "zh" if asked.strip().lower().startswith("zh") else "en"


def docs_response(page: bytes, language: str) -> Response:
    """Return the answer with a page that `docs_page` made."""
    response = Response(200, body=page)
    response.set("Content-Type", HTML)
    response.set("Content-Security-Policy", POLICY)
    response.set("Content-Language", language)
    response.set("Vary", "Accept-Language")
    response.set("X-Content-Type-Options", "nosniff")
    response.set("Referrer-Policy", "no-referrer")
    return response


def docs_page(document: dict[str, Any], language: str = "en") -> str:
    """Return HTML that tells of all operations by their tags, and of all shapes."""
    return _Page(document, language).text


class _Page:
    def __init__(self, document: dict[str, Any], language: str) -> None:
        self._document = document
        self._language = language
        self._words = _WORDS[language]

    @property
    def text(self) -> str:
        by_tag = self._by_tag()
        parts = [self._head(by_tag)]
        for tag, operations in by_tag.items():
            parts.append(f'<section><h2 id="{_slug(tag)}">{escape(tag)}</h2>')
            parts += [self._operation(*one) for one in operations]
            parts.append("</section>")
        parts.append(f'<section><h2 id="shapes">{self._words["shapes"]}</h2>')
        schemas = self._document["components"]["schemas"]
        parts += [self._shape(name, schema) for name, schema in schemas.items()]
        parts.append("</section></body></html>\n")
        return "".join(parts)

    def _head(self, tags: Iterable[str]) -> str:
        info, other = self._document["info"], "en" if self._language == "zh" else "zh"
        title, words = escape(info["title"]), self._words
        links = "".join(f'<a href="#{_slug(tag)}">{escape(tag)}</a> ' for tag in tags)
        return (
            f'<!doctype html>\n<html lang="{self._language}"><head><meta charset="utf-8">'
            f"<title>{title}</title>"
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<style>{_STYLE}</style></head><body><h1>{title}</h1>"
            f"<p><code>{escape(self._document['servers'][0]['url'])}</code> · "
            f'<a href="openapi.json">{words["document"]}</a> · '
            f'<a href="docs?lang={other}">{words["other"]}</a></p>'
            f"<p>{_told(info.get('description', ''))}</p><nav>{links}"
            f'<a href="#shapes">{words["shapes"]}</a></nav>'
        )

    def _by_tag(self) -> dict[str, list[tuple[str, str, dict[str, Any]]]]:
        found: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
            tag["name"]: [] for tag in self._document["tags"]
        }
        for path, methods in self._document["paths"].items():
            for method in METHODS:
                if method in methods:
                    found[methods[method]["tags"][0]].append((method, path, methods[method]))
        return found

    def _operation(self, method: str, path: str, one: dict[str, Any]) -> str:
        words = self._words
        needs = one.get(NEEDS, "")
        needed = words.get(needs, f"<code>{escape(needs)}</code>") if needs else words["nothing"]
        head = (
            f'<details id="{escape(one["operationId"])}"><summary>'
            f'<code class="m">{method.upper()}</code><code>{escape(path)}</code>'
            f'<span class="s">{escape(one["summary"])}</span></summary><div>'
        )
        parts = [head]
        if one.get("description"):
            parts.append(f"<p>{_told(one['description'])}</p>")
        parts.append(
            f"<p>{words['needs']}: {needed} · <code>{escape(one['operationId'])}</code></p>"
        )
        if one.get("parameters"):
            rows = [
                (
                    f"<code>{escape(given['name'])}</code>",
                    words[given["in"]],
                    self._type(given["schema"]) + self._mark(is_needed=given["required"]),
                    _told(given.get("description", "")),
                )
                for given in one["parameters"]
            ]
            parts += [f"<h4>{words['arguments']}</h4>", self._table(rows, "name where type about")]
        if "requestBody" in one:
            parts.append(f"<h4>{words['body']}</h4><p>{self._content(one['requestBody'])}</p>")
        answers = [
            (f"<code>{status}</code>", self._answer(answer), _told(answer.get("description", "")))
            for status, answer in one["responses"].items()
        ]
        parts += [f"<h4>{words['answers']}</h4>", self._table(answers, "status type about")]
        return "".join([*parts, "</div></details>"])

    def _answer(self, answer: dict[str, Any]) -> str:
        if "$ref" in answer:
            name = answer["$ref"].rpartition("/")[2]
            return self._content(self._document["components"]["responses"][name])
        return self._content(answer)

    def _content(self, holder: dict[str, Any]) -> str:
        content = holder.get("content")
        if not content:
            return self._words["none"]
        return "; ".join(
            self._type(inner["schema"])
            + ("" if media.endswith("json") else f" <code>{escape(media)}</code>")
            for media, inner in content.items()
        )

    def _shape(self, name: str, schema: dict[str, Any]) -> str:
        head = f'<details id="shape-{escape(name)}"><summary><code>{escape(name)}</code></summary>'
        parts = [head, f"<div><p>{_told(schema.get('description', ''))}</p>"]
        properties = schema.get("properties")
        if properties:
            required = schema.get("required", ())
            rows = [
                (
                    f"<code>{escape(field)}</code>",
                    self._type(inner) + self._mark(is_needed=field in required),
                    _told(inner.get("description", "")),
                )
                for field, inner in properties.items()
            ]
            parts.append(self._table(rows, "name type about"))
        elif "enum" in schema:
            parts.append(f"<p>{self._type(schema)}</p>")
        return "".join([*parts, "</div></details>"])

    def _type(self, schema: dict[str, Any]) -> str:
        if "$ref" in schema:
            name = escape(schema["$ref"].removeprefix(REF))
            return f'<a href="#shape-{name}"><code>{name}</code></a>'
        if "anyOf" in schema:
            return " | ".join(self._type(inner) for inner in schema["anyOf"])
        if "enum" in schema:
            return " | ".join(f"<code>{escape(str(one))}</code>" for one in schema["enum"])
        kind = schema.get("type", "any")
        if kind == "array":
            return f"{self._words['list']} {self._type(schema.get('items') or {})}"
        if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
            return f"{self._words['map']} {self._type(schema['additionalProperties'])}"
        limits = [
            f"{sign}{schema[key]}"
            for key, sign in (("minimum", "≥"), ("maximum", "≤"), ("maxLength", "≤"))
            if key in schema
        ]
        return escape(" ".join([schema.get("format", str(kind)), *limits]))

    def _mark(self, *, is_needed: bool) -> str:
        return f' <span class="q">{self._words["required"]}</span>' if is_needed else ""

    def _table(self, rows: Sequence[tuple[str, ...]], headings: str) -> str:
        head = "".join(f"<th>{self._words[one]}</th>" for one in headings.split())
        body = "".join(
            "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows
        )
        return f"<table><tr>{head}</tr>{body}</table>"


def _slug(tag: str) -> str:
    return "tag-" + re.sub(r"[^a-z0-9]+", "-", tag.lower())


def _told(text: str) -> str:
    """Return a docstring as HTML: paragraphs' lines joined, code in backquotes."""
    return _CODE.sub(r"<code>\1</code>", escape(text))
