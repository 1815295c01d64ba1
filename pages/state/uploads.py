"""Files that a user gives: each is decoded once, not at every rerun of the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from streamlit.runtime.uploaded_file_manager import UploadedFile

import lime_core as lc
from lime_core.models.labels import Labels, labels_from
from lime_core.superpixels import LabelMap
from pages.state.cache import digest
from pages.state.server import server

T = TypeVar("T")

MOST_MEGABYTES = 20  # of a picture or a label map; the core refuses larger ones


def decoded(file: UploadedFile, value_range: tuple[float, float] | None = None) -> lc.Image:
    """Return the picture in an uploaded file.

    Parameters
    ----------
    file : UploadedFile
        Of any name: the format is told by the contents.
    value_range : (float, float), optional
        The numbers in the file that are black and white; found from the file if left out.

    Raises
    ------
    ImageError
        When the file cannot be used.
    """
    if value_range is None:
        return _once("upload", file, lc.load_image)
    return _once(f"upload as {value_range}", file, lambda data: lc.load_image(data, value_range=value_range))


def decoded_label_map(file: UploadedFile) -> LabelMap:
    """Return the superpixels in an uploaded PNG file.

    Raises
    ------
    SpecError
        When the file cannot be used.
    """
    return _once("label map", file, LabelMap.load)


def decoded_labels(file: UploadedFile) -> Labels:
    """Return the class names in an uploaded file.

    Raises
    ------
    ModelError
        When the file cannot be used.
    """
    return _once("labels", file, lambda data: labels_from(data, file.name))


def _once(kind: str, file: UploadedFile, decode: Callable[[bytes], T]) -> T:
    """Decode a file unless its result, or the error it gave, is kept."""

    def attempt() -> T | lc.LimeError:
        try:
            return decode(file.getvalue())
        except lc.LimeError as error:
            return error

    result = server().cached(digest(kind, file.file_id), attempt)
    if isinstance(result, lc.LimeError):
        raise result
    return result
