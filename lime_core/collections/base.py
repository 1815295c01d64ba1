"""The one way to open a collection of pictures, whatever form it has."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from lime_core.collections.addresses import ending_of, is_address, is_local, open_address, scheme_of
from lime_core.collections.archive import open_zip
from lime_core.collections.folder import open_folder
from lime_core.collections.lists import LIST_ENDINGS, from_paths, open_list
from lime_core.collections.protocol import ENDINGS, CollectedPicture, Collection
from lime_core.errors import LimeError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CollectedPicture", "Collection", "open_collection"]

_IN_ZIP = re.compile(r"zip://(?P<folder>.*?)::(?P<place>.+)")
_FORMS = (
    "Give a folder, a .zip file, a .txt file of paths, a .csv file of paths and labels, or an address such as "
    "s3://bucket/folder or https://example.org/list.csv"
)


def open_collection(pictures: str | Path | Sequence[str | Path]) -> Collection:
    """Return the collection at a place. No picture is opened.

    Parameters
    ----------
    pictures : path, address or sequence of paths
        * A folder: every picture in it, told by the ending of its name. The name of the first subfolder is the true
          class, however deep the picture lies below it; a picture beside the subfolders has none.
        * A zip file: the same. One folder that holds everything is not a class but the top.
        * A text file (``.txt``) of paths, one a line, or a CSV (``.csv``, ``.tsv``) of paths and labels, with a header
          or without; relative to its place. Every row is kept, whatever its name ends in.
        * An address that fsspec understands: ``s3://bucket/prefix``, ``gs://bucket/prefix`` and others are read as
          folders; those that end in ``.zip``, ``.txt``, ``.csv`` or ``.tsv``, on the web too, as such files;
          ``zip://FOLDER::ADDRESS`` as a folder in a zip file. A `Path` is never taken for an address, nor is a name
          with ``::`` in it that exists here.
        * A sequence of paths and addresses: these, without labels.

        What an address may name is not restricted: do not pass those of strangers.

    Returns
    -------
    collection : Collection

    Raises
    ------
    LimeError
        When there is no such place, it cannot be read, a package for it is missing, or no picture is in it.
    """
    if isinstance(pictures, os.PathLike):
        return _open_path(Path(pictures))
    if not isinstance(pictures, str):
        return from_paths(pictures)
    if is_local(pictures):
        return _open_path(Path(pictures))
    if scheme_of(pictures) == "file":
        return _open_path(Path(url2pathname(urlsplit(pictures).path)))
    if parts := _IN_ZIP.fullmatch(pictures):
        return open_zip(parts["place"].removeprefix("file://"), parts["folder"])
    ending = ending_of(pictures)
    if ending == ".zip":
        return open_zip(pictures)
    return open_list(pictures) if ending in LIST_ENDINGS else open_address(pictures)


def _open_path(path: Path) -> Collection:
    if is_address(str(path)):  # a relative path such as data::v2, which nothing is to take for an address from here on
        path = path.absolute()
    if path.is_dir():
        return open_folder(path)
    if not path.exists():
        raise LimeError(f"There is no {path}. {_FORMS}.")
    ending = path.suffix.lower()
    if ending == ".zip":
        return open_zip(str(path))
    if ending in LIST_ENDINGS:
        return open_list(str(path))
    if ending in ENDINGS:
        raise LimeError(f"{path} is a single picture, not a collection. {_FORMS}; or explain it with `explain`.")
    raise LimeError(f"{path} is no collection of pictures. {_FORMS}.")
