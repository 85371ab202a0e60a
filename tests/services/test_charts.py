"""Files of helm charts, which may be anything."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.services import charts
from entrepot.services.charts import chart_file
from tests.faces.manage.harbor.pictures import chart

FILES = {"web/Chart.yaml": "name: web", "web/README.md": "# Web", "web/charts/db/README.md": "DB"}


@pytest.mark.parametrize(
    "name, found",
    [
        ("readme.md", b"# Web"),
        ("Chart.yaml", b"name: web"),
        ("values.yaml", None),
        ("db/readme.md", None),
    ],
)
def test_only_what_lies_on_top(name: str, found: bytes | None) -> None:
    assert chart_file(chart(FILES), name) == found


def test_a_directory_of_that_name_is_no_file() -> None:
    assert chart_file(chart({"readme.md": "x", "web/readme.md/x": "y"}), "readme.md") is None


def test_what_is_too_large_is_not_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    archive = chart(FILES)
    monkeypatch.setattr(charts, "UNPACKED_MAX_BYTES", 1024)
    assert chart_file(archive, "readme.md") is None
    monkeypatch.setattr(charts, "CHART_SIZE_MAX_BYTES", len(archive) - 1)
    assert chart_file(archive, "readme.md") is None


@given(st.binary(max_size=300))
def test_anything_is_harmless(data: bytes) -> None:
    assert chart_file(data, "readme.md") is None
    assert chart_file(gzip.compress(data), "readme.md") is None
