"""Steps from what there is to what is wanted."""

from hypothesis import given
from hypothesis import strategies as st

from entrepot.rules.declaring.difference import Step, Verb, difference
from entrepot.rules.declaring.items import Fields, Item, Kind, Wanted

NAMES = st.sampled_from(["a", "b", "c"])
ITEMS = st.builds(Item, st.sampled_from(Kind), st.sampled_from(["", "a"]), NAMES)
FIELDS = st.dictionaries(st.sampled_from(["x", "y"]), st.integers(0, 2))
STATES = st.dictionaries(ITEMS, FIELDS, max_size=8)


def whole(items: dict[Item, Fields]) -> Wanted:
    kinds = {(kind, project) for kind in Kind for project in ("", "a")}
    return Wanted(items, {}, frozenset(kinds))


def done(present: dict[Item, Fields], steps: list[Step]) -> dict[Item, Fields]:
    """Do steps, as services would."""
    found = {item: dict(fields) for item, fields in present.items()}
    for step in steps:
        if step.verb is Verb.REMOVE:
            del found[step.item]
        elif step.verb is Verb.ADD:
            assert step.item not in found
            found[step.item] = step.fields
        else:
            found[step.item] |= step.fields
    return {**found}


@given(STATES, STATES, st.booleans())
def test_after_the_steps_there_is_nothing_to_do(
    present: dict[Item, Fields], items: dict[Item, Fields], prune: bool
) -> None:
    wanted = whole(items)
    after = done(present, difference(present, wanted, prune=prune))
    assert difference(after, wanted, prune=prune) == []
    assert all(after[item][name] == value for item in items for name, value in items[item].items())


@given(STATES, STATES)
def test_without_prune_nothing_goes(present: dict[Item, Fields], items: dict[Item, Fields]) -> None:
    steps = difference(present, whole(items), prune=False)
    assert all(step.verb is not Verb.REMOVE for step in steps)
    assert {step.item for step in steps} <= set(items)


@given(STATES, STATES)
def test_only_what_the_document_covers_is_pruned(
    present: dict[Item, Fields], items: dict[Item, Fields]
) -> None:
    steps = difference(present, Wanted(items), prune=True)
    gone = {step.item for step in steps if step.verb is Verb.REMOVE}
    named = {item.name for item in items if item.kind is Kind.PROJECT}
    assert all(item.kind is Kind.POLICY and item.project in named for item in gone)


def test_what_others_need_is_made_first_and_goes_last() -> None:
    project, member = Item(Kind.PROJECT, "", "a"), Item(Kind.MEMBER, "a", "m")
    role = Item(Kind.ROLE, "", "r")
    state: dict[Item, Fields] = {member: {}, project: {}, role: {}}
    made = difference({}, whole(state), prune=False)
    assert [step.item for step in made] == [role, project, member]
    gone = difference(state, whole({}), prune=True)
    assert [step.item for step in gone] == [member, project, role]
