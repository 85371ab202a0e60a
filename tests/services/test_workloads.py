"""Workloads of simulated GitHub, GitLab and Kubernetes issuers, let in by rules."""

import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from entrepot.adapters.catalog import open_catalog
from entrepot.adapters.oidc import LateIssuers
from entrepot.adapters.system import SystemClock
from entrepot.oci.errors import Code, Fault
from entrepot.ports.catalog import Catalog
from entrepot.ports.robots import WorkloadRow
from entrepot.rules.federation.documents import parse
from entrepot.services.workloads import WorkloadService
from tests import issuers as simulated
from tests.issuers import Issuer, said

AUDIENCE = "https://registry.example"


@dataclass
class Said:
    """A log."""

    lines: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def info(self, event: str, **facts: Any) -> None:
        self.lines.append((event, facts))

    warning = info


@dataclass
class Gate:
    """The service with what it stands on."""

    catalog: Catalog
    log: Said
    service: WorkloadService

    async def trust(self, name: str, issuer: str, kind: str, **conditions: Any) -> None:
        document = {"kind": kind, "issuer": issuer, "audience": AUDIENCE, "conditions": conditions}
        parse(name, document)
        await self.keep(name, issuer, json.dumps(document))

    async def keep(self, name: str, issuer: str, document: str) -> None:
        async with self.catalog.begin(write=True) as tx:
            await tx.workloads.put(WorkloadRow(name, issuer, document, time.time(), "admin"))

    async def refused(self, token: str) -> Fault:
        with pytest.raises(Fault) as caught:
            await self.service.verify(token)
        return caught.value


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    monkeypatch.setenv("no_proxy", "*")
    with simulated.issuer() as found:
        yield found


@pytest.fixture
async def gate() -> AsyncIterator[Gate]:
    catalog = await open_catalog("sqlite:///:memory:")
    issuers = LateIssuers()
    log = Said()
    yield Gate(catalog, log, WorkloadService(catalog, issuers, SystemClock(), log))
    await issuers.close()
    await catalog.close()


@pytest.mark.parametrize(
    "shape,kind,conditions,name",
    [
        (
            simulated.github_claims,
            "github",
            {"repository": "acme/web", "ref": "refs/heads/main"},
            "repo:acme/web:ref:refs/heads/main",
        ),
        (
            simulated.gitlab_claims,
            "gitlab",
            {"project_path": "acme/*", "ref_protected": "true"},
            "project_path:acme/web:ref_type:branch:ref:main",
        ),
        (
            simulated.kubernetes_claims,
            "kubernetes",
            {"/kubernetes.io/namespace": "ci"},
            "system:serviceaccount:ci:builder",
        ),
    ],
)
async def test_let_in(
    shape: Callable[..., dict[str, Any]],
    kind: str,
    conditions: dict[str, str],
    name: str,
    gate: Gate,
    issuer: Issuer,
) -> None:
    await gate.trust("ci", issuer.url, kind, **conditions)
    token = issuer.sign(shape(issuer.url, audience=AUDIENCE))
    assert await gate.service.verify(token) == f"workload:ci:{name}"


async def test_the_first_rule_by_name(gate: Gate, issuer: Issuer) -> None:
    await gate.trust("c", issuer.url, "github", repository="acme/*")
    await gate.trust("b", issuer.url, "github", repository="acme/web")
    await gate.trust("a", issuer.url, "github", repository="acme/api")
    token = issuer.sign(simulated.github_claims(issuer.url, audience=AUDIENCE))
    assert (await gate.service.verify(token)).startswith("workload:b:")


async def test_attack_stranger_with_a_good_token(gate: Gate, issuer: Issuer) -> None:
    await gate.trust("secret-name", issuer.url, "github", repository="acme/web")
    sent = simulated.github_claims(issuer.url, audience=AUDIENCE, repository="evil/web")
    fault = await gate.refused(issuer.sign(sent))
    assert fault.code is Code.UNAUTHORIZED
    # What would have been let in is for the log alone.
    assert "secret-name" not in fault.message
    assert "acme" not in fault.message
    assert gate.log.lines[0][0] == "workload refused"
    assert "evil/web, and not acme/web" in gate.log.lines[0][1]["reasons"]["secret-name"]


async def test_attack_issuer_without_a_rule_is_not_asked(gate: Gate, issuer: Issuer) -> None:
    token = issuer.sign(simulated.github_claims(issuer.url, audience=AUDIENCE))
    for sent in (token, "x", "", "a.b.c"):
        assert (await gate.refused(sent)).code is Code.UNAUTHORIZED
    assert issuer.asked == []


async def test_attack_issuer_pretended(gate: Gate, issuer: Issuer) -> None:
    await gate.trust("ci", issuer.url, "github", repository="acme/web")
    with simulated.issuer() as evil:
        token = evil.sign(simulated.github_claims(issuer.url, audience=AUDIENCE))
        assert (await gate.refused(token)).detail == {"reason": "key"}
        assert evil.asked == []


async def test_attack_token_for_another_service(gate: Gate, issuer: Issuer) -> None:
    await gate.trust("ci", issuer.url, "github", repository="acme/web")
    token = issuer.sign(simulated.github_claims(issuer.url, audience="https://cloud.example"))
    fault = await gate.refused(token)
    assert (fault.code, fault.detail) == (Code.UNAUTHORIZED, {"reason": "audience"})
    assert AUDIENCE in fault.message


async def test_attack_audience_of_another_rule(gate: Gate, issuer: Issuer) -> None:
    await gate.trust("ci", issuer.url, "github", repository="acme/web")
    document = {
        "kind": "github",
        "issuer": issuer.url,
        "audience": "https://other.example",
        "conditions": {"repository": "acme/api"},
    }
    await gate.keep("other", issuer.url, json.dumps(document))
    token = issuer.sign(simulated.github_claims(issuer.url, audience="https://other.example"))
    assert "no rule lets it in" in (await gate.refused(token)).message


async def test_an_issuer_that_cannot_be_asked(gate: Gate, issuer: Issuer) -> None:
    await gate.trust("ci", issuer.url, "github", repository="acme/web")
    issuer.instead["/jwks"] = lambda: said({}, 503)
    token = issuer.sign(simulated.github_claims(issuer.url, audience=AUDIENCE))
    assert (await gate.refused(token)).code is Code.UNAVAILABLE
    assert "status 503" in gate.log.lines[0][1]["reason"]


async def test_a_rule_that_became_unusable(gate: Gate, issuer: Issuer) -> None:
    await gate.keep("a", issuer.url, "{}")
    await gate.keep("b", issuer.url, "torn")
    await gate.trust("c", issuer.url, "github", repository="acme/web")
    token = issuer.sign(simulated.github_claims(issuer.url, audience=AUDIENCE))
    assert (await gate.service.verify(token)).startswith("workload:c:")
    assert [facts["rule"] for _, facts in gate.log.lines] == ["a", "b"]


async def test_trying_a_rule(gate: Gate, issuer: Issuer) -> None:
    document = {
        "kind": "github",
        "issuer": issuer.url,
        "audience": AUDIENCE,
        "conditions": {"repository": "acme/api"},
    }
    rule, _ = parse("try", document)
    token = issuer.sign(simulated.github_claims(issuer.url, audience=AUDIENCE))
    found = await gate.service.test(rule, token)
    assert found.rules == ()
    assert "acme/web, and not acme/api" in found.misses[0].reason
