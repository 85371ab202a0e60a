"""Tags as JSON text."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from entrepot.faces.manage.harbor.answers import EPOCH, moment
from entrepot.faces.manage.harbor.artifactshapes import Tag
from entrepot.faces.manage.harbor.tagtexts import NUMBERS, TagTexts
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag as TagName
from entrepot.ports.listing import ArtifactItem

NAMES = st.lists(st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", fullmatch=True), min_size=1)


def item(pulled_at: float | None = None) -> ArtifactItem:
    name, digest = RepositoryName("team/app"), Digest.of(b"")
    return ArtifactItem(7, name, digest, "m", "a", "{}", 1.0, pulled_at, 0, 1, 1, ())


def read(text: str) -> list[Tag]:
    return msgspec.json.decode(f"[{text}]", type=list[Tag], strict=True)


@given(NAMES, st.floats(0, 2e9), st.none() | st.floats(0, 2e9), st.data())
def test_it_is_the_json_of_tags(
    names: list[str], at: float, pulled_at: float | None, data: st.DataObject
) -> None:
    stay = frozenset(map(TagName, data.draw(st.sets(st.sampled_from(names)))))
    found = read(TagTexts(3, stay).of(item(pulled_at), at, names))
    times = (moment(at), EPOCH if pulled_at is None else moment(pulled_at))
    assert [(one.name, one.immutable) for one in found] == [(name, name in stay) for name in names]
    assert {(one.artifact_id, one.repository_id) for one in found} == {(7, 3)}
    assert {(one.push_time, one.pull_time) for one in found} == {times}
    assert {one.id for one in read(TagTexts(3).of(item(), at, names))} == {one.id for one in found}


def test_numbers_tell_tags_apart_and_are_exact_in_javascript() -> None:
    names = [f"{word}{n}" for word in ("v", "1.0.", "sha-", "x" * 128) for n in range(5000)]
    numbers = [
        one.id for here in (1, 2, 10**9) for one in read(TagTexts(here).of(item(), 0.0, names))
    ]
    assert len({*numbers}) == 3 * len(names)
    assert 0 < min(numbers) < max(numbers) < NUMBERS < 1 << 53
