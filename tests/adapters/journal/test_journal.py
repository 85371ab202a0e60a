"""What the journal acknowledged is read again, whatever a crash leaves."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.adapters.journal import decode_line, encode_line, open_journal
from entrepot.oci.name import RepositoryName
from entrepot.ports.catalog import Event
from entrepot.ports.journal import Unreadable

APP = RepositoryName("library/app")


def event(sequence: int, payload: str = '{"digest":"d"}') -> Event:
    return Event("tag.moved", APP, payload, 1_800_000_000.25 + sequence, sequence)


async def read(directory: Path, after: int = 0) -> list[Event | Unreadable]:
    journal = await open_journal(directory)
    try:
        return [found async for found in journal.events(after)]
    finally:
        await journal.close()


async def write(directory: Path, events: list[Event], *, segment_max_bytes: int = 1 << 20) -> None:
    journal = await open_journal(directory, segment_max_bytes=segment_max_bytes)
    try:
        for each in events:
            await journal.append([each])
    finally:
        await journal.close()


async def test_what_was_written_is_read_in_order_from_anywhere(tmp_path: Path) -> None:
    events = [event(number) for number in range(1, 30)]
    await write(tmp_path / "journal", events, segment_max_bytes=500)
    assert len(list((tmp_path / "journal").iterdir())) > 5
    assert await read(tmp_path / "journal") == events
    for after in (0, 1, 13, 29):
        assert await read(tmp_path / "journal", after) == events[after:]


async def test_what_is_there_already_is_passed_over(tmp_path: Path) -> None:
    await write(tmp_path, [event(1), event(2)])
    await write(tmp_path, [event(1), event(2), event(3)])
    assert await read(tmp_path) == [event(1), event(2), event(3)]


async def test_files_are_for_the_registry_alone(tmp_path: Path) -> None:
    await write(tmp_path / "journal", [event(1)])
    (segment,) = (tmp_path / "journal").iterdir()
    assert (segment.stat().st_mode & 0o077, segment.parent.stat().st_mode & 0o077) == (0, 0)


@pytest.mark.parametrize("segment_max_bytes", [1 << 20, 1], ids=["one-file", "a-file-each"])
async def test_a_torn_end_is_cut_at_whatever_byte(tmp_path: Path, segment_max_bytes: int) -> None:
    length = len(encode_line(event(3)))
    for cut in range(1, length + 1):
        directory = tmp_path / str(cut)
        await write(directory, [event(1), event(2), event(3)], segment_max_bytes=segment_max_bytes)
        newest = max(directory.iterdir())
        os.truncate(newest, newest.stat().st_size - cut)
        assert await read(directory) == [event(1), event(2)]
        await write(directory, [event(3), event(4)])
        assert await read(directory) == [event(number) for number in (1, 2, 3, 4)]


async def test_rubbish_at_the_end_is_cut(tmp_path: Path) -> None:
    await write(tmp_path, [event(1)])
    (segment,) = tmp_path.iterdir()
    with segment.open("ab") as file:
        file.write(bytes(5000) + b"\n" + bytes(10))
    await write(tmp_path, [event(2)])
    assert await read(tmp_path) == [event(1), event(2)]


async def test_damage_in_the_middle_is_told_and_left_alone(tmp_path: Path) -> None:
    await write(tmp_path, [event(1), event(2), event(3)])
    (segment,) = tmp_path.iterdir()
    text = bytearray(segment.read_bytes())
    text[len(encode_line(event(1))) + 14] ^= 1
    segment.write_bytes(text)
    assert await read(tmp_path) == [event(1), Unreadable(f"{segment.name}, line 2"), event(3)]
    assert segment.read_bytes() == text


async def test_a_failed_write_is_repeated_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = await open_journal(tmp_path)
    await journal.append([event(1)])
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", _fail)
        with pytest.raises(OSError, match="no space"):
            await journal.append([event(2)])
    assert journal.last == 1
    await journal.append([event(2), event(3)])
    await journal.close()
    assert await read(tmp_path) == [event(1), event(2), event(3)]


def _fail(file: int) -> None:
    raise OSError(28, "no space", str(file))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    payload=st.dictionaries(st.text(), st.text() | st.integers(-(2**53), 2**53)),
    at=st.floats(min_value=0, max_value=1e11),
    place=st.integers(min_value=0),
    bit=st.integers(min_value=0, max_value=7),
)
def test_a_line_comes_back_exactly_and_no_flipped_bit_passes(
    payload: dict[str, str | int], at: float, place: int, bit: int
) -> None:
    text = json.dumps(payload)
    told = Event("k", APP, text, at, 7)
    line = encode_line(told)
    assert decode_line(line) == told
    harmed = bytearray(line)
    harmed[place % len(line)] ^= 1 << bit
    assert decode_line(bytes(harmed)) is None
