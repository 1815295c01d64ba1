"""What the numbers are that a model answers with, and how they become class outputs.

Models end in different ways: in probabilities, in logits that a softmax or a sigmoid is still to be applied to, in
log-probabilities, or in values of a unit of their own (regression). Taken for another form, they would be explained
wrongly without any error, so the form is recognised from the network's last operation and from several answers; what
was taken, and why, is said in words, and the user can choose another form.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from scipy.special import expit, softmax

from lime_core.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

OutputForm = Literal["probabilities", "softmax", "sigmoid", "log", "values"]
OutputChoice = Literal["auto", "probabilities", "softmax", "sigmoid", "log", "values"]
Meaning = Literal["probabilities", "values"]
OUTPUT_CHOICES: tuple[OutputChoice, ...] = get_args(OutputChoice)

ROUNDING = 1e-3  # softmax in reduced precision may miss 0..1 by a little
_SUM = 1e-2  # and a sum of 1 by more
# σ(20) is 1 to the last digits: a classifier's logit hardly gets there, an age or a price does.
_LARGEST_LOGIT = 20.0
LAST_OPERATIONS: dict[str, OutputForm] = {
    "softmax": "probabilities",
    "sigmoid": "probabilities",
    "log_softmax": "log",
}
PRESUMED = "they lie in 0..1"  # as those of a few pictures may by chance


def check_choice(outputs: str) -> None:
    """Raise `ModelError` unless `outputs` is "auto" or the name of a form."""
    if outputs not in OUTPUT_CHOICES:
        raise ModelError(f"outputs must be one of {', '.join(OUTPUT_CHOICES)}; got {outputs!r}.")


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
    if last_operation in LAST_OPERATIONS:
        return LAST_OPERATIONS[last_operation], f"the network ends in {last_operation.replace('_', '-')}"
    given = np.asarray(outputs, np.float64)
    if not np.isfinite(given).all():
        raise ModelError("The model returned outputs that are not finite numbers; check its weights and preprocessing.")
    low, high = float(given.min(initial=0)), float(given.max(initial=0))
    if low >= -ROUNDING and high <= 1 + ROUNDING:
        if given.shape[1] > 1 and np.allclose(given.sum(axis=1), 1, atol=_SUM):
            return "probabilities", "they lie in 0..1 and sum to 1"
        return "probabilities", PRESUMED
    ranges = f"they range from {low:.3g} to {high:.3g}"
    if given.shape[1] == 1:
        if max(-low, high) > _LARGEST_LOGIT and names != 2:
            return "values", f"{ranges}, beyond what a classifier's logit reaches"
        return "sigmoid", f"there is one output, and {ranges}, as a logit does"
    if high <= ROUNDING and np.allclose(np.exp(given).sum(axis=1), 1, atol=_SUM):
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
