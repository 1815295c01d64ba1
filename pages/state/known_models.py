"""The models that can be chosen: those of the catalog, and models of the visitors' own."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import lime_core as lc
from lime_core.models import ModelCard, is_available, model_card
from lime_core.models.engines.base import Precision

MOST_BYTES = 1 << 30  # of graphs of the visitors' own models


class KnownModel(Protocol):
    """What the page has to know of a model before it is loaded."""

    @property
    def id(self) -> str:
        """Its key: an id of the catalog, or a digest of everything that makes up a model of somebody's own."""

    @property
    def title(self) -> str:
        """Its name for people; that of a visitor's own model may hold anything."""

    @property
    def input_size(self) -> tuple[int, int]:
        """Height and width of its pictures."""

    @property
    def bytes_to_fetch(self) -> int:
        """How much has to be fetched before it can be loaded; 0 where everything is here."""

    def load(self, precision: Precision, on_progress: Callable[[int, int], object]) -> lc.Classifier:
        """Return it ready to use; fetch its weights first where they are missing."""


@dataclass(frozen=True, slots=True)
class CatalogModel:
    """A model of the catalog."""

    card: ModelCard

    @property
    def id(self) -> str:
        """Its id in the catalog."""
        return self.card.id

    @property
    def title(self) -> str:
        """Its name for people."""
        return self.card.title

    @property
    def input_size(self) -> tuple[int, int]:
        """Height and width of its pictures."""
        return self.card.input_size

    @property
    def bytes_to_fetch(self) -> int:
        """Size of its weights while they are not on this machine."""
        return 0 if is_available(self.card) else self.card.weights_bytes

    def load(self, precision: Precision, on_progress: Callable[[int, int], object]) -> lc.Classifier:
        """Return it ready to use; fetch its weights first where they are missing."""
        return lc.load_classifier(self.card.id, precision=precision, on_progress=on_progress)


class OwnModels:
    """Models that visitors have brought, of all sessions; each session knows the keys of its own only.

    Parameters
    ----------
    most_bytes : int
        Of graphs that are kept; beyond that the least recently used models go.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        # The least recently used one first.
        self._models: OrderedDict[str, tuple[KnownModel, int]] = OrderedDict()
        self._guard = threading.Lock()

    def keep(self, model: KnownModel, size: int) -> None:
        """Keep a model of so many bytes, and let others go where there are too many; the newest one always stays."""
        with self._guard:
            self._models[model.id] = (model, size)
            self._models.move_to_end(model.id)
            while len(self._models) > 1 and sum(size for _, size in self._models.values()) > self._most_bytes:
                self._models.popitem(last=False)

    def get(self, key: str) -> KnownModel | None:
        """Return a model; None where it was never there, or is not any more."""
        with self._guard:
            if key not in self._models:
                return None
            self._models.move_to_end(key)
            return self._models[key][0]


@cache
def own_models() -> OwnModels:
    """Return the models that visitors have brought to this server."""
    return OwnModels()


def known_model(key: str) -> KnownModel:
    """Return the model of a key.

    Raises
    ------
    ModelError
        If there is none.
    """
    return own_models().get(key) or CatalogModel(model_card(key))
