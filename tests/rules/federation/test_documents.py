from typing import Any

import pytest

from entrepot.oci.errors import Code
from entrepot.rules.federation.documents import GRANTS_MAX, WorkloadGrant, as_document, parse
from entrepot.rules.federation.presets import GITHUB_ISSUER
from tests.oci.faults import code_of, fault_of

DOCUMENT: dict[str, Any] = {
    "kind": "github",
    "audience": "https://registry.example",
    "conditions": {"repository": "acme/web", "ref": ["refs/heads/main", "refs/tags/*"]},
    "grants": [{"scope": "acme/web", "role": "developer"}],
}


def test_a_document() -> None:
    rule, grants = parse("web", DOCUMENT)
    assert (rule.name, rule.issuer, rule.kind) == ("web", GITHUB_ISSUER, "github")
    assert rule.conditions["repository"] == ("acme/web",)
    assert rule.conditions["ref"] == ("refs/heads/main", "refs/tags/*")
    assert grants == (WorkloadGrant("acme/web", "developer"),)


def test_there_and_back() -> None:
    rule, grants = parse("web", DOCUMENT)
    assert parse("web", as_document(rule, grants)) == (rule, grants)


@pytest.mark.parametrize(
    "changed,message",
    [
        ({"conditions": {"ref": "**"}}, "strangers"),
        ({"kind": "gitlab", "conditions": {"repository": "acme/web"}}, "strangers"),
        ({"kind": "kubernetes"}, "issuer"),
        ({"kind": "none"}, "kind"),
        ({"condition": {}}, "condition"),
        ({"conditions": {"repository": 7}}, "conditions"),
        ({"audience": 7}, "audience"),
        ({"grants": [{"scope": "acme"}]}, "either a role or permissions"),
        ({"grants": [{"scope": "acme", "role": "x", "permissions": ["y"]}]}, "either"),
        ({"grants": [{"scope": "", "role": "x"}]}, "scope"),
        ({"grants": [{"scope": "acme", "role": "x"}] * (GRANTS_MAX + 1)}, "grants"),
        ({"description": "x" * 300}, "description"),
    ],
)
def test_refused(changed: dict[str, Any], message: str) -> None:
    fault = fault_of(lambda: parse("web", DOCUMENT | changed))
    assert fault is not None
    assert fault.code is Code.REQUEST_INVALID
    assert message in fault.message


@pytest.mark.parametrize("document", [None, [], "x", {}])
def test_no_document(document: object) -> None:
    assert code_of(lambda: parse("web", document)) is Code.REQUEST_INVALID
