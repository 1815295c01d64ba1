"""Zip files of pictures, of this machine or at an address; they need not be trusted, and nothing is unpacked."""

from __future__ import annotations

import functools
import os
import stat
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lime_core.collections.addresses import is_address, open_seekable, shown, shown_in
from lime_core.collections.protocol import CollectedPicture, is_picture_name, labelled_by_folder, no_pictures
from lime_core.errors import LimeError, in_words
from lime_core.picture.limits import check_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_FILES = 100_000
_LONGEST_TABLE = 16 << 20  # bytes: about 130 for each file
_END, _END_SIZE = b"PK\x05\x06", 22
_END64, _END64_SIZE = b"PK\x06\x06", 56
_LOCATOR, _LOCATOR_SIZE = b"PK\x06\x07", 20
_LONGEST_COMMENT = (1 << 16) - 1
_ENCRYPTED = 0x1
# The others take memory that the file itself chooses.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@dataclass(frozen=True, slots=True)
class ZipCollection:
    """A zip file; names of the folders in it are the true classes.

    Attributes
    ----------
    root : str
        Path or address of the file.
    below : str
        Folder in the file, with ``/`` at its end, that the paths of pictures are below; empty for its top.
    """

    root: str
    below: str
    pictures: tuple[CollectedPicture, ...]

    def read(self, path: str) -> bytes:
        """Return the bytes of a picture, see `Collection.read`."""
        archive, entries = _archive(self.root, _version(self.root), os.getpid())
        name = f"{path} in {shown(self.root)}"
        entry = entries.get(self.below + path)
        if entry is None:
            raise LimeError(f"{name} is not there any more: the zip file has changed.")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise LimeError(f"{name} is a link to another file.")
        if entry.flag_bits & _ENCRYPTED:
            raise LimeError(f"{name} is encrypted. Make the zip file without a password.")
        if entry.compress_type not in _METHODS:
            raise LimeError(f"{name} is compressed by another method than deflate. Make the zip file anew.")
        check_bytes(entry.file_size, name)
        try:
            # No more is unpacked than the size that is stated.
            data = archive.read(entry)
        except LimeError:
            raise
        except Exception as error:  # of an address: what its storage raises
            raise LimeError(f"{name} is damaged: {shown_in(in_words(error), self.root)}.") from error
        check_bytes(len(data), name)
        return data

    def file_of(self, path: str) -> Path | None:  # noqa: ARG002 - one file holds all pictures
        """Return the zip file, see `OnThisMachine`."""
        return None if is_address(self.root) else Path(self.root)


def open_zip(place: str, folder: str = "") -> ZipCollection:
    """Return the pictures in a zip file.

    The first folder of a path is the true class. Where all pictures are in one folder, as when a folder was packed,
    that one is the top.

    Parameters
    ----------
    place : str
        Path or address of the file.
    folder : str
        Only what is in this folder of it.

    Raises
    ------
    LimeError
        If it is no zip file or a damaged one, has too many files, two of the same name or one whose name leads out of
        it, or no picture.
    """
    _, entries = _archive(place, _version(place), os.getpid())
    below = folder.strip("/") + "/" if folder.strip("/") else ""
    paths = [path for path in entries if path.startswith(below) and is_picture_name(path)]
    if not paths:
        raise no_pictures(f"{below} of {shown(place)}" if below else shown(place))
    if all(entries[path].flag_bits & _ENCRYPTED for path in paths):
        raise LimeError(f"The pictures in {shown(place)} are encrypted. Make the zip file without a password.")
    tops = {path.removeprefix(below).partition("/")[::2] for path in paths}
    names = {top for top, _ in tops}
    if not folder and len(names) == 1 and all(rest for _, rest in tops):
        below = f"{names.pop()}/"
    return ZipCollection(place, below, labelled_by_folder(path.removeprefix(below) for path in paths))


def _version(place: str) -> tuple[int, int]:
    """Return what changes when a file of this machine does."""
    if is_address(place):
        return 0, 0
    try:
        facts = Path(place).stat()
    except (OSError, ValueError) as error:
        raise LimeError(f"{shown(place)} cannot be read: {in_words(error)}.") from error
    if not stat.S_ISREG(facts.st_mode):
        raise LimeError(f"{shown(place)} is not a file.")
    return facts.st_size, facts.st_mtime_ns


@functools.lru_cache(maxsize=2)
def _archive(
    place: str, _stamp: tuple[int, int], _process: int
) -> tuple[zipfile.ZipFile, Mapping[str, zipfile.ZipInfo]]:
    """Return an open zip file and its files by path. Kept open, since a long table takes a second to read."""
    try:
        if is_address(place):
            file = open_seekable(place)
            _check_table(file, place)
            archive = zipfile.ZipFile(file)
        else:
            with Path(place).open("rb") as file:
                _check_table(file, place)
            archive = zipfile.ZipFile(place)
    except LimeError:
        raise
    except Exception as error:  # of an address: what its storage raises
        words = shown_in(in_words(error), place)
        raise LimeError(f"{shown(place)} is not a zip file, or is damaged: {words}.") from error
    return archive, _entries(archive, place)


def _entries(archive: zipfile.ZipFile, place: str) -> dict[str, zipfile.ZipInfo]:
    entries: dict[str, zipfile.ZipInfo] = {}
    files = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(files) > _MOST_FILES:
        raise _too_long(place)
    for entry in files:
        path = entry.filename.replace("\\", "/")  # as some programs of Windows write them
        parts = path.split("/")
        if path.startswith("/") or ".." in parts or "." in parts or "" in parts or parts[0].endswith(":"):
            raise LimeError(f"The zip file {shown(place)} has a file named {path[:80]!r}, which leads out of it.")
        if path in entries and is_picture_name(path):
            raise LimeError(
                f"The zip file {shown(place)} has two files named {path[:80]!r}, so it is unclear which is meant."
            )
        entries[path] = entry
    return entries


def _check_table(file: Any, place: str) -> None:
    """Check how long the table of contents is, because `zipfile` reads all of it."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_SIZE - _LONGEST_COMMENT - _LOCATOR_SIZE - _END64_SIZE))
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_SIZE:
        raise LimeError(f"{shown(place)} is not a zip file, or only a part of one: copy or download it again.")
    (length,) = struct.unpack_from("<I", tail, at + 12)
    locator = at - _LOCATOR_SIZE
    # As `zipfile` looks for it.
    if locator >= _END64_SIZE and tail.startswith(_LOCATOR, locator) and tail.startswith(_END64, locator - _END64_SIZE):
        (length,) = struct.unpack_from("<Q", tail, locator - _END64_SIZE + 40)
    if length > _LONGEST_TABLE:
        raise _too_long(place)


def _too_long(place: str) -> LimeError:
    return LimeError(
        f"The zip file {shown(place)} has more than {_MOST_FILES:,} files, or a table of contents of more than "
        f"{_LONGEST_TABLE >> 20} MB. Unpack it and give the folder."
    )
