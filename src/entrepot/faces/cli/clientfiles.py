"""What each client needs to use a registry: files, and what else is to be done."""

import base64
import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .messages import _

DOCKER_HUB = "docker.io"
_HUB_SERVER = "https://registry-1.docker.io"
_LOOPBACK = ("localhost", "127.", "[::1]")


@dataclass(frozen=True, slots=True)
class Registry:
    """The registry as clients reach it. `ca` is PEM text, empty where it is trusted anyway."""

    url: str
    ca: str = ""
    username: str = ""
    password: str = ""
    mirror_of: str = ""
    """A registry whose images are asked for here first, as `docker.io`."""
    secret_name: str = "entrepot"  # noqa: S105 - a name
    namespace: str = "default"

    @property
    def host(self) -> str:
        """Host and port, as image names begin."""
        return urlsplit(self.url).netloc

    @property
    def is_plain(self) -> bool:
        """Whether it is served without TLS."""
        return urlsplit(self.url).scheme == "http"

    @property
    def is_loopback(self) -> bool:
        """Whether docker takes it for one of this machine, which may do without TLS."""
        return self.host.startswith(_LOOPBACK)


@dataclass(frozen=True, slots=True)
class File:
    """A file below the root; with `merged`, keys of a JSON file that others may have keys in."""

    path: str
    text: str
    merged: Mapping[str, Any] | None = None
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class Setup:
    """Files, then what to run, and what to know."""

    files: tuple[File, ...] = ()
    commands: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def docker(registry: Registry) -> Setup:
    """Return what dockerd needs (docs.docker.com: certificates, registry mirrors)."""
    files = []
    daemon: dict[str, Any] = {}
    if registry.ca:
        files.append(File(f"etc/docker/certs.d/{registry.host}/ca.crt", registry.ca))
    if registry.is_plain and not registry.is_loopback:
        daemon["insecure-registries"] = [registry.host]
    if registry.mirror_of == DOCKER_HUB:
        daemon["registry-mirrors"] = [registry.url]
    notes = []
    if registry.mirror_of not in ("", DOCKER_HUB):
        notes.append(NO_MIRRORS.format(hub=DOCKER_HUB))
    if daemon:
        text = json.dumps(daemon, indent=2) + "\n"
        files.append(File("etc/docker/daemon.json", text, daemon))
        notes.append(RELOAD)
    login = f"docker login {_who(registry)}{registry.host}"
    return Setup(tuple(files), (login,), tuple(notes))


def podman(registry: Registry) -> Setup:
    """Return what podman, buildah and skopeo need (containers-registries.conf.d(5))."""
    lines = ["[[registry]]", f'location = "{registry.host}"']
    if registry.is_plain:
        lines.append("insecure = true")
    if registry.mirror_of:
        lines += ["", "[[registry]]", f'location = "{registry.mirror_of}"', ""]
        lines += ["[[registry.mirror]]", f'location = "{registry.host}"']
        if registry.is_plain:
            lines.append("insecure = true")
    files = [File("etc/containers/registries.conf.d/50-entrepot.conf", "\n".join(lines) + "\n")]
    if registry.ca:
        files.append(File(f"etc/containers/certs.d/{registry.host}/ca.crt", registry.ca))
    return Setup(tuple(files), (f"podman login {_who(registry)}{registry.host}",))


# What people read, in one place.
CONFIG_PATH = _(
    "config.toml must name the directory: containerd 2: [plugins.'io.containerd.cri.v1.images'"
    ".registry] config_path = '/etc/containerd/certs.d'; containerd 1: "
    '[plugins."io.containerd.grpc.v1.cri".registry] config_path = "/etc/containerd/certs.d"'
)
ROBOT = _(
    "make a robot for it: entrepot robot create --help; its name and secret are the two secrets of "
    "the workflow"
)
MASKED = _(
    "REGISTRY_USERNAME and REGISTRY_PASSWORD are variables of the project, masked; a robot's name "
    "has a $ in it: switch 'expand variable reference' off"
)
NO_MIRRORS = _("docker has mirrors of {hub} alone: name the registry in image names")
RELOAD = _("daemon.json is read anew by: systemctl reload docker")
NO_RESTART = _(
    "hosts.toml is read at each pull: nothing has to be restarted once config_path is set"
)
HOLDS_PASSWORD = _("{path} holds the password: give it to nobody")
REST_FOR_NODES = _("the rest is for each node")
FOR_NODES = _("the files are for each node")
GITHUB_TOKEN = _("without any stored secret: trust the workflow's own token, see docs/workloads.md")
GITLAB_TOKEN = _("without any stored secret: trust the job's own token, see docs/workloads.md")
JENKINS_CREDENTIAL = _("'entrepot' is a credential of Jenkins: a robot's name and secret")


def containerd(registry: Registry) -> Setup:
    """Return what containerd needs (docs/hosts.md of containerd)."""
    home = f"etc/containerd/certs.d/{registry.host}"
    files = [File(f"{home}/hosts.toml", _hosts(registry, registry.url, "ca.crt"))]
    if registry.ca:
        files.append(File(f"{home}/ca.crt", registry.ca))
    if registry.mirror_of:
        server = (
            _HUB_SERVER if registry.mirror_of == DOCKER_HUB else f"https://{registry.mirror_of}"
        )
        mirror = f"etc/containerd/certs.d/{registry.mirror_of}/hosts.toml"
        files.append(
            File(mirror, _hosts(registry, server, f"../{registry.host}/ca.crt", mirror=True))
        )
    notes = (
        CONFIG_PATH,
        NO_RESTART,
    )
    return Setup(tuple(files), (), notes)


def kubernetes(registry: Registry) -> Setup:
    """Return a pull secret, and what the nodes need (kubernetes.io: private registries)."""
    nodes = containerd(registry)
    name, namespace = registry.secret_name, registry.namespace
    use = (
        f"kubectl -n {namespace} patch serviceaccount default -p "
        f'\'{{"imagePullSecrets": [{{"name": "{name}"}}]}}\''
    )
    if registry.password:
        made = File(f"{name}-secret.yaml", _secret(registry), mode=0o600)
        apply = f"kubectl apply -f {made.path}"
        notes = (HOLDS_PASSWORD.format(path=made.path), REST_FOR_NODES)
        return Setup((made, *nodes.files), (apply, use), (*notes, *nodes.notes))
    create = (
        f"kubectl -n {namespace} create secret docker-registry {name} --docker-server="
        f"{registry.host} --docker-username={shlex.quote(registry.username or 'robot$NAME')} "
        "--docker-password=SECRET"
    )
    return Setup(nodes.files, (create, use), (FOR_NODES, *nodes.notes))


def github(registry: Registry) -> Setup:
    """Return steps of a GitHub workflow, with a stored secret."""
    user = "${{ secrets.REGISTRY_USERNAME }}"
    return Setup(
        files=(
            File(
                ".github/workflows/image.yml",
                _lines(
                    "on: push",
                    "jobs:",
                    "  image:",
                    "    runs-on: ubuntu-latest",
                    "    steps:",
                    "      - uses: actions/checkout@v4",
                    "      - uses: docker/login-action@v3",
                    "        with:",
                    f"          registry: {registry.host}",
                    f"          username: {user}",
                    "          password: ${{ secrets.REGISTRY_PASSWORD }}",
                    "      - uses: docker/build-push-action@v6",
                    "        with:",
                    "          push: true",
                    f"          tags: {registry.host}/PROJECT/IMAGE:${{{{ github.sha }}}}",
                ),
            ),
        ),
        notes=(
            ROBOT,
            GITHUB_TOKEN,
        ),
    )


def gitlab(registry: Registry) -> Setup:
    """Return a job of GitLab CI."""
    return Setup(
        files=(
            File(
                ".gitlab-ci.yml",
                _lines(
                    "image:",
                    "  stage: build",
                    "  image: docker:28",
                    "  services: [docker:28-dind]",
                    "  script:",
                    '    - echo "$REGISTRY_PASSWORD" | docker login -u "$REGISTRY_USERNAME" '
                    f"--password-stdin {registry.host}",
                    f"    - docker build -t {registry.host}/PROJECT/IMAGE:$CI_COMMIT_SHA .",
                    f"    - docker push {registry.host}/PROJECT/IMAGE:$CI_COMMIT_SHA",
                ),
            ),
        ),
        notes=(
            MASKED,
            GITLAB_TOKEN,
        ),
    )


def jenkins(registry: Registry) -> Setup:
    """Return a Jenkinsfile, for the Docker Pipeline plugin."""
    return Setup(
        files=(
            File(
                "Jenkinsfile",
                _lines(
                    "node {",
                    "    checkout scm",
                    f"    docker.withRegistry('{registry.url}', 'entrepot') {{",
                    '        docker.build("PROJECT/IMAGE:${env.BUILD_TAG}").push()',
                    "    }",
                    "}",
                ),
            ),
        ),
        notes=(JENKINS_CREDENTIAL,),
    )


CLIENTS: Mapping[str, Callable[[Registry], Setup]] = {
    "docker": docker,
    "podman": podman,
    "containerd": containerd,
    "kubernetes": kubernetes,
}
PIPELINES: Mapping[str, Callable[[Registry], Setup]] = {
    "github": github,
    "gitlab": gitlab,
    "jenkins": jenkins,
}


def _hosts(registry: Registry, server: str, ca: str, *, mirror: bool = False) -> str:
    """Return a hosts.toml; `ca` is a path from its directory."""
    able = '["pull", "resolve"]' if mirror else '["pull", "resolve", "push"]'
    lines = [f'server = "{server}"', "", f'[host."{registry.url}"]', f"  capabilities = {able}"]
    if registry.ca:
        lines.append(f'  ca = "{ca}"')
    return "\n".join(lines) + "\n"


def _secret(registry: Registry) -> str:
    pair = base64.b64encode(f"{registry.username}:{registry.password}".encode()).decode()
    entry = {"username": registry.username, "password": registry.password, "auth": pair}
    config = json.dumps({"auths": {registry.host: entry}})
    return _lines(
        "apiVersion: v1",
        "kind: Secret",
        "type: kubernetes.io/dockerconfigjson",
        "metadata:",
        f"  name: {registry.secret_name}",
        f"  namespace: {registry.namespace}",
        "data:",
        f"  .dockerconfigjson: {base64.b64encode(config.encode()).decode()}",
    )


def _who(registry: Registry) -> str:
    return f"--username {shlex.quote(registry.username)} " if registry.username else ""


def _lines(*lines: str) -> str:
    return "\n".join(lines) + "\n"
