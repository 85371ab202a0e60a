"""What is relied on of the insides of `h2`, and bytes that are no HTTP/2."""

import pytest
from h2.config import H2Configuration
from h2.connection import ConnectionState, H2Connection
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated, DataReceived, Event
from h2.exceptions import H2Error
from h2.settings import SettingCodes
from hypothesis import given
from hypothesis import strategies as st

from entrepot.faces.server.h2.session import (
    CONNECTION_WINDOW_BYTES,
    FRAME_MAX_BYTES,
    STREAM_WINDOW_BYTES,
    STREAMS_MAX,
    Session,
)

HEAD = [(":method", "PUT"), (":scheme", "https"), (":authority", "a"), (":path", "/")]


def pair() -> tuple[Session, H2Connection]:
    """A server and a client that have each other's settings."""
    server = Session(header_bytes=1000, header_count=10)
    client = H2Connection(H2Configuration(client_side=True, header_encoding=None))
    client.initiate_connection()
    pass_on(client, server)
    pass_on(server, client)
    pass_on(client, server)
    return server, client


def pass_on(source: H2Connection, target: H2Connection) -> list[Event]:
    return target.receive_data(source.data_to_send())


def test_settings_reach_the_client() -> None:
    server, client = pair()
    settings = client.remote_settings
    assert settings.max_concurrent_streams == STREAMS_MAX
    assert settings.initial_window_size == STREAM_WINDOW_BYTES
    assert settings.max_frame_size == FRAME_MAX_BYTES
    assert settings.max_header_list_size == 1000 + 32 * 10
    assert settings[SettingCodes.ENABLE_PUSH] == 0
    assert client.outbound_flow_control_window == CONNECTION_WINDOW_BYTES
    assert server.decoder.max_header_list_size == 1000 + 32 * 10


def test_clients_may_use_all_of_it() -> None:
    server, client = pair()
    client.send_headers(1, HEAD)
    sent = 0
    while (room := client.local_flow_control_window(1)) > 0:
        size = min(room, client.max_outbound_frame_size)
        client.send_data(1, b"x" * size)
        sent += size
    assert client.max_outbound_frame_size == FRAME_MAX_BYTES
    parts = [e.data for e in pass_on(client, server) if isinstance(e, DataReceived)]
    assert len(b"".join(map(bytes, filter(None, parts)))) == sent == STREAM_WINDOW_BYTES


@given(st.lists(st.integers(0, 40_000), max_size=8))
def test_frames_do_what_send_data_does(sizes: list[int]) -> None:
    ours, client = pair()
    client.send_headers(1, HEAD)
    pass_on(client, ours)
    ours.send_headers(1, [(":status", "200")])
    theirs, second = pair()
    second.send_headers(1, HEAD)
    pass_on(second, theirs)
    theirs.send_headers(1, [(":status", "200")])
    pass_on(ours, client)
    for size in sizes:
        body = bytes(range(256)) * (size // 256) + b"y" * (size % 256)
        frames, count = ours.frames(1, memoryview(body))
        assert count == min(size, theirs.local_flow_control_window(1))
        for at in range(0, count, theirs.max_outbound_frame_size):
            theirs.send_data(1, body[at : min(count, at + theirs.max_outbound_frame_size)])
        events = client.receive_data(frames)
        got = b"".join(bytes(e.data or b"") for e in events if isinstance(e, DataReceived))
        assert got == body[:count]
        assert ours.local_flow_control_window(1) == theirs.local_flow_control_window(1)
    assert ours.outbound_flow_control_window == theirs.outbound_flow_control_window
    assert ours.local_flow_control_window(1) == client.remote_flow_control_window(1)


def test_go_away_leaves_the_streams() -> None:
    server, client = pair()
    client.send_headers(1, HEAD, end_stream=True)
    pass_on(client, server)
    (event,) = client.receive_data(server.go_away(ErrorCodes.NO_ERROR, "bye"))
    assert isinstance(event, ConnectionTerminated)
    assert (event.last_stream_id, event.additional_data) == (1, b"bye")
    server.send_headers(1, [(":status", "200")], end_stream=True)


def test_the_peers_go_away_leaves_the_streams() -> None:
    server, client = pair()
    client.send_headers(1, HEAD, end_stream=True)
    client.close_connection()
    assert isinstance(pass_on(client, server)[-1], ConnectionTerminated)
    assert server.state_machine.state is ConnectionState.SERVER_OPEN
    server.send_headers(1, [(":status", "200")], end_stream=True)


def test_ended_streams_are_forgotten() -> None:
    server, client = pair()
    for stream in range(1, 2 * 1500, 2):
        client.send_headers(stream, HEAD, end_stream=True)
        pass_on(client, server)
        server.send_headers(stream, [(":status", "200")], end_stream=True)
        pass_on(server, client)
    assert len(server.streams) + len(server._closed_streams) <= Session.MAX_CLOSED_STREAMS + 2


def test_data_for_a_stream_that_was_reset() -> None:
    server, client = pair()
    client.send_headers(1, HEAD)
    pass_on(client, server)
    server.reset_stream(1, ErrorCodes.NO_ERROR)
    client.send_data(1, b"late" * 1000)
    assert not [e for e in pass_on(client, server) if isinstance(e, DataReceived)]
    client.reset_stream(1)
    client.send_headers(3, HEAD)
    assert pass_on(client, server)


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\x04\0\0\0\0\0"
FRAMES = st.builds(
    lambda kind, flags, stream, body: (
        len(body).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + body
    ),
    st.integers(0, 12),
    st.integers(0, 255),
    st.sampled_from([0, 1, 2, 3, 5, 2**31 - 1]),
    st.binary(max_size=64),
)


@pytest.mark.parametrize("preface", [PREFACE, b""])
@given(st.lists(st.one_of(FRAMES, st.binary(max_size=40)), max_size=12))
def test_nothing_but_its_own_errors(preface: bytes, pieces: list[bytes]) -> None:
    server = Session(header_bytes=1000, header_count=10)
    server.data_to_send()
    try:
        server.receive_data(preface)
        for piece in pieces:
            server.receive_data(piece)
    except H2Error:
        pass
    server.data_to_send()
