"""Medians, ratios and their spread, as people read them."""

from entrepot.faces.cli.bench.runner import Measured
from entrepot.faces.cli.bench.tables import CLIENT_WAS_BUSY, Row, heading, lines
from entrepot.faces.cli.bench.works import Work

WORK = Work("pull 1 MiB, c=4", 4, lambda _site, _count: [])
SIZED = Work("pull 1 MiB, c=4", 4, lambda _site, _count: [], unit_bytes=1_000_000)


def measured(rate: float, p99: float | None = 0.01, cpu: float | None = 0.001) -> Measured:
    return Measured(rate, p99, p99, cpu, client_busy=0.5)


def test_two_are_compared_round_by_round() -> None:
    ours = [measured(100), measured(200), measured(900)]
    theirs = [measured(50, 0.1, 0.004), measured(50, 0.1, 0.004), measured(100, 0.1, 0.004)]
    row = Row(WORK, {"a": ours, "b": theirs})
    assert row.ratios("b", "per_second") == [2, 4, 9]
    (shown,) = lines(row)
    assert shown.split("  ")[0] == WORK.name
    assert shown.endswith("4.00x     2.00 - 9.00  4.00x   10.0 ms  100.0 ms  0.10x")
    assert shown.split()[4:6] == ["200/s", "50/s"]


def test_one_alone_has_no_ratio() -> None:
    (shown,) = lines(Row(SIZED, {"a": [measured(5), measured(7, None, None)]}))
    assert shown.split()[4:] == ["6", "MB/s", "10.0", "ms", "10.0", "ms", "1.0", "ms"]


def test_what_was_not_measured_is_a_dash() -> None:
    row = Row(WORK, {"a": [measured(5, None, None)], "b": [measured(5, None, None)]})
    (shown,) = lines(row)
    assert shown.split()[-4:] == ["-", "-", "-", "-"]
    assert row.as_json()["ratios"]["b"]["cpu"] is None


def test_several_have_a_line_each_that_ends_with_the_name() -> None:
    row = Row(WORK, {"a": [measured(4)], "b": [measured(2)], "c": [measured(1)]})
    assert [shown.split()[-1] for shown in lines(row)] == ["b", "c"]


def test_a_client_that_had_no_time_left_is_marked() -> None:
    busy = Measured(1, 0.1, 0.1, None, client_busy=0.99)
    assert lines(Row(WORK, {"a": [busy]}))[0].endswith(CLIENT_WAS_BUSY)


def test_json_has_all_rounds_and_the_spread() -> None:
    row = Row(SIZED, {"a": [measured(4), measured(6)], "b": [measured(2), measured(2)]})
    found = row.as_json()
    assert found["ratios"]["b"]["rate"] == {"median": 2.5, "lowest": 2, "highest": 3}
    assert [one["per_second"] for one in found["rounds"]["a"]] == [4, 6]


def test_headings_are_as_wide_as_their_rows() -> None:
    one = Row(WORK, {"a": [measured(4)]})
    two = Row(WORK, {"a": [measured(4)], "b": [measured(2)]})
    for row in (one, two):
        assert len(heading(list(row.rounds))) == len(lines(row)[0])
