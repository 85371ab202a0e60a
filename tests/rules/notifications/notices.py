"""Notices for the tests, and strategies of them."""

from hypothesis import strategies as st

from entrepot.rules.notifications import kinds
from entrepot.rules.notifications.notice import Notice
from entrepot.rules.notifications.site import Addressee, Site

DIGEST = "sha256:" + "a" * 64
SITE = Site("https://registry.example.com", "entrepot")
TO = Addressee(7, "library")
PUSHED = Notice(
    42,
    kinds.PUBLISHED,
    1_755_860_400.25,
    project="library",
    repository="library/app",
    actor="alice",
    client="docker/28",
    digest=DIGEST,
    media_type="application/vnd.oci.image.manifest.v1+json",
    size=418,
    tags=("1.2",),
)

_text = st.text(max_size=40)
any_notice = st.builds(
    Notice,
    sequence=st.integers(0, 2**53),
    kind=st.sampled_from([*kinds.KINDS, kinds.TEST, "something.new"]),
    at=st.floats(0, 4e9),
    project=st.sampled_from(["", "library", "acme"]),
    repository=st.sampled_from(["", "library/app", "acme/web/shop"]),
    actor=_text,
    client=_text,
    digest=st.sampled_from(["", DIGEST]),
    media_type=_text,
    size=st.integers(0, 2**40),
    tags=st.lists(_text, max_size=5).map(tuple),
    public=st.booleans(),
    facts=st.dictionaries(
        st.sampled_from(["text", "reason", "deleted", "kept", "count", "x"]),
        st.none() | st.integers(0, 10**9) | _text,
    ),
)
