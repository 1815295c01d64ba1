"""Pools of HTTP connections that break off when their time is over, however slowly a server keeps answering."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from urllib3 import HTTPResponse

CONNECT_TIMEOUT = 10.0  # seconds


@contextlib.contextmanager
def broken_off_after(seconds: float, shutdown: Callable[[], object]) -> Generator[None, None, None]:
    """Shut a socket down unless the block ends in time.

    The time-out of a socket starts anew with each byte, so a server that sends a byte now and then never meets it.
    """

    def break_off() -> None:
        # The block may have ended, and the socket be closed, at this very moment.
        with contextlib.suppress(OSError, RuntimeError, ValueError):
            shutdown()

    watch = threading.Timer(max(seconds, 0.0), break_off)
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()


class _BoundedHTTP(HTTPConnection):
    def connect(self) -> None:
        whole = float(self.timeout or 0)
        self.timeout = min(whole, CONNECT_TIMEOUT)
        try:
            super().connect()
        finally:
            self.timeout = whole

    def request(self, *args: Any, **kwargs: Any) -> None:
        # A busy server takes a large body slowly: sending it may last as long as the answer. urllib3 gives a socket
        # that is connected by now the whole time, and one that it connects itself only the time for connecting.
        if self.sock is None:
            self.connect()
        super().request(*args, **kwargs)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3's own
        with broken_off_after(float(self.timeout or 0), lambda: self.sock.shutdown(socket.SHUT_RDWR)):
            return super().getresponse()


class _BoundedHTTPS(_BoundedHTTP, HTTPSConnection):
    pass


class HTTPPool(HTTPConnectionPool):
    """Connections to one server; the read time-out of a request bounds the wait for the head of its answer."""

    ConnectionCls = _BoundedHTTP


class HTTPSPool(HTTPSConnectionPool):
    """The same over TLS."""

    ConnectionCls = _BoundedHTTPS
