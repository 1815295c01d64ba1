"""The connections of this server to its visitors."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from pathlib import Path

_OPEN_FILES = Path("/dev/fd")  # of this process, on Linux and macOS


def send_at_once() -> None:
    """Let the server send the end of an answer without waiting for the visitor's word that its beginning has come.

    Otherwise every picture arrives 40 ms later. asyncio sets this for sockets that were opened as TCP; Streamlit opens
    its own without saying which protocol it is, and has no setting for it. New connections have it from the socket that
    listens; those of the first visitor are open already.
    """
    if not _OPEN_FILES.is_dir():
        return
    for number in map(int, os.listdir(_OPEN_FILES)):  # noqa: PTH208 - names only
        with contextlib.suppress(OSError):  # it may be closed meanwhile
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                with socket.socket(fileno=os.dup(number)) as connection:
                    _set(connection)


def _set(connection: socket.socket) -> None:
    if connection.family in (socket.AF_INET, socket.AF_INET6) and connection.type == socket.SOCK_STREAM:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
