"""What labels may look like."""

import pytest

from entrepot.oci.errors import Code
from entrepot.rules.labels import DESCRIPTION_MAX, NAME_MAX, LabelText, check_label


@pytest.mark.parametrize(
    "text",
    [
        LabelText("a"),
        LabelText("x" * NAME_MAX, "two\nlines" + "y" * (DESCRIPTION_MAX - 9), "#00aaFF"),
        LabelText("发布 / ready", "", "#000000"),
    ],
)
def test_what_a_label_may_be(text: LabelText) -> None:
    assert check_label(text) is None


@pytest.mark.parametrize(
    "text, told",
    [
        (LabelText(""), "name"),
        (LabelText("x" * (NAME_MAX + 1)), "128"),
        (LabelText(" a"), "blanks"),
        (LabelText("a\nb"), "seen"),
        (LabelText("a", "x" * (DESCRIPTION_MAX + 1)), "description"),
        (LabelText("a", "\x00"), "description"),
        (LabelText("a", color="red"), "#RRGGBB"),
        (LabelText("a", color="#12345"), "#RRGGBB"),
        (LabelText("a", color="#12345g"), "#RRGGBB"),
        (LabelText("a", color="#123456\n"), "#RRGGBB"),
    ],
)
def test_what_it_may_not(text: LabelText, told: str) -> None:
    fault = check_label(text)
    assert fault is not None
    assert fault.code is Code.REQUEST_INVALID
    assert told in fault.message
