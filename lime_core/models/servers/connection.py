"""Questions to a server over HTTP: bounded in time and in bytes, repeated where that can help."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import ssl
import threading
import time
from typing import TYPE_CHECKING, NoReturn

from urllib3 import Timeout
from urllib3 import exceptions as http_errors

from lime_core.errors import ModelError, in_words
from lime_core.models.servers.bounded_http import HTTPPool, HTTPSPool, broken_off_after
from lime_core.models.servers.messages import Answer, Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from urllib3 import BaseHTTPResponse

    from lime_core.models.servers.addresses import Origin

TOKEN_VARIABLE = "LIMELIGHT_TOKEN"  # noqa: S105 - the variable's name, not a token

_LONGEST_ANSWER = 64 << 20  # bytes; a batch of 32 with 20,000 classes as JSON takes about 16 million
_PIECE = 1 << 20
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.05, 5.0  # seconds
_TRANSIENT = {429, 502, 503, 504}
_QUOTED = 300  # characters of a server's own message that are repeated
_jitter = random.SystemRandom()


class Connection:
    """One server: a pool of connections, time-outs and repeats. Safe to share between threads.

    Redirects are not followed, and a user's proxy settings are not used: requests go to this server only.

    Parameters
    ----------
    origin : Origin
        The server.
    timeout : float
        Longest wait for the answer to one request, in seconds, its repeats included.
    in_flight : int
        Most requests at a time; others wait for their turn.
    environ : mapping
        Where the access token ``LIMELIGHT_TOKEN`` is looked up; it is sent as ``Authorization: Bearer``.

    Raises
    ------
    ModelError
        If the token cannot be sent in a header.
    """

    def __init__(
        self, origin: Origin, *, timeout: float, in_flight: int, environ: Mapping[str, str] = os.environ
    ) -> None:
        self.origin = origin
        self._timeout = timeout
        self._token = _token(environ)
        pool = HTTPSPool if origin.scheme == "https" else HTTPPool
        self._pool = pool(origin.host, origin.port, maxsize=in_flight, block=True, retries=False)

    def get(self, path: str) -> Answer:
        """Ask once, without repeats: a mistyped address is reported at once.

        Raises
        ------
        ModelError
            If there is no answer, or one that says no.
        """
        try:
            return self._ask("GET", Request(path), time.monotonic() + self._timeout)
        except _TransientError as error:
            raise ModelError(f"The server {self.origin} cannot be used: {error}.") from error

    def post(self, request: Request, stopped: threading.Event) -> Answer:
        """Post a request, and repeat it while the server is away or busy and the time-out has not passed.

        Parameters
        ----------
        request : Request
            An inference; to repeat it changes nothing on the server.
        stopped : threading.Event
            When set, there are no more repeats.

        Raises
        ------
        ModelError
            If there is no answer in time, or one that says no.
        """
        deadline = time.monotonic() + self._timeout
        tries = 0
        while True:
            tries += 1
            try:
                return self._ask("POST", request, deadline)
            except _TransientError as error:
                longest = min(_LONGEST_PAUSE, _SHORTEST_PAUSE * 2 ** min(tries, 10))
                pause = max(_jitter.uniform(longest / 2, longest), error.retry_after)
                if time.monotonic() + pause >= deadline or stopped.wait(pause):
                    raise ModelError(
                        f"The server {self.origin} gave no usable answer within {self._timeout:g} s, in "
                        f"{tries} tries; the last time, {error}."
                    ) from error

    def _ask(self, method: str, request: Request, deadline: float) -> Answer:
        try:
            return self._exchange(method, request, deadline)
        except (_TransientError, http_errors.HTTPError, OSError, ValueError) as error:
            slow = isinstance(error, http_errors.ReadTimeoutError | http_errors.EmptyPoolError)
            if slow or time.monotonic() >= deadline:
                self._raise_too_slow()
            if isinstance(error, _TransientError):
                raise
            if _may_pass(error):
                raise _TransientError(_reason(error)) from error
            raise ModelError(f"There is no usable connection to {self.origin}: {in_words(error)}.") from error

    def _exchange(self, method: str, request: Request, deadline: float) -> Answer:
        left = max(deadline - time.monotonic(), 0.001)
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "limelight"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        response = self._pool.urlopen(
            method,
            request.path,
            body=request.body or None,
            headers={**headers, **request.headers},
            retries=False,
            redirect=False,
            timeout=Timeout(connect=left, read=left),
            pool_timeout=left,  # type: ignore[arg-type]  # whole seconds in its annotation only
            preload_content=False,
            decode_content=False,
        )
        body = self._body(response, deadline)
        if response.status != 200:
            self._raise_for(response, body)
        return Answer(response.headers, body)

    def _body(self, response: BaseHTTPResponse, deadline: float) -> bytes:
        pieces: list[bytes] = []
        left = _LONGEST_ANSWER
        try:
            with broken_off_after(deadline - time.monotonic(), response.shutdown):
                # To the empty piece after the last: only then does urllib3 check that nothing is missing.
                while left >= 0 and (piece := response.read(_PIECE)):
                    pieces.append(piece)
                    left -= len(piece)
        except BaseException:
            _discard(response)
            raise
        if left < 0:
            _discard(response)
            raise ModelError(f"The answer of {self.origin} is longer than {_LONGEST_ANSWER:,} bytes and was not read.")
        if time.monotonic() >= deadline:
            self._raise_too_slow()
        return b"".join(pieces)

    def _raise_too_slow(self) -> NoReturn:
        raise ModelError(
            f"The server {self.origin} did not answer within {self._timeout:g} s: give it more time (timeout=), or "
            "less to do at once (batch_size=, in_flight=)."
        ) from None

    def _raise_for(self, response: BaseHTTPResponse, body: bytes) -> NoReturn:
        status = response.status
        said = self._quoted(body)
        if status in _TRANSIENT:
            raise _TransientError(f"it answered {status}{said}", _seconds(response.headers.get("Retry-After", "")))
        if 300 <= status < 400:
            reason = f"redirects to another address ({status}), which is not followed: give the final address"
        elif status in (401, 403):
            reason = f"refuses access ({status}){said}: set the environment variable {TOKEN_VARIABLE} to a valid token"
        elif status == 404:
            reason = f"has no such model or version (404){said}"
        elif status == 413:
            reason = f"says that the request is too large (413){said}: choose a smaller batch_size"
        else:
            reason = f"answered {status}{said}"
        raise ModelError(f"The server {self.origin} {reason}.")

    def _quoted(self, body: bytes) -> str:
        """Return what the server said as ``: "…"``: short, printable, and without the token that it was sent."""
        text = body[: 1 << 16].decode("utf-8", "replace").strip()
        if text.startswith("<"):
            return ", with an HTML page"
        with contextlib.suppress(ValueError, RecursionError):
            given = json.loads(body)
            if isinstance(given, dict):
                text = str(next((given[key] for key in ("error", "detail", "message") if given.get(key)), text))
        if self._token:
            text = text.replace(self._token, "…")
        short = " ".join(re.sub(r"[^\x20-\x7e\xa0-\U0010ffff]", " ", text[:_QUOTED]).split()).rstrip(".")
        return f': "{short}"' if short else ""


class _TransientError(Exception):
    """The server is away or busy: the same request may go well a moment later."""

    def __init__(self, reason: str, retry_after: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


def _token(environ: Mapping[str, str]) -> str:
    token = environ.get(TOKEN_VARIABLE, "").strip()
    if not re.fullmatch(r"[!-~]*", token):
        raise ModelError(
            f"The environment variable {TOKEN_VARIABLE} holds characters that no access token has: blanks, line ends "
            "or other than plain ASCII."
        )
    return token


def _seconds(text: str) -> float:
    """Read a `Retry-After` header; its other form, a date, is not worth the trouble."""
    return float(text) if re.fullmatch(r"[0-9]{1,6}", text) else 0.0


def _discard(response: BaseHTTPResponse) -> None:
    """Close a response that was not read to its end, and hand its place in the pool to the next request."""
    response.close()
    response.release_conn()


def _may_pass(error: Exception) -> bool:
    """Say whether a failed connection is worth another try; one whose certificate is refused is not."""
    if isinstance(error, http_errors.SSLError):
        return isinstance(error.args[0], ssl.SSLEOFError | ssl.SSLZeroReturnError)
    return isinstance(
        error, http_errors.NewConnectionError | http_errors.ConnectTimeoutError | http_errors.ProtocolError
    )


def _reason(error: Exception) -> str:
    """Say in words why a connection failed; urllib3's own texts quote objects."""
    if isinstance(error, http_errors.NameResolutionError):
        return "its name is not known"
    if isinstance(error.__cause__, ConnectionRefusedError):
        return "the connection was refused: is the server running, and is this its port?"
    if isinstance(error, http_errors.ProtocolError | http_errors.SSLError):
        return "the connection broke off before the answer was complete"
    return "there is no connection to it"
