import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from entrepot.oci.errors import Code
from entrepot.oci.name import DEFAULT_PROJECT, NAME_LENGTH_MAX, RepositoryName
from tests.oci.faults import code_of, fault_of, value_of

COMPONENTS = st.from_regex(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+){0,3}", fullmatch=True)
NAMES = st.lists(COMPONENTS, min_size=1, max_size=6).map("/".join)


@given(NAMES)
def test_a_name_of_the_grammar(text: str) -> None:
    assume(len(text) <= NAME_LENGTH_MAX - len("library/"))
    name = RepositoryName.parse(text)
    assert str(name) == (text if "/" in text else f"library/{text}")
    assert name.project == (text.split("/", maxsplit=1)[0] if "/" in text else "library")


@given(st.one_of(st.text(), NAMES, st.text(alphabet="ab/._-A", max_size=20)))
def test_a_name_reads_back_the_same(text: str) -> None:
    """Both by its full name and by the name on the wire; nothing but a fault is raised."""
    name = value_of(lambda: RepositoryName.parse(text))
    if name is None:
        return
    assert "/" in name
    assert len(name) <= NAME_LENGTH_MAX
    for form in (str(name), name.wire):
        again = RepositoryName.parse(form)
        assert again == name
        assert again.wire == name.wire


@given(COMPONENTS)
def test_the_library_rule(component: str) -> None:
    """`myapp` and `library/myapp` are one repository, shown as `myapp`."""
    assume(len(component) < 200)
    short = RepositoryName.parse(component)
    long = RepositoryName.parse(f"{DEFAULT_PROJECT}/{component}")
    assert short == long
    assert hash(short) == hash(long)
    assert short.project == DEFAULT_PROJECT
    assert short.wire == component


@pytest.mark.parametrize(
    "text, full, project, wire",
    [
        ("library", "library/library", "library", "library"),
        ("library/library", "library/library", "library", "library"),
        ("library/a/b", "library/a/b", "library", "library/a/b"),
        ("acme/api/web", "acme/api/web", "acme", "acme/api/web"),
        ("a/manifests/b", "a/manifests/b", "a", "a/manifests/b"),
        ("blobs", "library/blobs", "library", "blobs"),
        ("a--b__c.d_e", "library/a--b__c.d_e", "library", "a--b__c.d_e"),
    ],
)
def test_examples(text: str, full: str, project: str, wire: str) -> None:
    name = RepositoryName.parse(text)
    assert (str(name), name.project, name.wire) == (full, project, wire)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "a/",
        "/a",
        "a//b",
        "A",
        "a b",
        "a\n",
        ".a",
        "a.",
        "a..b",
        "a___b",
        "a._b",
        "-a",
        "a-",
        "a:b",
        "a@b",
        "é",
        "..",
        "../a",
        "a/../b",
        "a%2fb",
    ],
)
def test_what_is_no_name(text: str) -> None:
    fault = fault_of(lambda: RepositoryName.parse(text))
    assert fault is not None
    assert fault.code is Code.NAME_INVALID
    assert "lower-case" in fault.message
    assert fault.detail == {"name": text}


def test_the_longest_name() -> None:
    long = "a/" + "b" * (NAME_LENGTH_MAX - 2)
    assert RepositoryName.parse(long) == long
    assert code_of(lambda: RepositoryName.parse(long + "b")) is Code.NAME_INVALID
    # A short name is as long as its full one.
    short = "b" * (NAME_LENGTH_MAX - len("library/"))
    assert RepositoryName.parse(short).wire == short
    assert code_of(lambda: RepositoryName.parse(short + "b")) is Code.NAME_INVALID


@pytest.mark.parametrize("text", ["a" * 10_000_000, "a-" * 127, "a" * 254 + "!", "a/" * 127 + "!"])
def test_no_text_takes_long(text: str) -> None:
    start = time.process_time()
    fault = fault_of(lambda: RepositoryName.parse(text))
    assert fault is not None
    assert time.process_time() - start < 0.1
    assert len(fault.message) + len(str(fault.detail)) < 1000
