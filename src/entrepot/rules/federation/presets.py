"""What is known of issuers of workload tokens, and which rules are too wide.

Anybody may get a token of GitHub or of gitlab.com. A rule is thus refused unless one of its
conditions names whose workloads it means by fixed text: all that a wildcard may stand for there
could be registered by a stranger.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .patterns import fixed_start, is_fixed

GITHUB_ISSUER = "https://token.actions.githubusercontent.com"
GITLAB_ISSUER = "https://gitlab.com"
ABOUT_TOKEN = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti"})
"""Claims about the token, not about who bears it: no condition on one narrows a rule."""

Narrows = Callable[[str], bool]


def _owner(pattern: str) -> bool:
    """Whether the first part of a path is fixed: `acme/*`, and not `acme*` or `*/web`."""
    owner, slash, _ = fixed_start(pattern).partition("/")
    return bool(owner) and (bool(slash) or is_fixed(pattern))


def _subject(prefix: str) -> Narrows:
    def narrows(pattern: str) -> bool:
        start = fixed_start(pattern)
        return start.startswith(prefix) and "/" in start[len(prefix) + 1 :]

    return narrows


def _namespace(pattern: str) -> bool:
    """Whether a namespace starts fixed; a cluster's own administrators name these."""
    return bool(fixed_start(pattern))


def _service_account(pattern: str) -> bool:
    prefix = "system:serviceaccount:"
    start = fixed_start(pattern)
    return start.startswith(prefix) and len(start) > len(prefix)


@dataclass(frozen=True, slots=True)
class Preset:
    """One kind of issuer. `claims` are those a rule is best made of, each with what it says."""

    kind: str
    title: str
    issuer: str
    """The usual one; empty where everybody has their own."""
    claims: Mapping[str, str]
    narrowing: Mapping[str, Narrows]
    """The claims of which one must be in a condition, with what its patterns must be like."""
    example: Mapping[str, Sequence[str]]

    def narrows(self, conditions: Mapping[str, Sequence[str]]) -> bool:
        """Whether one of the conditions says whose workloads are meant."""
        if not self.narrowing:
            return any(
                name not in ABOUT_TOKEN and all(fixed_start(one) for one in patterns)
                for name, patterns in conditions.items()
            )
        return any(
            all(self.narrowing[name](one) for one in patterns)
            for name, patterns in conditions.items()
            if name in self.narrowing
        )


GITHUB = Preset(
    "github",
    "GitHub Actions",
    GITHUB_ISSUER,
    {
        "repository": "OWNER/NAME of the repository that the workflow runs in",
        "repository_owner": "its owner, a person or an organization",
        "repository_id": "its number, which stays when it is renamed or made anew",
        "repository_owner_id": "its owner's number, which nobody else ever gets",
        "ref": "what it runs for: refs/heads/main, refs/tags/v1.0",
        "ref_type": "branch or tag",
        "ref_protected": "true for a protected branch or tag",
        "environment": "the environment of the job, with its own rules of who may approve",
        "event_name": "push, pull_request, workflow_dispatch and others",
        "job_workflow_ref": "OWNER/NAME/.github/workflows/FILE@REF of the workflow itself",
        "runner_environment": "github-hosted or self-hosted",
        "sub": "repo:OWNER/NAME:ref:REF, or as the repository's settings make it",
    },
    {
        "repository": _owner,
        "repository_owner": is_fixed,
        "repository_id": is_fixed,
        "repository_owner_id": is_fixed,
        "enterprise_id": is_fixed,
        "sub": _subject("repo:"),
    },
    {"repository": ("acme/web",), "ref": ("refs/heads/main",)},
)

GITLAB = Preset(
    "gitlab",
    "GitLab CI",
    GITLAB_ISSUER,
    {
        "project_path": "GROUP/PROJECT that the pipeline runs in, with all groups above it",
        "project_id": "its number, which stays when it is renamed or made anew",
        "namespace_path": "the group or user that it is in",
        "namespace_id": "the number of that",
        "ref": "the branch or tag by its bare name: main, v1.0",
        "ref_type": "branch or tag",
        "ref_path": "what it runs for: refs/heads/main",
        "ref_protected": "true for a protected branch or tag",
        "environment": "the environment of the job",
        "environment_protected": "true where that is protected",
        "pipeline_source": "push, merge_request_event, schedule and others",
        "user_login": "who started it",
        "ci_config_ref_uri": "the file that the pipeline is made of, with its ref",
        "sub": "project_path:GROUP/PROJECT:ref_type:branch:ref:main",
    },
    {
        "project_path": _owner,
        "namespace_path": _owner,
        "project_id": is_fixed,
        "namespace_id": is_fixed,
        "sub": _subject("project_path:"),
    },
    {"project_path": ("acme/web",), "ref_protected": ("true",)},
)

KUBERNETES = Preset(
    "kubernetes",
    "Kubernetes service accounts",
    "",
    {
        "sub": "system:serviceaccount:NAMESPACE:NAME",
        "/kubernetes.io/namespace": "the namespace",
        "/kubernetes.io/serviceaccount/name": "the service account",
        "/kubernetes.io/serviceaccount/uid": "its number, gone for good once it is deleted",
        "/kubernetes.io/pod/name": "the pod that the token was made for",
        "/kubernetes.io/node/name": "the node that it runs on",
    },
    {
        "sub": _service_account,
        "/kubernetes.io/namespace": _namespace,
        "/kubernetes.io/serviceaccount/uid": is_fixed,
    },
    {"sub": ("system:serviceaccount:ci:builder",)},
)

OTHER = Preset(
    "other",
    "any other issuer of OpenID Connect",
    "",
    {"sub": "who it is, in the issuer's own words"},
    {},
    {"sub": ("ci-builder",)},
)

PRESETS: Mapping[str, Preset] = {one.kind: one for one in (GITHUB, GITLAB, KUBERNETES, OTHER)}


def preset_of(kind: str, issuer: str) -> Preset | None:
    """Return the preset of a kind, or None for an unknown one.

    Whatever it is called, the rules of GitHub and gitlab.com hold for their issuers.
    """
    # Enterprises may have an issuer of their own below GitHub's.
    if issuer == GITHUB_ISSUER or issuer.startswith(f"{GITHUB_ISSUER}/"):
        return GITHUB
    if issuer == GITLAB_ISSUER:
        return GITLAB
    return PRESETS.get(kind)
