"""A folder of this machine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lime_core.collections.local_files import read_picture_file
from lime_core.collections.protocol import CollectedPicture, is_picture_name, labelled_by_folder, no_pictures, writable
from lime_core.errors import LimeError

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class FolderCollection:
    """A folder of this machine; names of its subfolders are the true classes."""

    root: str
    pictures: tuple[CollectedPicture, ...]

    def read(self, path: str) -> bytes:
        """Return the bytes of a picture, see `Collection.read`."""
        return read_picture_file(self.file_of(path))

    def file_of(self, path: str) -> Path:
        """Return the file of a picture, see `OnThisMachine`."""
        return Path(self.root) / path


def open_folder(folder: Path) -> FolderCollection:
    """Return the pictures in a folder and in its subfolders, however deep.

    The name of the subfolder of `folder` itself is the true class: ``cat/indoors/1.jpg`` is a ``cat``. A picture beside
    the subfolders has none. What is hidden (``.name``) is left out. Links are followed, but no folder is searched
    twice. A subfolder that cannot be opened, or is named like a picture, is listed, so that reading it says what is
    wrong.

    Raises
    ------
    LimeError
        When the folder cannot be opened, or there is no picture.
    """
    root, name = str(folder), writable(str(folder))
    try:
        with os.scandir(root):
            pass
    except OSError as error:
        raise LimeError(f"The folder {name} cannot be opened: {error.strerror}.") from error
    pictures = labelled_by_folder(_walk(root))
    if not pictures:
        raise no_pictures(name)
    return FolderCollection(root, pictures)


def _walk(root: str) -> Iterator[str]:
    """Yield the path of each picture below `root`, in no order.

    Real folders come first, so that what a link shows a second time is listed at its own place.
    """
    visited = {os.path.realpath(root)}
    folders, links = [""], list[str]()
    while folders or links:
        if folders:
            below = folders.pop()
        else:
            below = links.pop()
            real = os.path.realpath(Path(root, below))
            if real in visited:
                continue
            visited.add(real)
        try:
            with os.scandir(Path(root, below)) as found:
                entries = sorted(found, key=lambda entry: entry.name, reverse=True)
        except OSError:
            yield writable(below)
            continue
        for entry in entries:
            path = f"{below}/{entry.name}" if below else entry.name
            if is_picture_name(path):
                yield writable(path)
            elif entry.name.startswith("."):
                continue
            elif _is_folder(entry):
                if entry.is_symlink():
                    links.append(path)
                else:
                    folders.append(path)
                    visited.add(os.path.realpath(Path(root, path)))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle
        return False
