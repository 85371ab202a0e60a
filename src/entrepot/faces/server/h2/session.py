"""The state machine of `h2`, within bounds; what is relied on of its insides.

`tests/faces/server/h2/test_session.py` holds it to:

* `H2Connection.local_settings`, `max_inbound_frame_size`, `decoder.max_header_list_size`, taken up
  by `initiate_connection` and by streams opened later;
* `MAX_CLOSED_STREAMS`, the number of ended streams it remembers;
* `H2ConnectionStateMachine._transitions`, by which the peer's GOAWAY closes the connection although
  RFC 9113 section 6.8 lets the streams under way end;
* `_receive_frame`, which hands a frame on and keeps the frames to answer with;
* `streams[id].outbound_flow_control_window` and `outbound_flow_control_window`, which `send_data`
  lowers by what it frames.
"""

from collections.abc import Iterator

from h2.config import H2Configuration
from h2.connection import (
    ConnectionInputs,
    ConnectionState,
    H2Connection,
    H2ConnectionStateMachine,
)
from h2.errors import ErrorCodes
from h2.events import Event
from h2.settings import SettingCodes, Settings
from hyperframe.frame import DataFrame, Frame, GoAwayFrame

STREAMS_MAX = 128
"""Requests of one connection at a time; docker and containerd ask for three to ten."""
STREAM_WINDOW_BYTES = 512 * 1024
"""Of a request body what is sent before we took any: in 20 ms of round trip that is 26 MB/s."""
CONNECTION_WINDOW_BYTES = 2 << 20
"""The same for all bodies of a connection: what one client can make us hold."""
FRAME_MAX_BYTES = 64 * 1024
"""Clients that can (Go) send uploads in frames of this; 64 of them may carry one head."""
FIELD_OVERHEAD_BYTES = 32
"""What RFC 9113 section 6.5.2 adds for each field of a head."""

_DEFAULT_WINDOW_BYTES = 65_535
_DATA_HEAD_BYTES = 9

CONFIG = H2Configuration(
    client_side=False,
    header_encoding=None,
    validate_outbound_headers=False,
    normalize_outbound_headers=False,
)


class _Machine(H2ConnectionStateMachine):
    """The peer's GOAWAY ends nothing: it opens no more streams, but waits for those it has."""

    def __init__(self) -> None:
        super().__init__()
        going = (ConnectionState.SERVER_OPEN, ConnectionInputs.RECV_GOAWAY)
        self._transitions = {**self._transitions, going: (None, ConnectionState.SERVER_OPEN)}


class Session(H2Connection):
    """One connection's frames, windows and heads, without any input or output."""

    MAX_CLOSED_STREAMS = 1024

    def __init__(self, *, header_bytes: int, header_count: int) -> None:
        super().__init__(CONFIG)
        self.state_machine = _Machine()
        head_bytes = header_bytes + FIELD_OVERHEAD_BYTES * header_count
        self.local_settings = Settings(
            client=False,
            initial_values={
                SettingCodes.MAX_CONCURRENT_STREAMS: STREAMS_MAX,
                SettingCodes.INITIAL_WINDOW_SIZE: STREAM_WINDOW_BYTES,
                SettingCodes.MAX_FRAME_SIZE: FRAME_MAX_BYTES,
                SettingCodes.MAX_HEADER_LIST_SIZE: head_bytes,
            },
        )
        self.max_inbound_frame_size = FRAME_MAX_BYTES
        self.decoder.max_header_list_size = head_bytes
        self.initiate_connection()
        self.increment_flow_control_window(CONNECTION_WINDOW_BYTES - _DEFAULT_WINDOW_BYTES)

    def _receive_frame(self, frame: Frame) -> list[Event]:
        """As the library's, but for the text it renders of each frame for a log nobody keeps.

        That text costs as much as all the rest of a DATA frame's way. What the library catches
        here, a DATA frame does not raise: `_receive_data_frame` has seen to closed streams.
        """
        if not isinstance(frame, DataFrame):
            return super()._receive_frame(frame)
        frames, events = self._receive_data_frame(frame)
        self._prepare_for_sending(frames)
        return events

    def frames(self, stream_id: int, data: memoryview) -> tuple[bytes, int]:
        """Frame as much of `data` as both windows allow: the bytes to send, and how much of it.

        Does what `send_data` does for each frame, in a third of the time. What `data_to_send`
        returns must go out before.
        """
        count = min(len(data), self.local_flow_control_window(stream_id))
        if count <= 0:
            return b"", 0
        self.outbound_flow_control_window -= count
        self.streams[stream_id].outbound_flow_control_window -= count
        return b"".join(self._pieces(stream_id, data[:count])), count

    def _pieces(self, stream_id: int, data: memoryview) -> Iterator[bytes | memoryview]:
        tail = b"\0\0" + stream_id.to_bytes(4, "big")  # type DATA, no flags
        for start in range(0, len(data), self.max_outbound_frame_size):
            piece = data[start : start + self.max_outbound_frame_size]
            yield len(piece).to_bytes(3, "big") + tail
            yield piece

    def go_away(self, code: ErrorCodes, message: str = "") -> bytes:
        """A GOAWAY frame: streams up to the highest seen are still answered (section 6.8)."""
        frame = GoAwayFrame(
            0,
            last_stream_id=self.highest_inbound_stream_id,
            error_code=code,
            additional_data=message.encode(),
        )
        return bytes(frame.serialize())
