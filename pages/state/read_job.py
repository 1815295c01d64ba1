"""Read a visitor's model file in the background."""

from __future__ import annotations

import threading
from typing import ClassVar

import lime_core as lc
from lime_core.models.own.model import OwnModel
from lime_core.models.own.reading import read_model
from pages.state.background_job import BackgroundJob

MOST_MEGABYTES = 300  # of a file; ResNet152 has 240
_MOST_SECONDS = 180
_SLOWEST = 2.0  # seconds a picture; VGG16 takes about 0.1
# Each takes up to some gigabytes for seconds.
_AT_ONCE = threading.Semaphore(2)


class ReadJob(BackgroundJob):
    """A model file that is being read, checked and converted in a process of its own.

    Parameters
    ----------
    key : str
        Tells this reading from others: the file and how it is read.
    name : str
        Name of the file.
    content : bytes
        The file.
    input_size : (int, int), optional
        Height and width, where the model leaves them open.
    output : str, optional
        The output to explain, where there are several.

    Attributes
    ----------
    model : OwnModel or None
        The result, once it is there.
    """

    failure: ClassVar[str] = "The file could not be read"

    def __init__(
        self,
        key: str,
        name: str,
        content: bytes,
        *,
        input_size: tuple[int, int] | None = None,
        output: str | None = None,
    ) -> None:
        super().__init__("read model")
        self.key, self.file = key, name
        self._content: bytes | None = content
        self._input_size, self._output = input_size, output
        self.model: OwnModel | None = None

    def work(self) -> None:
        """Read the file, when not too many others are read at the moment."""
        while not _AT_ONCE.acquire(timeout=0.2):
            self.check()
        try:
            if self._content is not None:
                self.model = read_model(
                    self._content,
                    name=self.file,
                    input_size=self._input_size,
                    output=self._output,
                    max_bytes=MOST_MEGABYTES * 10**6,
                    max_seconds=_MOST_SECONDS,
                )
                if self.model.seconds_per_picture > _SLOWEST:
                    slow, self.model = self.model, None
                    raise lc.ModelError(
                        f"This model takes {slow.seconds_per_picture:.1f} s a picture on this server, where at most "
                        f"{_SLOWEST:g} s are allowed: others wait for their turn meanwhile. Use the command line."
                    )
        finally:
            _AT_ONCE.release()

    def clean_up(self) -> None:
        """Let the file go."""
        self._content = None
