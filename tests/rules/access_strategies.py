"""Identities, repositories, facts and policies to draw from."""

from hypothesis import strategies as st

from entrepot.oci.name import RepositoryName
from entrepot.rules.access import Facts, Grant, Identity, Kind, Policy, TokenGrant
from entrepot.rules.areas import REGISTRY, Target
from entrepot.rules.networks import EVERYWHERE, Networks
from entrepot.rules.permissions import Permission
from entrepot.rules.roles import Role

CLOSED = Policy()
OPEN = Policy(open=True)
OF_REPOSITORY = (Permission.PULL, Permission.PUSH, Permission.DELETE)
RANKS = (Role.GUEST, Role.DEVELOPER, Role.MAINTAINER, Role.ADMIN)
"""The roles, each of which may do all that those before it may."""

NAMES = st.sampled_from(
    ("library/app", "library/my/app", "acme/app", "acme/api/web", "acme-2/app", "lib/app")
).map(RepositoryName)
PROJECTS = ("library", "acme", "acme-2", "lib")
WORDS = st.sampled_from(("pull", "push", "delete", "*", "catalog", "manage", "scanner-pull"))
TOKEN_GRANTS = st.lists(st.builds(TokenGrant, NAMES, st.frozensets(WORDS)), max_size=4).map(tuple)
AREAS = st.sampled_from(
    (
        "*",
        "acme",
        "library",
        "acme/app",
        "acme/*",
        "acme/**",
        "acme/api/**",
        "acme/{app,api/web}",
        "acme-2",
        "library/my/**",
        "lib/app",
    )
)
PERMISSIONS = st.sampled_from(Permission)
GRANTS = st.builds(Grant, AREAS, st.frozensets(PERMISSIONS, max_size=6), st.just("a grant"))
MANY_GRANTS = st.lists(GRANTS, max_size=4).map(tuple)
NETWORKS = st.sampled_from((EVERYWHERE, Networks.parse(["10.0.0.0/8"]), Networks.parse(["::1"])))
ADDRESSES = st.sampled_from(("", "10.1.2.3", "192.0.2.1", "::1"))
IDENTITIES = st.one_of(
    st.builds(Identity, grants=st.none() | TOKEN_GRANTS, may_list=st.booleans(), address=ADDRESSES),
    st.builds(
        Identity,
        name=st.just("alice"),
        role=st.none() | st.sampled_from(Role),
        grants=st.none() | TOKEN_GRANTS,
        may_list=st.booleans(),
        kind=st.sampled_from((Kind.USER, Kind.ROBOT, Kind.WORKLOAD)),
        limits=st.none() | MANY_GRANTS,
        address=ADDRESSES,
    ),
)
FACTS = st.builds(
    Facts,
    exists=st.booleans(),
    public=st.booleans(),
    networks=NETWORKS,
    grants=MANY_GRANTS,
)
PATTERNS = st.sampled_from(
    ("*", "acme/*", "acme/", "acme/app", "app", "library/app", "library/*", "my*", "a*", "lib*", "")
)
POLICIES = st.builds(
    Policy,
    open=st.booleans(),
    anonymous_pull=st.lists(PATTERNS, max_size=2).map(tuple),
    networks=NETWORKS,
    auto_create=st.booleans(),
)
TARGETS = st.one_of(NAMES.map(Target.of), st.sampled_from(PROJECTS).map(Target), st.just(REGISTRY))
QUESTIONS = st.tuples(PERMISSIONS, TARGETS)
