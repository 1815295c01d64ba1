"""The folder of results: written whole or not at all."""

from __future__ import annotations

import contextlib
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lime_core.errors import LimeError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def writing(folder: Path) -> Iterator[Path]:
    """Give a folder to write into, and move its files to `folder` when the block has succeeded.

    Parameters
    ----------
    folder : Path
        Made with its parents if it is not there; files of the same names are replaced, others stay.

    Yields
    ------
    draft : Path
        An empty folder, removed afterwards.

    Raises
    ------
    LimeError
        If the folder or a file cannot be written.
    """
    try:
        made = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        try:
            # Inside the folder, so that moving a file up is one step on the same disk.
            with tempfile.TemporaryDirectory(dir=folder, prefix=".unfinished-") as name:
                draft = Path(name)
                yield draft
                for file in draft.iterdir():
                    file.replace(folder / file.name)
        finally:
            if made:
                # Succeeds only if nothing was written.
                with contextlib.suppress(OSError):
                    folder.rmdir()
    except OSError as error:
        raise LimeError(f"Cannot write to {folder}: {error.strerror or error}. Choose another --output.") from error
