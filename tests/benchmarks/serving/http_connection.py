"""The connection by which a page fetches its pictures and sends its files."""

from __future__ import annotations

import http.client
import uuid
from http.cookies import SimpleCookie

from tests.benchmarks.serving.browser import VisitError


class HttpConnection:
    """Requests one after another to the server on this machine.

    Parameters
    ----------
    port : int
        Of the server.
    timeout : float
        Seconds.

    Attributes
    ----------
    cookies : dict of str to str
        What the server has set; every request shows it again.
    """

    def __init__(self, port: int, timeout: float) -> None:
        self.cookies: dict[str, str] = {}
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)

    def close(self) -> None:
        """Close it."""
        self._connection.close()

    def get(self, address: str) -> bytes:
        """Return what stands at an address.

        Raises
        ------
        VisitError
            When the server answers with an error.
        """
        return self._request("GET", address, None, {})

    def put_file(self, address: str, name: str, content: bytes, headers: dict[str, str]) -> None:
        """Send a file as a form does."""
        border = uuid.uuid4().hex
        head = f'--{border}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = head.encode() + content + f"\r\n--{border}--\r\n".encode()
        self._request("PUT", address, body, headers | {"Content-Type": f"multipart/form-data; boundary={border}"})

    def _request(self, method: str, address: str, body: bytes | None, headers: dict[str, str]) -> bytes:
        try:
            response = self._response(method, address, body, headers)
        except (ConnectionError, http.client.RemoteDisconnected):
            # The server closes a connection that nothing was asked on for some seconds; a browser opens another one.
            self._connection.close()
            response = self._response(method, address, body, headers)
        answer = response.read()
        if response.status >= 400:
            raise VisitError(f"{method} {address} gives {response.status}: {answer[:200]!r}")
        for cookie in response.headers.get_all("Set-Cookie", []):
            self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(cookie).items()}
        return answer

    def _response(
        self, method: str, address: str, body: bytes | None, headers: dict[str, str]
    ) -> http.client.HTTPResponse:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        self._connection.request(method, address, body, headers | ({"Cookie": cookies} if cookies else {}))
        return self._connection.getresponse()
