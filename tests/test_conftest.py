"""The tests' own guards work."""

import socket

import pytest


def test_a_test_cannot_leave_the_machine() -> None:
    with socket.socket() as client, pytest.raises(RuntimeError, match="leave the machine"):
        client.connect(("192.0.2.1", 9))
    with pytest.raises(RuntimeError, match="leave the machine"):
        socket.getaddrinfo("registry.example", 443)


def test_a_test_may_use_loopback_and_read_numbers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()[:2]).close()
    assert socket.getaddrinfo("192.0.2.1", 443)
