"""What a collection of pictures is, and the one way to open one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from lime_core.errors import LimeError

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    """Pictures in a fixed order, and their bytes."""

    @property
    def root(self) -> str:
        """Where the pictures are: a folder or an address, for messages and for opening the collection again."""

    @property
    def pictures(self) -> tuple[CollectedPicture, ...]:
        """All pictures, sorted by path; nothing of their content has been read."""

    def read(self, path: str) -> bytes:
        """Return the bytes of a picture.

        Raises
        ------
        LimeError
            When it cannot be read, or is larger than a picture may be.
        """


@dataclass(frozen=True, slots=True)
class FolderCollection:
    """A folder of this machine; names of subfolders are the true classes."""

    root: str
    pictures: tuple[CollectedPicture, ...]

    def read(self, path: str) -> bytes:
        """Return the bytes of a picture."""
        return (Path(self.root) / path).read_bytes()


def open_collection(pictures: str | Path | Sequence[str | Path]) -> Collection:
    """Return the collection at a place.

    Parameters
    ----------
    pictures : path, address or sequence of paths
        A folder, whose subfolders' names are the true classes if there are any; a CSV of path and label; a zip file; an
        address that fsspec understands; or a list of paths.

    Returns
    -------
    collection : Collection

    Raises
    ------
    LimeError
        When there is no such place, or no picture in it.
    """
    root = Path(str(pictures))
    if not root.is_dir():
        raise LimeError(f"There is no folder {root}.")
    found = [
        CollectedPicture(path.relative_to(root).as_posix(), path.parent.name if path.parent != root else None)
        for path in sorted(root.rglob("*"))
        if path.suffix.lower() in ENDINGS
    ]
    return FolderCollection(str(root), tuple(sorted(found)))
