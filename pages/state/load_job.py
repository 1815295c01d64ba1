"""Load a classifier in a thread of its own, so that the page stays usable meanwhile."""

from __future__ import annotations

import logging
import threading

from streamlit.runtime.scriptrunner import script_runner

import lime_core as lc
from lime_core.models.engines.base import Precision

_LOG = logging.getLogger("limelight")


def keep_keras_whole() -> None:
    """Keep Streamlit from clearing Keras's global state at the end of every run of every session's script.

    It does so in the midst of another thread's building (whose layers then get the same names twice) or asking
    (whose compiled kernels are dropped), and spends a fifth of a second on it. No setting turns it off.
    """
    script_runner._clean_problem_modules = lambda: None  # noqa: SLF001


class CancelledError(Exception):
    """Somebody pressed cancel."""


class Loading:
    """A classifier on its way: fetch the weights if they are not here, then build the network.

    Attributes
    ----------
    model : str
        Id in the catalog.
    precision : {"f32", "bf16"}
        Numbers inside the network.
    classifier : Classifier or None
        The result, once it is there.
    error : LimeError or None
        Why there is none.
    bytes_done, bytes_total : int
        Progress of the download; both 0 while nothing is fetched.
    """

    def __init__(self, model: str, precision: Precision = "f32") -> None:
        self.model, self.precision = model, precision
        self.classifier: lc.Classifier | None = None
        self.error: lc.LimeError | None = None
        self.bytes_done = self.bytes_total = 0
        self._cancel = threading.Event()
        self._finished = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"load {model}", daemon=True)

    def start(self) -> None:
        """Begin; call it once."""
        self._thread.start()

    def cancel(self) -> None:
        """Give up at the next piece of the download; a network that is being built is built to its end."""
        self._cancel.set()

    def wait(self, seconds: float) -> bool:
        """Wait for the end at most so long; return whether it came."""
        return self._finished.wait(seconds)

    @property
    def finished(self) -> bool:
        """Whether it has ended, one way or the other."""
        return self._finished.is_set()

    @property
    def failed(self) -> bool:
        """Whether it has ended without a classifier."""
        return self._finished.is_set() and self.classifier is None

    def _progress(self, done: int, total: int) -> None:
        self.bytes_done, self.bytes_total = done, total
        if self._cancel.is_set():
            raise CancelledError

    def _work(self) -> None:
        try:
            self.classifier = lc.load_classifier(self.model, precision=self.precision, on_progress=self._progress)
        except CancelledError:
            self.error = lc.WeightsError("The download was cancelled; nothing of it was kept.")
        except lc.LimeError as error:
            self.error = error
        except Exception as error:
            _LOG.exception("Loading %s failed", self.model)
            self.error = lc.ModelError(f"The model {self.model} could not be loaded: {type(error).__name__}: {error}")
        finally:
            self._finished.set()
