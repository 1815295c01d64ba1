"""What a server sends goes out at once."""

from __future__ import annotations

import socket
from pathlib import Path

from pages.state.connections import send_at_once


def _at_once(connection: socket.socket) -> bool:
    return bool(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))


def _open_files() -> int:
    return sum(1 for _ in Path("/dev/fd").iterdir())


def test_connections_that_are_open_and_those_that_come_send_at_once() -> None:
    with socket.socket(socket.AF_INET) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        with socket.create_connection(listening.getsockname()), listening.accept()[0] as open_already:
            assert not _at_once(open_already)
            send_at_once()
            assert _at_once(open_already)
            with socket.create_connection(listening.getsockname()), listening.accept()[0] as new:
                assert _at_once(new)


def test_files_and_other_sockets_are_left_alone(tmp_path: Path) -> None:
    one, other = socket.socketpair()
    with one, other, (tmp_path / "file").open("wb") as file:
        before = _open_files()
        send_at_once()
        assert _open_files() == before
        file.write(b"still open")
        one.sendall(b"and so is this")
        assert other.recv(100) == b"and so is this"
    assert (tmp_path / "file").read_bytes() == b"still open"
