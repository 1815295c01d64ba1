"""What one visitor has brought for models: files of their own, and weights of the catalog."""

from __future__ import annotations

import time
from collections.abc import Set

import lime_core as lc
from lime_core.models.servers import ServerClassifier
from pages.state.known_models import BroughtModel
from pages.state.read_job import ReadJob

MOST_MODELS = 4  # besides those in use
_ON_THE_WAY = 2.0  # seconds that a page may take to the browser, and what was done there before back


class Brought:
    """The visitor's own models, and what went wrong with files.

    Attributes
    ----------
    models : dict of str to FileModel or ServedModel
        By key, the newest last; they live as long as the session.
    reading : ReadJob or None
        The file that was read last.
    connected : (str, object, ServerClassifier) or None
        The server that was asked last: its address, what was said of the model, and the model itself.
    refusal : LimeError or None
        Why the latest model was not taken.
    refused_weights : dict of str to LimeError
        Why the latest file with a model's weights was not taken, by the model's id.
    """

    def __init__(self) -> None:
        self.models: dict[str, BroughtModel] = {}
        self.reading: ReadJob | None = None
        self.connected: tuple[str, object, ServerClassifier] | None = None
        self.refusal: lc.LimeError | None = None
        self.refused_weights: dict[str, lc.LimeError] = {}
        self._taken: tuple[str, str] | None = None
        self._meant_until: float | None = None  # None until the whole page was drawn with the taken model

    def take(self, model: str, before: str) -> None:
        """Note that a button has chosen a model, and which one the list still shows in the browser.

        What the visitor does before the browser has drawn the new choice is sent with the old one.
        """
        self._taken, self._meant_until = (model, before), None

    def meant(self, sent: str | None) -> str | None:
        """Return the model that is meant where the browser sends the one before; None where it means what it sends.

        Parameters
        ----------
        sent : str or None
            The model in the list, as the browser has sent it.
        """
        if self._taken is None:
            return None
        model, before = self._taken
        knows = self._meant_until is not None and (sent == model or time.monotonic() > self._meant_until)
        if knows or sent not in (model, before):
            self._taken = None
            return None
        return model if sent == before else None

    def page_drawn(self) -> None:
        """Note that a run of the script has drawn the whole page; one that was interrupted has not."""
        if self._taken is not None and self._meant_until is None:
            self._meant_until = time.monotonic() + _ON_THE_WAY

    def keep_few(self, used: Set[str]) -> None:
        """Let the oldest models go where there are very many; those in use stay."""
        for key in [key for key in self.models if key not in used][:-MOST_MODELS]:
            del self.models[key]
