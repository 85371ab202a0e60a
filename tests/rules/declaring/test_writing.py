"""The state as a document, and back."""

from entrepot.rules.declaring.difference import difference
from entrepot.rules.declaring.document import read_document
from entrepot.rules.declaring.items import Fields, Item, Kind, Member, member_item, wanted_of
from entrepot.rules.declaring.writing import document_of
from entrepot.rules.subjects import SubjectKind

TEXT = "keep n: 5\n\n# why\nkeep 30d"


def state() -> dict[Item, Fields]:
    kinds = SubjectKind
    members = [
        member_item("shop", Member(kinds.USER, "alice", "projectAdmin", "shop"), ()),
        member_item("shop", Member(kinds.GROUP, "devs", "", "shop/web/**"), ["repository.pull"]),
        member_item("shop", Member(kinds.EVERYONE, "", "guest", "shop"), ()),
    ]
    policy = Kind.POLICY
    return {
        Item(Kind.ROLE, "", "ops"): {"permissions": ["job.read"], "description": "all jobs"},
        Item(Kind.GROUP, "", "devs"): {"members": ["alice"], "description": ""},
        Item(Kind.LABEL, "", "fast"): {"color": "#ffffff", "description": ""},
        Item(Kind.LABEL, "shop", "slow"): {"color": "#000000", "description": "s"},
        Item(Kind.PROJECT, "", "bare"): {"public": True, "networks": [], "storage_limit": None},
        Item(Kind.PROJECT, "", "shop"): {"public": False, "networks": [], "storage_limit": 5},
        Item(policy, "shop", "retention"): {"document": {"text": TEXT}},
        Item(policy, "shop", "immutability"): {"document": [{"tags": "v*"}]},
        Item(policy, "shop", "environment"): {"document": {"environment": "production"}},
        Item(policy, "bare", "retention"): {"document": {"text": TEXT, "schedule": "0 1 * * *"}},
        **dict(members),
    }


def test_what_was_written_says_what_there_is() -> None:
    present = state()
    document = document_of(present)
    wanted = wanted_of(read_document(document))
    assert difference(present, wanted, prune=True) == []
    projects = {name: fields for (kind, _, name), fields in present.items() if kind == "project"}
    assert [one["name"] for one in document["projects"]] == sorted(projects)


def test_it_is_short_where_it_can_be() -> None:
    document = document_of(state())
    shop = document["projects"][1]
    assert shop["retention"] == TEXT.split("\n")
    assert shop["members"][0] == {"everyone": True, "role": "guest"}
    assert shop["environment"] == "production"
    assert document["groups"] == [{"name": "devs", "members": ["alice"]}]
