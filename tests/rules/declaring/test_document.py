"""What a file may say, and how it is told what is wrong."""

import pytest
from msgspec import UNSET

from entrepot.oci.errors import Code, Fault
from entrepot.rules.declaring.document import read_document


def test_what_is_not_said_is_unset() -> None:
    document = read_document({"projects": [{"name": "shop"}]})
    assert document.roles is UNSET
    assert document.projects is not UNSET
    assert document.projects[0].public is UNSET


def test_an_empty_file_says_nothing() -> None:
    assert read_document(None) == read_document({})


@pytest.mark.parametrize(
    "value, path",
    [
        ([], "$"),
        ({"projekts": []}, "$"),
        ({"projects": [{}]}, "$.projects[0]"),
        ({"projects": [{"name": "a"}, {"name": "b", "public": "yes"}]}, "$.projects[1].public"),
        ({"projects": [{"name": "a", "members": [{"usr": "x"}]}]}, "$.projects[0].members[0]"),
        ({"roles": [{"name": "r", "permissions": [1]}]}, "$.roles[0].permissions[0]"),
    ],
)
def test_an_error_names_its_place(value: object, path: str) -> None:
    with pytest.raises(Fault) as caught:
        read_document(value)
    assert caught.value.code is Code.REQUEST_INVALID
    assert caught.value.detail == {"path": path}
    assert caught.value.message.startswith(f"{path.removeprefix('$.')}: ")
