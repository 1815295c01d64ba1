"""The models that can be chosen: those of the catalog, and models of the visitors' own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol
from weakref import WeakValueDictionary

import lime_core as lc
from lime_core.models import ModelCard, is_available, model_card
from lime_core.models.engines.base import Precision
from lime_core.models.from_file import classifier_from
from lime_core.models.outputs import OutputChoice
from lime_core.models.own.model import OwnModel
from lime_core.models.servers import ServerClassifier
from pages.state.cache import digest

MOST_BYTES = 2 << 30  # of all visitors' own models together


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
    def has_precisions(self) -> bool:
        """Whether the precision of the numbers inside it can be chosen here."""

    @property
    def bytes_to_fetch(self) -> int:
        """How much has to be fetched before it can be loaded; 0 where everything is here."""

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags of the command line that choose it."""

    def load(self, precision: Precision, on_progress: Callable[[int, int], object]) -> lc.Classifier:
        """Return it ready to use; fetch its weights first where they are missing."""


@dataclass(frozen=True, slots=True)
class CatalogModel:
    """A model of the catalog."""

    has_precisions: ClassVar[bool] = True

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

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags of the command line that choose it."""
        return ("--model", self.card.id)

    def load(self, precision: Precision, on_progress: Callable[[int, int], object]) -> lc.Classifier:
        """Return it ready to use; fetch its weights first where they are missing."""
        return lc.load_classifier(self.card.id, precision=precision, on_progress=on_progress)


@dataclass(frozen=True, slots=True, weakref_slot=True)
class FileModel:
    """A model in a file that a visitor has brought.

    Attributes
    ----------
    model : OwnModel
        What was read.
    file : str
        Name of the file; may hold anything.
    labels : tuple of str or None
        Class names; None for those in the file, or numbers.
    labels_file : str
        Name of their file, empty without one.
    preprocessing, outputs : str
        How it is fed and read, as `lime_core.models.from_file.classifier_from` takes them.
    """

    has_precisions: ClassVar[bool] = True
    bytes_to_fetch: ClassVar[int] = 0

    model: OwnModel
    file: str
    labels: tuple[str, ...] | None = None
    labels_file: str = ""
    preprocessing: str = "none"
    outputs: OutputChoice = "auto"

    @property
    def id(self) -> str:
        """A digest of everything that makes it up."""
        parts = (self.model.sha256, self.model.output, str(self.model.input_size), self.preprocessing, self.outputs)
        return f"file-{digest(*parts, self.file, *(self.labels or ()))[:24]}"

    @property
    def title(self) -> str:
        """Name of the file, with what is done to the pixels."""
        return _titled(self.file, self.preprocessing)

    @property
    def input_size(self) -> tuple[int, int]:
        """Height and width of its pictures."""
        return self.model.input_size

    @property
    def bytes_held(self) -> int:
        """Memory that it takes while it is kept, or room on the disk where that is more."""
        memory = len(self.model.graph.weights) + len(self.model.graph.structure)
        return memory if self.model.file is None else max(memory, self.model.file.size)

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags of the command line that choose it."""
        height, width = self.model.input_size
        words = ["--model", self.file, "--preprocessing", self.preprocessing, "--outputs", self.outputs]
        words += ["--head", self.model.output] if len(self.model.outputs) > 1 else []
        words += ["--labels", self.labels_file] if self.labels_file else []
        return (*words, "--input-size", str(height), str(width))

    def load(self, precision: Precision, on_progress: Callable[[int, int], object]) -> lc.Classifier:
        """Return it ready to use."""
        del on_progress
        return classifier_from(
            self.model,
            id=self.title,
            labels=self.labels,
            preprocessing=self.preprocessing,
            outputs=self.outputs,
            precision=precision,
        )


@dataclass(frozen=True, slots=True, weakref_slot=True)
class ServedModel:
    """A model on a server that the operator allows.

    Attributes
    ----------
    classifier : ServerClassifier
        Connected.
    address : str
        Where it is.
    labels_file : str
        Name of the file with its class names, empty without one.
    outputs : str
        How it is read.
    """

    has_precisions: ClassVar[bool] = False
    bytes_to_fetch: ClassVar[int] = 0

    classifier: ServerClassifier
    address: str
    labels_file: str = ""
    outputs: OutputChoice = "auto"

    @property
    def id(self) -> str:
        """A digest of everything that makes it up."""
        return f"server-{digest(self.classifier.identity, *self.classifier.class_names)[:24]}"

    @property
    def title(self) -> str:
        """Its name on the server, with what is done to the pixels."""
        return _titled(self.classifier.id, self.classifier.preprocessing)

    @property
    def input_size(self) -> tuple[int, int]:
        """Height and width of its pictures."""
        return self.classifier.input_size

    @property
    def bytes_held(self) -> int:
        """Memory that it takes while it is kept."""
        return 0

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags of the command line that choose it."""
        words = ["--model", self.address, "--preprocessing", self.classifier.preprocessing, "--outputs", self.outputs]
        return (*words, *(("--labels", self.labels_file) if self.labels_file else ()))

    def load(self, precision: Precision, on_progress: Callable[[int, int], object]) -> lc.Classifier:
        """Return it; the server decides on the precision."""
        del precision, on_progress
        return self.classifier


def _titled(name: str, preprocessing: str) -> str:
    return name if preprocessing == "none" else f"{name} ({preprocessing})"


BroughtModel = FileModel | ServedModel
# By key, as long as a session or a run holds them; no session knows the keys of another.
_BROUGHT: WeakValueDictionary[str, BroughtModel] = WeakValueDictionary()


def bring(model: BroughtModel) -> None:
    """Let a visitor's own model be found by its key, as long as somebody holds it.

    Raises
    ------
    ModelError
        If those of all visitors together take more memory than is set aside for them.
    """
    held = sum(each.bytes_held for each in list(_BROUGHT.values()) if each.id != model.id)
    if held + model.bytes_held > MOST_BYTES:
        raise lc.ModelError(
            "The models that visitors have brought take all the memory set aside for them; try again when others have "
            "closed their pages."
        )
    _BROUGHT[model.id] = model


def known_model(key: str) -> KnownModel:
    """Return the model of a key.

    Raises
    ------
    ModelError
        If there is none.
    """
    return _BROUGHT.get(key) or CatalogModel(model_card(key))
