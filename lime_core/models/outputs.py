"""What the numbers are that a model answers with, and how they become class outputs.

Models end in different ways: in probabilities, in logits that a softmax or a sigmoid is still to be applied to, in
log-probabilities, or in values of a unit of their own (regression). Taken for another form, they would be explained
wrongly without any error, so the form is recognised from the network's last operation and from several answers; what
was taken, and why, is said in words, and the user can choose another form.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

import numpy as np
from scipy.special import expit, softmax

from lime_core.errors import ModelError
from lime_core.models.names import numbered_names

if TYPE_CHECKING:
    from numpy.typing import NDArray

OutputForm = Literal["probabilities", "softmax", "sigmoid", "log", "values"]
OutputChoice = Literal["auto", "probabilities", "softmax", "sigmoid", "log", "values"]
Meaning = Literal["probabilities", "values"]
OUTPUT_CHOICES: tuple[OutputChoice, ...] = get_args(OutputChoice)

_ROUNDING = 1e-3  # softmax in reduced precision may miss 0..1 by a little
_SUM = 1e-2  # and a sum of 1 by more
# σ(20) is 1 to the last digits: a classifier's logit hardly gets there, an age or a price does.
_LARGEST_LOGIT = 20.0
_LAST_OPERATIONS: dict[str, OutputForm] = {
    "softmax": "probabilities",
    "sigmoid": "probabilities",
    "log_softmax": "log",
}
_PRESUMED = "they lie in 0..1"  # as those of a few pictures may by chance
_VALUES = "The model's outputs are values in its own unit, and explained as they are."
_TWO_CLASSES = "The single output p is the probability of class 1; class 0 has 1 − p."
_DESCRIPTIONS: dict[OutputForm, str] = {
    "probabilities": "probabilities",
    "softmax": "logits, and a softmax is applied to them",
    "sigmoid": "logits of independent classes, and a sigmoid is applied to each",
    "log": "log-probabilities, and their exponential is taken",
    "values": "values in the model's own unit, and explained as they are",
}


def check_choice(outputs: str) -> None:
    """Raise `ModelError` unless `outputs` is "auto" or the name of a form."""
    if outputs not in get_args(OutputChoice):
        raise ModelError(f"outputs must be one of {', '.join(get_args(OutputChoice))}; got {outputs!r}.")


def recognised_form(
    outputs: NDArray[Any], last_operation: str | None = None, *, names: int = 0
) -> tuple[OutputForm, str]:
    """Decide what a model's outputs are.

    Parameters
    ----------
    outputs : ndarray, shape (B, C)
        The model's own answers to several pictures: the more they differ, the better.
    last_operation : {"softmax", "sigmoid", "log_softmax"}, optional
        What the network ends in, where that is known; it decides alone.
    names : int
        How many class names were given: two names of a single output make it one of two classes.

    Returns
    -------
    form : {"probabilities", "softmax", "sigmoid", "log", "values"}
        What `apply` is to be called with.
    reason : str
        Why, as the end of a sentence.

    Raises
    ------
    ModelError
        If an output is not a finite number.
    """
    if last_operation in _LAST_OPERATIONS:
        return _LAST_OPERATIONS[last_operation], f"the network ends in {last_operation.replace('_', '-')}"
    given = np.asarray(outputs, np.float64)
    if not np.isfinite(given).all():
        raise ModelError("The model returned outputs that are not finite numbers; check its weights and preprocessing.")
    low, high = float(given.min(initial=0)), float(given.max(initial=0))
    if low >= -_ROUNDING and high <= 1 + _ROUNDING:
        if given.shape[1] > 1 and np.allclose(given.sum(axis=1), 1, atol=_SUM):
            return "probabilities", "they lie in 0..1 and sum to 1"
        return "probabilities", _PRESUMED
    ranges = f"they range from {low:.3g} to {high:.3g}"
    if given.shape[1] == 1:
        if max(-low, high) > _LARGEST_LOGIT and names != 2:
            return "values", f"{ranges}, beyond what a classifier's logit reaches"
        return "sigmoid", f"there is one output, and {ranges}, as a logit does"
    if high <= _ROUNDING and np.allclose(np.exp(given).sum(axis=1), 1, atol=_SUM):
        return "log", "none is above 0, and their exponentials sum to 1"
    return "softmax", f"{ranges}, as logits do"


def apply(form: OutputForm, outputs: NDArray[Any], *, two_classes: bool = True) -> NDArray[np.float32]:
    """Turn a model's own outputs into class outputs.

    Parameters
    ----------
    form : {"probabilities", "softmax", "sigmoid", "log", "values"}
        What the outputs are: ``softmax`` and ``sigmoid`` are still to be applied to logits, ``log`` are
        log-probabilities; ``probabilities`` and ``values`` are left as they are.
    outputs : ndarray, shape (B, C)
        The model's own outputs.
    two_classes : bool
        Whether a single probability p becomes two classes, as in Keras's binary convention: class 0 has the probability
        1 − p and class 1 has p. So ``class_names=["cat", "dog"]`` is right where p near 1 means dog.

    Returns
    -------
    ndarray of float32, shape (B, C), or (B, 2) where one output became two classes

    Raises
    ------
    ModelError
        If a softmax is to be taken of a single output, which is 1 for every picture.
    """
    given = np.asarray(outputs)
    single = given.shape[1] == 1
    if form == "softmax":
        if single:
            raise ModelError("The model has one output, of which a softmax is always 1: use outputs='sigmoid'.")
        return np.asarray(softmax(given.astype(np.float64), axis=1), np.float32)
    if form == "values":
        return given.astype(np.float32)
    if form == "sigmoid":
        given = expit(given.astype(np.float64))
    elif form == "log":
        given = np.exp(given.astype(np.float64))
    if single and two_classes:
        given = np.concatenate([1 - given.astype(np.float64), given], axis=1)
    return given.astype(np.float32)


def chosen_output(outputs: Mapping[str, Any], name: str | None = None) -> Any:
    """Return one of a model's outputs by name; without a name the only one.

    Raises
    ------
    ModelError
        If there are several and none is named, or none has that name; the message lists them.
    """
    return outputs[chosen_name(tuple(outputs), name)]


def chosen_name(names: tuple[str, ...], name: str | None = None) -> str:
    """Return which of a model's outputs is meant, as `chosen_output` does."""
    listed = ", ".join(repr(each) for each in names)
    if name is not None and name not in names:
        raise ModelError(f"The model has no output {name!r}; its outputs are {listed or 'none'}.")
    if name is None and len(names) != 1:
        if not names:
            raise ModelError("The model returned no outputs.")
        raise ModelError(f"The model has {len(names)} outputs; choose one with output=: {listed}.")
    return names[0] if name is None else name


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

    def __call__(self, outputs: NDArray[Any]) -> NDArray[np.float32]:
        """Turn outputs ``(B, C)`` into class outputs float32.

        Raises
        ------
        ModelError
            If the first outputs lay in 0..1 and so were taken for probabilities, and these do not.
        """
        reading = self.reading
        if reading is None:
            with self._deciding:
                reading = self.reading or self._decide(outputs)
                self.reading = reading
        elif reading.presumed:
            _check_presumed(outputs)
        return apply(reading.form, outputs, two_classes=reading.two_classes)

    @property
    def needs_answers(self) -> bool:
        """Whether it takes answers of the network to know the form, or the number of classes."""
        known = self._choice != "auto" or self._last_operation in _LAST_OPERATIONS
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

    def _decide(self, outputs: NDArray[Any]) -> Reading:
        parts, presumed, single = [], False, outputs.shape[1] == 1
        if self._choice == "auto":
            form, reason = recognised_form(outputs, self._last_operation, names=self._names)
            presumed = reason == _PRESUMED
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


def _check_presumed(outputs: NDArray[Any]) -> None:
    low, high = float(np.min(outputs, initial=0)), float(np.max(outputs, initial=0))
    if low < -_ROUNDING or high > 1 + _ROUNDING:
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
