"""A model file that is kept for later, on the disk and not in memory."""

from __future__ import annotations

import hashlib
import tempfile
import threading
import weakref
from typing import TYPE_CHECKING

from lime_core.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

    from lime_core.models.own.limits import Limits

_CHUNK = 1 << 20


class KeptFile:
    """A copy of a model file in a temporary file without a name, which is deleted when this object is released.

    Threads may share it.

    Parameters
    ----------
    path : Path
        The file, checked.
    sha256 : str
        Its digest when it was checked; what is changed afterwards is refused.
    limits : Limits
        Of the process that read it, also for further ones.

    Attributes
    ----------
    size : int
        In bytes.

    Raises
    ------
    OSError
        If it cannot be copied.
    """

    def __init__(self, path: Path, sha256: str, limits: Limits) -> None:
        self.sha256, self.limits, self.size = sha256, limits, path.stat().st_size
        self._copying = threading.Lock()
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed below
        weakref.finalize(self, self._file.close)
        with path.open("rb") as source:
            while chunk := source.read(_CHUNK):
                self._file.write(chunk)

    def copy_to(self, path: Path) -> None:
        """Write the file to a new path.

        Raises
        ------
        ModelError
            If it is not the file any more that was checked.
        OSError
            If it cannot be copied.
        """
        digest = hashlib.sha256()
        with self._copying, path.open("xb") as target:
            self._file.seek(0)
            while chunk := self._file.read(_CHUNK):
                digest.update(chunk)
                target.write(chunk)
        if digest.hexdigest() != self.sha256:
            raise ModelError("The copy of the model file was changed after it had been checked: load the model again.")
