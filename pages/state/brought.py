"""What one visitor has brought for models: files of their own, and weights of the catalog."""

from __future__ import annotations

from collections.abc import Set

import lime_core as lc
from lime_core.models.servers import ServerClassifier
from pages.state.known_models import BroughtModel
from pages.state.read_job import ReadJob

MOST_MODELS = 4  # besides those in use


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
    taken : (str, str) or None
        Key of a model that was chosen by a button, and of the one before, until a run of the script has drawn the whole
        page: what the visitor does meanwhile is sent with the model that the page still shows.
    refusal : LimeError or None
        Why the latest model was not taken.
    refused_weights : dict of str to LimeError
        Why the latest file with a model's weights was not taken, by the model's id.
    """

    def __init__(self) -> None:
        self.models: dict[str, BroughtModel] = {}
        self.reading: ReadJob | None = None
        self.connected: tuple[str, object, ServerClassifier] | None = None
        self.taken: tuple[str, str] | None = None
        self.refusal: lc.LimeError | None = None
        self.refused_weights: dict[str, lc.LimeError] = {}

    def keep_few(self, used: Set[str]) -> None:
        """Let the oldest models go where there are very many; those in use stay."""
        for key in [key for key in self.models if key not in used][:-MOST_MODELS]:
            del self.models[key]
