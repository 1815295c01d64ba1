"""Pictures that a user gives: each is decoded once, not at every rerun of the page."""

from __future__ import annotations

from streamlit.runtime.uploaded_file_manager import UploadedFile

import lime_core as lc
from pages.state.cache import digest
from pages.state.server import server


def decoded(file: UploadedFile) -> lc.Image:
    """Return the picture in an uploaded file.

    Raises
    ------
    ImageError
        When the file cannot be used.
    """
    result = server().cached(digest("upload", file.file_id), lambda: _decode(file))
    if isinstance(result, lc.ImageError):
        raise result
    return result


def _decode(file: UploadedFile) -> lc.Image | lc.ImageError:
    try:
        return lc.load_image(file.getvalue())
    except lc.ImageError as error:
        return error
