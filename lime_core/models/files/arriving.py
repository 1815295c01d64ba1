"""Weights on their way: the bytes at a path or address in pieces, how many there may be, and errors in words."""

from __future__ import annotations

import contextlib
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from lime_core.models.catalog import ModelCard

_CHUNK = 1 << 18


def is_address(place: str) -> bool:
    """Return whether a text is an address and not a path."""
    return "://" in place


@contextlib.contextmanager
def opened(source: str, timeout: float) -> Iterator[tuple[int | None, Iterator[bytes]]]:
    """Give the number of bytes at a path or address, None where the server does not say it, and the bytes in pieces."""
    if not is_address(source):
        with Path(source).open("rb") as file:
            yield os.fstat(file.fileno()).st_size, pieces_of(file)
        return
    with requests.get(source, stream=True, timeout=timeout, headers={"Accept-Encoding": "identity"}) as response:
        if not response.ok:
            raise OSError(f"the server answered {response.status_code} {response.reason}")
        announced = response.headers.get("Content-Length", "")
        yield int(announced) if announced.isdigit() else None, response.iter_content(_CHUNK)


def pieces_of(file: BinaryIO) -> Iterator[bytes]:
    """Yield the bytes of a file in pieces."""
    return iter(partial(file.read, _CHUNK), b"")


def check_size(size: int, card: ModelCard) -> None:
    """Raise `OSError` for more bytes than the weights of a card can have."""
    # Enough for any of the files, and too little to fill a disk if the server sends something else.
    limit = 2 * card.weights_bytes + (16 << 20)
    if size > limit:
        raise OSError(f"there are {size:,} bytes where at most {limit:,} are expected")


def in_words(error: Exception) -> str:
    """Return why the bytes did not come, as a part of a sentence."""
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return "the server did not answer in time"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke off"
    if isinstance(error, requests.ConnectionError):
        return "there is no connection to the server"
    if isinstance(error, FileNotFoundError):
        return f"there is no file {error.filename}"
    return str(error)
