"""Two lines for a failure, however long it lasts."""

from typing import Any

from entrepot.services.trouble import Trouble

Line = tuple[str, str, dict[str, Any]]


class Log:
    def __init__(self) -> None:
        self.lines: list[Line] = []

    def info(self, event: str, **facts: Any) -> None:
        self.lines.append(("info", event, facts))

    def warning(self, event: str, **facts: Any) -> None:
        self.lines.append(("warning", event, facts))


def test_it_is_told_once_and_once_when_it_is_over() -> None:
    log = Log()
    trouble = Trouble(log, "broken", "whole", what="x")
    trouble.over()
    for number in range(3):
        trouble.met(OSError(f"away {number}"))
    assert log.lines == [("warning", "broken", {"cause": "away 0", "what": "x"})]
    trouble.over()
    trouble.over()
    assert log.lines[1:] == [("info", "whole", {"failures": 3, "what": "x"})]


def test_it_is_told_anew_when_it_begins_anew() -> None:
    log = Log()
    trouble = Trouble(log, "broken", "whole")
    trouble.met(TimeoutError())
    trouble.over()
    trouble.met(TimeoutError())
    assert [event for _, event, _ in log.lines] == ["broken", "whole", "broken"]
    assert log.lines[0][2] == {"cause": "TimeoutError"}
