"""What a collection of pictures is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from lime_core.errors import LimeError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif", ".heic", ".heif")


@dataclass(frozen=True, slots=True, order=True)
class CollectedPicture:
    """One picture of a collection.

    Attributes
    ----------
    path : str
        Where it is, below the collection's root, with ``/`` between the parts: what names it everywhere.
    label : str or None
        Its true class; None where that is not known.
    """

    path: str
    label: str | None = None


@runtime_checkable
class Collection(Protocol):
    """Pictures in a fixed order, and their bytes. It can be pickled: other processes read for themselves."""

    @property
    def root(self) -> str:
        """Where the pictures are: a folder, a file or an address, for messages and for opening the collection again."""

    @property
    def pictures(self) -> tuple[CollectedPicture, ...]:
        """All pictures, sorted by path, each path once; nothing of their content has been read."""

    def read(self, path: str) -> bytes:
        """Return the bytes of a picture.

        Raises
        ------
        LimeError
            When it cannot be read, or is larger than a picture may be.
        """


@runtime_checkable
class OnThisMachine(Protocol):
    """A collection whose pictures may be in files of this machine."""

    def file_of(self, path: str) -> Path | None:
        """Return the file that holds a picture, whether it is there or not; None where it is not on this machine."""


def is_picture_name(path: str) -> bool:
    """Return whether a path ends like a picture and no part of it is hidden (begins with a dot, or is ``__MACOSX``)."""
    parts = path.split("/")
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    return not hidden and path.lower().endswith(ENDINGS)


def labelled_by_folder(paths: Iterable[str]) -> tuple[CollectedPicture, ...]:
    """Return pictures sorted by path, each labelled with the first folder of its path; None if it is in no folder."""
    folders = ((path, path.partition("/")[0] if "/" in path else "") for path in sorted(paths))
    return tuple(CollectedPicture(path, folder or None) for path, folder in folders)


def writable(path: str) -> str:
    r"""Return a path that can be written into files: bytes that are no UTF-8 become ``\xNN``, and cannot be read."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def no_pictures(root: str) -> LimeError:
    """Return the error for a place without pictures."""
    return LimeError(f"There is no picture in {root}: their names must end in one of {', '.join(ENDINGS)}.")
