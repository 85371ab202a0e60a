"""Lines as others read them: JSON, CloudEvents, syslog."""

import re
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.rules.audit import AuditLine, clean
from entrepot.rules.auditformats import RENDER, AuditFormat, cloudevent, jsonl, syslog

LINE = AuditLine(
    7,
    1_767_225_600.25,
    "alice",
    "192.0.2.7",
    "docker/28",
    "tag.deleted",
    "acme",
    "acme/app:v1",
    "done",
    '{"tag":"v1"}',
)
FORMATS = st.sampled_from(sorted(AuditFormat))

# RFC 5424 section 6, as far as messages here go.
_SYSLOG = re.compile(
    r"<(\d{1,3})>1 (\S+) ([!-~]{1,255}) ([!-~]{1,48}) - ([!-~]{1,32}) "
    r'\[([!-~]+)((?: [a-z]+="(?:[^"\\\]]|\\["\\\]])*")*)\] \ufeff(.*)\n'
)
_PARAM = re.compile(r' ([a-z]+)="((?:[^"\\\]]|\\["\\\]])*)"')


def test_jsonl_has_all_fields() -> None:
    assert msgspec.json.decode(jsonl(LINE)) == {
        "id": 7,
        "at": "2026-01-01T00:00:00.250Z",
        "actor": "alice",
        "address": "192.0.2.7",
        "client": "docker/28",
        "operation": "tag.deleted",
        "project": "acme",
        "resource": "acme/app:v1",
        "result": "done",
        "detail": {"tag": "v1"},
    }


def test_a_cloudevent_has_what_the_specification_requires() -> None:
    event = msgspec.json.decode(cloudevent(LINE, "registry.example.com"))
    assert event.pop("data") == msgspec.json.decode(jsonl(LINE))
    assert event == {
        "specversion": "1.0",
        "id": "7",
        "source": "registry.example.com",
        "type": "io.entrepot.audit.tag.deleted",
        "time": "2026-01-01T00:00:00.250Z",
        "subject": "acme/app:v1",
        "datacontenttype": "application/json",
    }
    # A subject is not empty where it is there (CloudEvents 1.0 section 3.1).
    assert "subject" not in msgspec.json.decode(cloudevent(replace(LINE, resource="")))


@pytest.mark.parametrize("result, priority", [("done", 109), ("denied", 108), ("failed", 107)])
def test_syslog_says_how_grave_it_is(result: str, priority: int) -> None:
    found = _SYSLOG.fullmatch(syslog(replace(LINE, result=result), "reg.example.com").decode())
    assert found is not None
    assert int(found[1]) == priority
    assert found.group(2, 3, 4, 5) == (
        "2026-01-01T00:00:00.250Z",
        "reg.example.com",
        "entrepot",
        "tag.deleted",
    )
    assert found[8] == '{"tag":"v1"}'


@given(st.text(), st.text(), st.text())
def test_syslog_is_read_back_whatever_is_in_it(actor: str, resource: str, source: str) -> None:
    line = replace(LINE, actor=clean(actor, 100), resource=clean(resource, 100))
    found = _SYSLOG.fullmatch(syslog(line, source).decode())
    assert found is not None
    params = {
        name: re.sub(r'\\(["\\\]])', r"\1", value) for name, value in _PARAM.findall(found[7])
    }
    assert params.get("actor", "") == line.actor
    assert params.get("resource", "") == line.resource


@given(st.text(), FORMATS)
def test_a_line_stays_one_line(text: str, wanted: AuditFormat) -> None:
    line = replace(LINE, actor=clean(text), client=clean(text), operation=clean(text))
    written = RENDER[wanted](line, "registry")
    assert written.count(b"\n") == 1
    assert written.endswith(b"\n")
