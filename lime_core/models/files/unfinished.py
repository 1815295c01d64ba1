"""Files that are being written: beside the place they are meant for, hidden, and moved there once they are complete.

A process that is killed leaves its unfinished file behind; the next one that writes into the folder removes it.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# Longer than any pause of a writer: what nobody has written to for so long was left by a process that died.
_ABANDONED_SECONDS = 3600
# Names only our own files, because Keras's folder has other users too.
_ENDING = "limelight"


@contextmanager
def unfinished(path: Path) -> Iterator[Path]:
    """Give a new path in the folder of a file, made if need be, to write it to and move it from.

    In the same folder, so that moving it into place is one step; no other writer has the same one. What the block
    leaves there is removed, and so is what others left in the folder an hour ago or earlier.

    Parameters
    ----------
    path : Path
        Where the complete file belongs.

    Yields
    ------
    part : Path
        Nothing is there yet.

    Raises
    ------
    OSError
        If the folder cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(OSError):
        remove_files(other for other in path.parent.glob(f".*.{_ENDING}") if age(other) > _ABANDONED_SECONDS)
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.{_ENDING}")
    try:
        yield part
    finally:
        remove_files([part])


def age(path: Path) -> float:
    """Return the seconds between now and a file's last change, or infinity if it is gone.

    A date in the future, which a wrong clock has made, counts as far from now as one in the past.
    """
    try:
        return abs(time.time() - path.stat().st_mtime)
    except OSError:
        return float("inf")


def remove_files(paths: Iterable[Path]) -> None:
    """Remove files as far as possible."""
    for path in paths:
        # Another process may have removed it already, or may still be reading it, which Windows does not allow.
        with contextlib.suppress(OSError):
            path.unlink()
