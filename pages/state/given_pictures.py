"""The pictures that a visitor gives for an audit: a zip file, or a folder that the operator allows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import lime_core as lc
from lime_core.collections import CollectedPicture, Collection, open_collection
from lime_core.collections.protocol import OnThisMachine
from pages.state.allowed_folders import picture_folders
from pages.state.cache import digest
from pages.state.session import session

MOST_PICTURES = 2000


def from_zip(file_id: str, name: str, content: Callable[[], bytes]) -> Collection:
    """Return the pictures in an uploaded zip file, which is opened once.

    Raises
    ------
    LimeError
        When it is no zip file of pictures, is damaged, or holds too many.
    """
    folder, key = session().folder, digest("zip", file_id)
    collection = folder.given_as(key)
    if collection is None:
        upload = folder.new_upload()
        try:
            (upload / "pictures.zip").write_bytes(content())
            collection = _opened(upload / "pictures.zip", name)
        except BaseException:
            folder.drop_upload(upload)
            raise
        folder.give(key, collection, upload)
    return collection


def from_folder(name: str) -> Collection:
    """Return the pictures in a folder that the operator allows, by its name.

    Raises
    ------
    LimeError
        When it is not allowed, holds no pictures, or too many.
    """
    path = picture_folders().get(name)
    if path is None:
        raise lc.LimeError(f"{name} is not a folder that the operator of this server allows.")
    folder, key = session().folder, digest("folder", str(path))
    collection = folder.given_as(key)
    if collection is None:
        collection = _opened(path, name)
        folder.give(key, collection)
    return collection


@dataclass(frozen=True, slots=True)
class _GivenPictures:
    """Pictures under the name that the visitor knows: where they are on the server is no business of theirs."""

    root: str
    inner: Collection
    path: str

    @property
    def pictures(self) -> tuple[CollectedPicture, ...]:
        return self.inner.pictures

    def read(self, path: str) -> bytes:
        with _called(self.path, self.root):
            return self.inner.read(path)

    def file_of(self, path: str) -> Path | None:
        return self.inner.file_of(path) if isinstance(self.inner, OnThisMachine) else None


def _opened(path: Path, name: str) -> Collection:
    with _called(str(path), name):
        collection = open_collection(path)
    if len(collection.pictures) > MOST_PICTURES:
        raise lc.LimeError(
            f"{name} holds {len(collection.pictures):,} pictures; at most {MOST_PICTURES:,} are audited here. Give "
            "fewer, or use the command line: python -m lime_core audit PICTURES --output FOLDER."
        )
    return _GivenPictures(name, collection, str(path))


@contextmanager
def _called(path: str, name: str) -> Iterator[None]:
    """Let messages call a place what the visitor does."""
    try:
        yield
    except lc.LimeError as error:
        raise lc.LimeError(str(error).replace(path, name)) from error
    except OSError as error:
        raise lc.LimeError(f"{name} cannot be read: {error.strerror or type(error).__name__}.") from error
