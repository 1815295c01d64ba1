"""Pictures at addresses that fsspec understands: ``s3://``, ``gs://``, ``https://`` and others."""

from __future__ import annotations

import functools
import os
import posixpath
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urljoin, urlsplit

from lime_core.collections.protocol import CollectedPicture, is_picture_name, labelled_by_folder, no_pictures, writable
from lime_core.errors import LimeError, in_words
from lime_core.picture.limits import MAX_BYTES, check_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?:://|::)")
_WEB = ("http", "https")
_CHAIN = re.compile(r"::(?=[A-Za-z][A-Za-z0-9+.-]*(?:://|::))")
_IN_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"<>]+")
# A password may, wrongly, have a slash in it; then what follows the colon is no port.
_USER = re.compile(r"(?<=://)(?:[^/]*@|[^/@:\[]*:(?!\d*(?:/|$))[^@]*@)")
_NO_USER = ("abfs", "abfss", "az", "git", "github")  # what stands before their @ is a container or a repository
_SHORTEST_SECRET = 4  # of those that are looked for in the texts of libraries: shorter ones are parts of words
_PIECE = 1 << 20
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AddressCollection:
    """All pictures below an address; the names of the first folders below it are the true classes."""

    root: str
    pictures: tuple[CollectedPicture, ...]

    def read(self, path: str) -> bytes:
        """Return the bytes of a picture, see `Collection.read`."""
        files, top = _file_system(self.root, os.getpid())
        return _bounded(f"{self.root.rstrip('/')}/{path}", lambda: (files, f"{top}/{path}"), MAX_BYTES)


def is_address(place: str) -> bool:
    """Return whether a text is an address, such as ``s3://bucket/prefix``, and not a path."""
    return _ADDRESS.match(place) is not None


def is_local(place: str, base: str = "") -> bool:
    """Return whether a text is a path of this machine, below `base`; such as ``data::v2`` is one where it exists."""
    return not is_address(place) or ("://" not in place and os.path.lexists(Path(base, place)))


def scheme_of(address: str) -> str:
    """Return what an address begins with, in small letters: ``s3`` of ``s3://bucket``."""
    return re.split("://|::", address, maxsplit=1)[0].lower()


def ending_of(address: str) -> str:
    """Return the ending of what an address names, such as ``.csv``; what follows a ``?`` is no part of the name."""
    path = urlsplit(address).path if scheme_of(address) in _WEB else address
    return posixpath.splitext(path)[1].lower()


def shown(place: str) -> str:
    """Return a path or address without what may be secret in it: user, password and query, also after each ``::``.

    It can be written into files. Outside the web, where a name may have a ``?`` in it, only what looks like a query
    (``?name=value``) is one.
    """
    if not is_address(place):
        return writable(place)
    return "::".join(part for part, _, _ in _parts(writable(place)))


def shown_in(text: str, address: str) -> str:
    """Return what a library says of an address, without what may be secret in the addresses that the text repeats."""
    text = _IN_TEXT.sub(lambda found: shown(found[0]), text.replace(address, shown(address)))
    for secret in _secrets(address):
        text = text.replace(secret, "…")
    return text


def joined(base: str, entry: str) -> str:
    """Return the address of an entry of a list that is at the address `base`."""
    if is_address(entry):
        return entry
    if scheme_of(base) in _WEB:
        return urljoin(base, entry)
    start, _, path = base.partition("://")
    bucket, _, key = path.partition("/")
    # An entry never leads out of the bucket, and a slash in front means its top.
    below = posixpath.normpath(posixpath.join("/", posixpath.dirname(key), entry))
    return f"{start}://{bucket}{below}"


def open_address(address: str) -> AddressCollection:
    """Return the pictures below an address, such as ``s3://bucket/prefix``.

    Raises
    ------
    LimeError
        When it cannot be listed, holds no picture, or a package is missing.
    """
    if scheme_of(address) in _WEB:
        raise LimeError(
            f"{shown(address)} cannot be listed, since web servers do not say which files they have. Give the "
            "address of a list of the pictures' addresses (.txt, one a line, or .csv), or of a .zip file."
        )

    def listed() -> list[str]:
        files, top = _file_system(address, os.getpid())
        return [path.removeprefix(f"{top}/") for path in files.find(top)]

    pictures = labelled_by_folder({path for path in _said(address, listed) if is_picture_name(path)})
    if not pictures:
        raise no_pictures(shown(address))
    return AddressCollection(address, pictures)


def read_address(address: str, max_bytes: int = MAX_BYTES) -> bytes:
    """Return the bytes at an address: all, or the first `max_bytes` + 1 where the limit is not that of pictures.

    Raises
    ------
    LimeError
        When they cannot be read, are more than a picture may have, or a package is missing.
    """
    return _bounded(address, lambda: _split(address), max_bytes)


def open_seekable(address: str) -> Any:
    """Return the file at an address, open for reading any part of it.

    Raises
    ------
    LimeError
        When it cannot be opened, or can only be read from its start.
    """

    def opened() -> Any:
        files, path = _split(address)
        # A picture's size: more would be fetched ahead in vain, since pictures are read in any order.
        return files.open(path, "rb", block_size=_PIECE)

    file = _said(address, opened)
    if getattr(file, "size", None) is None:
        file.close()
        raise LimeError(f"The server of {shown(address)} does not give parts of a file. Download it and give its path.")
    return file


def _bounded(address: str, locate: Callable[[], tuple[Any, str]], max_bytes: int) -> bytes:
    def read() -> bytes:
        files, path = locate()
        with files.open(path, "rb") as file:
            size = getattr(file, "size", None)
            if size is not None and max_bytes == MAX_BYTES:
                check_bytes(size, shown(address))
            data = bytearray()
            # A server that does not say how long a file is gives it in pieces of any length.
            while len(data) <= max_bytes and (piece := file.read(min(_PIECE, max_bytes + 1 - len(data)))):
                data += piece
            return bytes(data)

    data = _said(address, read)
    if max_bytes == MAX_BYTES:
        check_bytes(len(data), shown(address))
    return data


@functools.lru_cache(maxsize=4)
def _file_system(root: str, _process: int) -> tuple[Any, str]:
    """Return fsspec's file system of an address and the path in it; once a process, since some keep connections."""
    files, top = _split(root)
    return files, top.rstrip("/")


def _split(address: str) -> tuple[Any, str]:
    import fsspec

    # Listings are not kept: they would grow with the number of pictures, and be out of date when opened again.
    found: tuple[Any, str] = fsspec.core.url_to_fs(address, use_listings_cache=False)
    return found


def _said(address: str, act: Callable[[], T]) -> T:
    """Do something at an address, with every error in words that hold no secret."""
    name = shown(address)

    def words(error: Exception) -> str:
        return shown_in(in_words(error), address)

    try:
        return act()
    except LimeError:
        raise
    except ImportError as error:
        raise LimeError(
            f"{name} needs a package that is not installed ({words(error)}). Install what reads addresses: "
            'pip install "limelight[cloud]"'
        ) from error
    except FileNotFoundError as error:
        # So fsspec also calls a server that cannot be reached.
        cause = f" ({words(error.__cause__)})" if isinstance(error.__cause__, Exception) else ""
        raise LimeError(f"There is nothing at {name}{cause}.") from error
    except PermissionError as error:
        raise LimeError(f"Access to {name} is refused: {words(error)}.") from error
    except Exception as error:  # every kind of storage has errors of its own
        raise LimeError(f"{name} cannot be read: {words(error)}.") from error


def _parts(address: str) -> Iterator[tuple[str, str, str]]:
    """Yield what may be shown of each part between ``::``, its user and password, and its query."""
    for part in _CHAIN.split(address):
        scheme = scheme_of(part)
        found = None if scheme in _NO_USER else _USER.search(part)
        user = found[0] if found else ""
        bare = part.replace(user, "", 1)
        name = re.split("[?#]" if scheme in _WEB else r"\?(?=[^=]*=)", bare, maxsplit=1)[0]
        yield name, user.removesuffix("@"), bare.removeprefix(name)[1:]


def _secrets(address: str) -> list[str]:
    """Return what may be secret in an address, as it is there and without ``%``, the longest first."""
    secrets = {each for _, user, query in _parts(address) for each in (user, user.partition(":")[2], query)}
    secrets |= {unquote(secret) for secret in secrets}
    return sorted((each for each in secrets if len(each) >= _SHORTEST_SECRET), key=len, reverse=True)
