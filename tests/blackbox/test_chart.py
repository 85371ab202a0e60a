"""The Helm chart: rendered, valid for Kubernetes, of settings that exist."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from entrepot import __version__
from tests.blackbox.deployments import DEPLOY, settings_of, variables
from tests.blackbox.processes import Workspace, base_environment, run
from tests.blackbox.toolbox import Toolbox, absent

PROGRAM = Path(__file__).with_name("helm_chart.py")
CHART = DEPLOY / "helm" / "entrepot"
KUBERNETES = ["1.29", "1.37"]
DSN = "postgresql://entrepot:secret@pg.example:5432/entrepot"
SCALE = {"mode": "scale", "blobs": "s3://images/prod", "secret": {"catalog": DSN}}
ALL = {
    **SCALE,
    "image": {"repository": "reg.example.com/entrepot", "digest": f"sha256:{'a' * 64}"},
    "imagePullSecrets": [{"name": "pull"}],
    "settings": {
        "auth": {"anonymous_pull": ["library/*", "base/*"], "token_seconds": 600},
        "uploads": {"size_max_bytes": 1099511627776},
        "quota": {"warn_share": 0.9},
        "storage": {"delete": False},
    },
    "secret": {
        "catalog": DSN,
        "variables": {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"},
    },
    "extraEnv": [{"name": "AWS_REGION", "value": "eu-central-1"}],
    "autoscaling": {"enabled": True, "min": 2, "max": 6},
    "drainSeconds": 120,
    "ingress": {"enabled": True, "className": "nginx", "tlsSecret": "hub-tls"},
    "trustedProxies": ["10.1.0.0/16"],
    "serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/hub"}},
    "networkPolicy": {
        "enabled": True,
        "from": [{"namespaceSelector": {"matchLabels": {"name": "ingress"}}}],
        "egress": [{"ports": [{"port": 443, "protocol": "TCP"}]}],
    },
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "tls": {"secret": "hub-pods"},
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "registry", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "priorityClassName": "high",
    "podAnnotations": {"a": "b"},
    "podLabels": {"c": "d"},
    "extraVolumes": [{"name": "ca", "configMap": {"name": "ca"}}],
    "extraVolumeMounts": [{"name": "ca", "mountPath": "/ca"}],
    "persistence": {"storageClass": "fast"},
}
CASES: dict[str, dict[str, Any]] = {
    "embedded": {},
    "claim": {
        "persistence": {"existingClaim": "old-data"},
        "secret": {"existing": ["one", "two"]},
        "service": {"type": "LoadBalancer", "annotations": {"x": "y"}},
    },
    "storage": {"persistence": {"storageClass": "fast", "annotations": {"a": "b"}}},
    "scale": SCALE,
    "operator": {"mode": "scale", "blobs": "gs://b", "secret": {"existing": ["pg"]}},
    "all": ALL,
    "no-catalog": {"mode": "scale", "blobs": "s3://b"},
    "no-blobs": {"mode": "scale", "secret": {"catalog": DSN}},
    "scaled-alone": {"autoscaling": {"enabled": True}},
    "two-drains": {"settings": {"server": {"drain_seconds": 5}}},
    "no-mode": {"mode": "cluster"},
}
REFUSED = {
    "no-catalog": "mode scale needs the catalog's URL",
    "no-blobs": "mode scale needs blobs",
    "scaled-alone": "autoscaling needs mode: scale",
    "two-drains": "set drainSeconds",
    "no-mode": "mode",
}
RENDERED = sorted(set(CASES) - set(REFUSED))
Objects = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def said(toolbox: Toolbox, workspace: Workspace) -> Any:
    """What Helm makes of all cases."""
    python = toolbox.helm / "bin" / "python"
    if not python.exists():
        absent("helm is not here: run tools/clients.sh install --newest")
    home = workspace.directory("chart")
    request = home / "request.json"
    given = {"chart": str(CHART), "kubernetes": KUBERNETES, "cases": CASES}
    request.write_text(json.dumps(given))
    return json.loads(run([python, PROGRAM, request], env=base_environment(home)).stdout)


def objects(said: Any, case: str) -> Objects:
    """Its objects by their kinds."""
    return {one["kind"]: one for one in said["cases"][case]["objects"]}


def pod(said: Any, case: str) -> dict[str, Any]:
    found = objects(said, case)
    made: dict[str, Any] = (found.get("Deployment") or found["StatefulSet"])["spec"]["template"]
    return made


def environment(said: Any, case: str) -> dict[str, str]:
    """The variables of the container, those of the chart's own Secret too."""
    (container,) = pod(said, case)["spec"]["containers"]
    names = [entry["name"] for entry in container["env"]]
    assert len(names) == len(set(names))
    given = {entry["name"]: entry["value"] for entry in container["env"]}
    secret = objects(said, case).get("Secret", {"stringData": {}})
    return {**secret["stringData"], **given}


@pytest.mark.parametrize("case", RENDERED)
def test_lint_has_nothing_to_say(said: Any, case: str) -> None:
    found = said["lint"][case]
    assert not found["errors"]
    assert [one["error"] for one in found["messages"]] == ["icon is recommended"]


@pytest.mark.parametrize("case", RENDERED)
def test_kubernetes_takes_the_objects(said: Any, case: str) -> None:
    assert "refused" not in said["cases"][case], said["cases"][case]
    # It is of the operator of Prometheus, which Kubernetes does not know of.
    unknown = "no schema of monitoring.coreos.com/v1 ServiceMonitor"
    assert [one for one in said["cases"][case]["invalid"] if unknown not in one] == []


@pytest.mark.parametrize("case", RENDERED)
def test_each_variable_is_a_setting(said: Any, case: str) -> None:
    given = environment(said, case)
    settings = settings_of(given)
    assert settings.server.drain_seconds in (30, 120)
    password = given.get("ENTREPOT_ADMIN_PASSWORD")
    if "existing" in CASES[case].get("secret", {}):
        assert password is None
    else:
        assert password is not None
        assert len(password) == 24
    # Made anew by each rendering, it would open nothing that was sealed before.
    assert "ENTREPOT_MASTER_KEYS" not in given


@pytest.mark.parametrize("case, why", sorted(REFUSED.items()))
def test_what_cannot_work_is_refused(said: Any, case: str, why: str) -> None:
    assert why in said["cases"][case]["refused"]


@pytest.mark.parametrize("case", RENDERED)
def test_pods_are_restricted(said: Any, case: str) -> None:
    spec = pod(said, case)["spec"]
    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["securityContext"]["runAsUser"] == 10001
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = spec["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not spec["automountServiceAccountToken"]
    assert not spec["enableServiceLinks"]
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    claims = objects(said, case).get("StatefulSet", {}).get("spec", {})
    made = {volume["metadata"]["name"] for volume in claims.get("volumeClaimTemplates", [])}
    assert mounted == {volume["name"] for volume in spec["volumes"]} | made


@pytest.mark.parametrize("case", RENDERED)
def test_a_pod_has_time_to_drain(said: Any, case: str) -> None:
    spec = pod(said, case)["spec"]
    (container,) = spec["containers"]
    drain = settings_of(environment(said, case)).server.drain_seconds
    waits = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert spec["terminationGracePeriodSeconds"] >= waits + drain + 10


def test_selectors_find_the_pods(said: Any) -> None:
    found = objects(said, "all")
    labels = pod(said, "all")["metadata"]["labels"]
    selectors = [
        found["Service"]["spec"]["selector"],
        found["Deployment"]["spec"]["selector"]["matchLabels"],
        found["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        found["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
    ]
    assert all(labels.items() >= selector.items() for selector in selectors)
    monitored = found["ServiceMonitor"]["spec"]["selector"]["matchLabels"]
    assert found["Service"]["metadata"]["labels"].items() >= monitored.items()
    (port,) = found["Service"]["spec"]["ports"]
    assert found["ServiceMonitor"]["spec"]["endpoints"][0]["port"] == port["name"] == "https"
    paths = found["Ingress"]["spec"]["rules"][0]["http"]["paths"]
    assert {path["backend"]["service"]["port"]["name"] for path in paths} == {"https"}
    assert (
        found["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]["name"]
        == (found["Deployment"]["metadata"]["name"])
    )
    assert (
        pod(said, "all")["spec"]["serviceAccountName"]
        == (found["ServiceAccount"]["metadata"]["name"])
    )


def test_what_is_set_arrives(said: Any) -> None:
    settings = settings_of(environment(said, "all"))
    assert settings.storage.catalog == DSN
    assert settings.storage.blobs == "s3://images/prod"
    assert not settings.storage.delete
    assert settings.auth.anonymous_pull == ("library/*", "base/*")
    assert settings.uploads.size_max_bytes == 1 << 40
    assert settings.quota.warn_share == 0.9
    assert settings.server.public_url == "https://registry.example.com"
    assert settings.server.trusted_proxies == ("10.1.0.0/16",)
    assert settings.server.tls == "files"
    assert "replicas" not in objects(said, "all")["Deployment"]["spec"]
    (container,) = pod(said, "all")["spec"]["containers"]
    assert container["image"] == f"reg.example.com/entrepot@sha256:{'a' * 64}"
    assert container["readinessProbe"]["httpGet"]["scheme"] == "HTTPS"


def test_one_pod_alone_and_many_alike(said: Any) -> None:
    alone = objects(said, "embedded")
    assert alone["StatefulSet"]["spec"]["replicas"] == 1
    assert not {"Deployment", "PodDisruptionBudget"} & set(alone)
    assert settings_of(environment(said, "embedded")).storage.catalog == ""
    many = objects(said, "scale")
    assert many["Deployment"]["spec"]["replicas"] == 3
    assert many["Deployment"]["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert many["PodDisruptionBudget"]["spec"]["maxUnavailable"] == 1
    assert "StatefulSet" not in many


def test_the_chart_is_of_this_version(said: Any) -> None:
    assert said["metadata"]["appVersion"] == said["metadata"]["version"] == __version__
    assert f":{__version__}" in json.dumps(pod(said, "embedded"))
    assert said["cases"]["embedded"]["notes"].startswith(f"Entrepot {__version__} (embedded).")


def test_names_in_comments_are_settings() -> None:
    text = (CHART / "values.yaml").read_text()
    named = set(re.findall(r"ENTREPOT_[A-Z_]+", text))
    assert named
    assert named <= variables()
