import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.rules.retention.pieces import Cursor, statements


def test_columns_and_ends() -> None:
    first, second = statements('keep n:5; tag !~ "a;b" # c', 1)
    assert [(piece.text, piece.column) for piece in first] == [
        ("keep", 1),
        ("n", 6),
        (":", 7),
        ("5", 8),
        ("", 9),
    ]
    assert [piece.text for piece in second] == ["tag", "!~", '"a;b"', ""]
    assert second[-1].kind == "end"
    assert statements("  # nothing", 1) == []


def test_the_end_is_never_passed() -> None:
    cursor = Cursor(statements("keep", 4)[0], 4)
    assert cursor.took("keep")
    assert cursor.at_end
    assert not cursor.took("keep")
    with pytest.raises(Fault, match="line 4, column 5: found the end of the rule") as caught:
        cursor.need("all")
    assert caught.value.code is Code.REQUEST_INVALID


def test_quoted_text_is_no_word() -> None:
    cursor = Cursor(statements('"keep"', 1)[0], 1)
    assert not cursor.took("keep")
    assert cursor.quoted("a text") == "keep"
