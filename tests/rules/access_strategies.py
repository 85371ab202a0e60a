"""Identities, repositories and policies to draw from."""

from hypothesis import strategies as st

from entrepot.oci.name import RepositoryName
from entrepot.rules.access import Action, Grant, Identity, Policy
from entrepot.rules.roles import Role

CLOSED = Policy()
OPEN = Policy(open=True)
OF_REPOSITORY = (Action.PULL, Action.PUSH, Action.DELETE)
RANKS = tuple(reversed(Role))
"""The roles from the one that may least."""

NAMES = st.sampled_from(
    ("library/app", "library/my/app", "acme/app", "acme/api/web", "acme-2/app", "lib/app")
).map(RepositoryName)
WORDS = st.sampled_from(("pull", "push", "delete", "*", "catalog", "manage", "scanner-pull"))
GRANTS = st.lists(st.builds(Grant, NAMES, st.frozensets(WORDS)), max_size=4).map(tuple)
IDENTITIES = st.one_of(
    st.builds(Identity, grants=st.none() | GRANTS, may_list=st.booleans()),
    st.builds(
        Identity,
        name=st.just("alice"),
        role=st.sampled_from(Role),
        grants=st.none() | GRANTS,
        may_list=st.booleans(),
    ),
)
PATTERNS = st.sampled_from(
    ("*", "acme/*", "acme/", "acme/app", "app", "library/app", "library/*", "my*", "a*", "lib*", "")
)
POLICIES = st.builds(
    Policy, open=st.booleans(), anonymous_pull=st.lists(PATTERNS, max_size=2).map(tuple)
)
QUESTIONS = st.one_of(
    st.tuples(st.sampled_from(OF_REPOSITORY), NAMES),
    st.tuples(st.sampled_from((Action.CATALOG, Action.MANAGE)), st.none()),
)
