"""How a network's own outputs are read: in the form that was chosen, or that its first answers show."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from lime_core.errors import ModelError
from lime_core.models.names import numbered_names
from lime_core.models.outputs import (
    LAST_OPERATIONS,
    PRESUMED,
    ROUNDING,
    Meaning,
    OutputForm,
    apply,
    check_choice,
    recognised_form,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_VALUES = "The model's outputs are values in its own unit, and explained as they are."
_TWO_CLASSES = "The single output p is the probability of class 1; class 0 has 1 − p."
_DESCRIPTIONS: dict[OutputForm, str] = {
    "probabilities": "probabilities",
    "softmax": "logits, and a softmax is applied to them",
    "sigmoid": "logits of independent classes, and a sigmoid is applied to each",
    "log": "log-probabilities, and their exponential is taken",
    "values": "values in the model's own unit, and explained as they are",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """How a model's own outputs are read.

    Attributes
    ----------
    form : {"probabilities", "softmax", "sigmoid", "log", "values"}
        What they are, see `apply`.
    two_classes : bool
        Whether the single output becomes two classes, see `apply`.
    presumed : bool
        Whether they were taken for probabilities only because the first of them lay in 0..1.
    note : str
        What was taken, why, and how to change it; empty where the user chose the form and nothing else is to be said.
    """

    form: OutputForm
    two_classes: bool = False
    presumed: bool = False
    note: str = ""

    @property
    def meaning(self) -> Meaning:
        """What class outputs are: ``"probabilities"``, or ``"values"`` in the model's own unit."""
        return "values" if self.form == "values" else "probabilities"

    @property
    def unchanged(self) -> bool:
        """Whether class outputs are the network's own probabilities."""
        return self.form == "probabilities" and not self.two_classes

    @property
    def identity(self) -> str:
        """Distinguishes this reading from others; empty where outputs are left as they are."""
        if self.unchanged:
            return ""
        return f"outputs {self.form}" + (" of two classes" if self.two_classes else "")

    def names(self, names: tuple[str, ...], count: int) -> tuple[str, ...]:
        """Return the given names, or where there are none one for each of `count` outputs."""
        if names:
            return names
        if self.form != "values":
            return numbered_names(count)
        return ("output",) if count == 1 else tuple(f"output {index}" for index in range(count))


class OutputReader:
    """From a network's own outputs to class outputs, in the form that was chosen or that the first answers show.

    Threads may share it.

    Parameters
    ----------
    choice : {"auto", "probabilities", "softmax", "sigmoid", "log", "values"}
        ``auto`` recognises the form, see `recognised_form`; the others say it.
    last_operation : str, optional
        What the network ends in, see `recognised_form`.
    names : int
        How many class names were given. With two names a single output becomes two classes, see `apply`; with one name
        it stays one.
    splits : bool
        Whether a single output becomes two classes without names, too.

    Attributes
    ----------
    reading : Reading or None
        How outputs are read; None until the first ones.
    """

    def __init__(
        self, choice: str = "auto", last_operation: str | None = None, names: int = 0, *, splits: bool = True
    ) -> None:
        check_choice(choice)
        self._choice, self._last_operation, self._names = choice, last_operation, names
        self._splits = names == 2 or (splits and names == 0)
        self._deciding = threading.Lock()
        self.reading: Reading | None = None

    def __call__(
        self, outputs: NDArray[Any], ask_more: Callable[[], NDArray[Any]] | None = None
    ) -> NDArray[np.float32]:
        """Turn outputs ``(B, C)`` into class outputs float32.

        Parameters
        ----------
        outputs : ndarray, shape (B, C)
            The network's own.
        ask_more : callable, optional
            Returns the network's outputs for further pictures. It is called once, and only where the first outputs lie
            in 0..1 without being clear probabilities.

        Raises
        ------
        ModelError
            If the first outputs lay in 0..1 and so were taken for probabilities, and these do not.
        """
        reading = self.reading
        if reading is None:
            with self._deciding:
                reading = self.reading or self._decide(outputs, ask_more)
                self.reading = reading
        elif reading.presumed:
            _check_presumed(outputs)
        return apply(reading.form, outputs, two_classes=reading.two_classes)

    @property
    def needs_answers(self) -> bool:
        """Whether it takes answers of the network to know the form, or the number of classes."""
        known = self._choice != "auto" or self._last_operation in LAST_OPERATIONS
        return not known or self._names <= 2

    @property
    def meaning(self) -> Meaning:
        """What class outputs are; probabilities as long as that is not known."""
        return "probabilities" if self.reading is None else self.reading.meaning

    @property
    def identity(self) -> str:
        """Distinguishes the reading from others; empty where outputs are left as they are, or not known yet."""
        return "" if self.reading is None else self.reading.identity

    @property
    def notes(self) -> tuple[str, ...]:
        """What was taken and why, if there is anything to say."""
        return () if self.reading is None or not self.reading.note else (self.reading.note,)

    @property
    def result_notes(self) -> tuple[str, ...]:
        """The notes that a reader of a result should see: none where outputs are left as they are."""
        return () if self.reading is None or self.reading.unchanged else self.notes

    def _decide(self, outputs: NDArray[Any], ask_more: Callable[[], NDArray[Any]] | None) -> Reading:
        parts, presumed, single = [], False, outputs.shape[1] == 1
        if self._choice == "auto":
            form, reason = recognised_form(outputs, self._last_operation, names=self._names)
            if reason == PRESUMED and ask_more is not None:
                more = ask_more()
                if more.shape[1:] == outputs.shape[1:]:
                    seen = np.concatenate([outputs, more])
                    form, reason = recognised_form(seen, self._last_operation, names=self._names)
            presumed = reason == PRESUMED
            parts.append(
                f"The model's outputs are taken for {_DESCRIPTIONS[form]}: {reason}. Choose outputs="
                f"{' or '.join(repr(name) for name in _others(form, single=single))} if that is wrong."
            )
        else:
            form = cast("OutputForm", self._choice)
            parts += [_VALUES] if form == "values" else []
        two_classes = single and self._splits and form in ("probabilities", "sigmoid", "log")
        if two_classes:
            parts.append(_TWO_CLASSES)
        return Reading(form, two_classes, presumed, " ".join(parts))


class OutputReadingClassifier:
    """What classifiers have in common that read a model's outputs; a subclass sets both attributes."""

    _read: OutputReader
    _notes: tuple[str, ...]  # what else was taken for granted, of the class names for example

    @property
    def notes(self) -> tuple[str, ...]:
        """What was taken for granted about the model, its names and its outputs, and why."""
        return (*self._notes, *self._read.notes)

    @property
    def result_notes(self) -> tuple[str, ...]:
        """The notes that belong into every result."""
        return (*self._notes, *self._read.result_notes)

    @property
    def outputs_are(self) -> Meaning:
        """``"probabilities"``, or ``"values"`` in the model's own unit; probabilities before the first answer."""
        return self._read.meaning


def _check_presumed(outputs: NDArray[Any]) -> None:
    low, high = float(np.min(outputs, initial=0)), float(np.max(outputs, initial=0))
    if low < -ROUNDING or high > 1 + ROUNDING:
        raise ModelError(
            "The model's first outputs were in 0..1 and were taken for probabilities, but others range from "
            f"{low:.3g} to {high:.3g}. Say what they are: outputs='softmax' or 'sigmoid' for logits, 'values' for a "
            "regression, or 'probabilities' to leave them as they are."
        )


def _others(form: OutputForm, *, single: bool) -> tuple[OutputForm, ...]:
    """Return the forms for which the outputs could be taken by mistake."""
    logits: OutputForm = "sigmoid" if single else "softmax"
    if form in ("probabilities", "log"):
        return logits, "values"
    if form == "softmax":
        return "sigmoid", "values"
    return (logits,) if form == "values" else ("values",)
