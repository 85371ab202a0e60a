"""What `faces.server.protocol` relies on in uvicorn: an upgrade may change it."""

import asyncio
import inspect
import logging

import pytest
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from entrepot.faces.server.edge import Edge
from entrepot.faces.server.hooks import Hooks
from entrepot.faces.server.limits import ServerLimits
from entrepot.faces.server.protocol import EdgeProtocol
from entrepot.faces.server.run import make_config

from .peer import hello

# Methods of uvicorn's class that run for us unchanged, besides those of asyncio.Protocol.
INHERITED = {"__init__", "on_message_begin", "pause_writing", "resume_writing", "connection_made"}
# Those that act on requests and must therefore be ours: a new one wants a look.
REPLACED = {
    "connection_lost",
    "data_received",
    "on_url",
    "on_header",
    "on_headers_complete",
    "on_body",
    "on_message_complete",
    "on_response_complete",
    "shutdown",
}
# Called only by the methods that are replaced.
UNUSED = {
    "_get_upgrade",
    "_set_keepalive_if_required",
    "_should_upgrade",
    "_should_upgrade_to_ws",
    "_start_asgi_task",
    "_unset_keepalive_if_required",
    "_unsupported_upgrade_warning",
    "eof_received",
    "handle_websocket_upgrade",
    "send_400_response",
    "timeout_keep_alive_handler",
}


class FakeTransport(asyncio.Transport):
    def get_extra_info(self, name: str, default: object = None) -> object:
        return {"peername": ("192.0.2.1", 5), "sockname": ("192.0.2.2", 80)}.get(name, default)

    def is_closing(self) -> bool:
        return False


@pytest.fixture
async def protocol() -> EdgeProtocol:
    config = make_config(hello)
    return EdgeProtocol(config, Edge(ServerLimits(), Hooks()), {}, asyncio.get_running_loop())


def test_every_method_of_the_base_is_known() -> None:
    methods = {name for name, _ in inspect.getmembers(HttpToolsProtocol, inspect.isfunction)}
    own = {name for name in methods if name in HttpToolsProtocol.__dict__}
    assert own <= INHERITED | REPLACED | UNUSED, "uvicorn has new methods: are they for us?"
    for name in REPLACED:
        assert getattr(EdgeProtocol, name) is not getattr(HttpToolsProtocol, name)


def test_signatures() -> None:
    assert [*inspect.signature(HttpToolsProtocol).parameters] == [
        "config",
        "server_state",
        "app_state",
        "_loop",
    ]
    for name in ("pause_reading", "resume_reading", "resume_writing"):
        assert [*inspect.signature(getattr(FlowControl, name)).parameters] == ["self"]
    assert inspect.iscoroutinefunction(FlowControl.drain)
    assert {"connections", "tasks", "total_requests"} <= vars(ServerState()).keys()


async def test_attributes_after_construction(protocol: EdgeProtocol) -> None:
    assert protocol.app is hello
    assert protocol.loop is asyncio.get_running_loop()
    assert protocol.connections is protocol.edge.connections
    assert protocol.tasks is protocol.edge.tasks
    assert protocol.parser is not None


async def test_attributes_after_connection(protocol: EdgeProtocol) -> None:
    transport = FakeTransport()
    HttpToolsProtocol.connection_made(protocol, transport)
    assert protocol.transport is transport
    assert isinstance(protocol.flow, FlowControl)
    assert not protocol.flow.write_paused
    assert (protocol.client, protocol.server) == (("192.0.2.1", 5), ("192.0.2.2", 80))
    assert protocol.scheme == "http"
    protocol.pause_writing()
    paused = protocol.flow.write_paused
    protocol.resume_writing()
    assert (paused, protocol.flow.write_paused) == (True, False)


async def test_scope_of_the_base(protocol: EdgeProtocol) -> None:
    HttpToolsProtocol.on_message_begin(protocol)
    assert protocol.url == b""
    assert protocol.headers == []
    assert set(protocol.scope) == {
        "type",
        "asgi",
        "http_version",
        "server",
        "client",
        "scheme",
        "root_path",
        "headers",
        "state",
    }


def test_its_logging_is_left_alone() -> None:
    access = logging.getLogger("uvicorn.access")
    before = (access.propagate, list(access.handlers), access.level)
    config = make_config(hello)
    assert (access.propagate, list(access.handlers), access.level) == before
    assert isinstance(config, Config)
    assert config.loaded_app is hello
