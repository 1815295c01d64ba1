"""Models that fail in a worker process in one way or another; every process can import this module."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audits.tiny_model import TinyClassifier, TinySource

import lime_core as lc

if TYPE_CHECKING:
    import numpy as np


class Failing(TinyClassifier):
    """Fails with an error of the library for every picture but an evenly grey one, and with another error for that."""

    def predict(self, images: np.ndarray) -> np.ndarray:
        if (images == images[0, 0, 0]).all():
            raise ZeroDivisionError("no contrast")
        raise lc.ModelError("No answer.")


class Ending(TinyClassifier):
    """Ends the thread that asks."""

    def predict(self, images: np.ndarray) -> np.ndarray:
        sys.exit("enough")


@dataclass(frozen=True)
class FailingSource(TinySource):
    """Fails in the named way."""

    way: str = "predict"

    def load(self, precision: str) -> lc.Classifier:
        if self.way == "import":
            raise ImportError("There is no torch")
        if self.way == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.way == "exit":
            os._exit(3)
        return Failing() if self.way == "predict" else Ending()
