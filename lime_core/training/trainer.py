"""From a collection of pictures to a classifier in a file: the steps in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lime_core.collections.addresses import shown
from lime_core.collections.base import Collection, open_collection
from lime_core.errors import LimeError, ModelError
from lime_core.models.engines.keras_import import import_keras
from lime_core.training.built_in_features import BuiltInFeatures
from lime_core.training.evaluation import evaluate, notes_on
from lime_core.training.result import HeldOutPicture, Training
from lime_core.training.samples import held_out_split, model_input, read_samples
from lime_core.training.saving import checked_output, draft_beside, move_into_place, write_model
from lime_core.training.small_network import SmallNetwork

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from lime_core.training.samples import Samples
    from lime_core.training.ways import Fitted, Way

HELD_OUT = 0.25
_CHECKED = 4  # pictures about which the finished model is asked again
_TOLERANCE = 1e-3
_LARGEST_SEED = 2**31 - 100


def train(
    pictures: str | Path | Sequence[str | Path] | Collection,
    output: str | Path,
    *,
    from_scratch: bool = False,
    held_out: float = HELD_OUT,
    seed: int = 0,
    on_progress: Callable[[str, int, int], object] | None = None,
) -> Training:
    """Train an image classifier for the classes of a collection, and write it as a Keras model.

    Without `from_scratch` the last layer of the built-in network is replaced: logistic regression on its features,
    whose penalty is chosen by cross-validation and whose probabilities are calibrated by a temperature. That takes
    about a minute for some hundred pictures. A part of the pictures is held out: the figures are about these alone, and
    the model is not trained on them afterwards either, so that an audit of them is about pictures it has never seen.

    Parameters
    ----------
    pictures : path, address, sequence of paths or Collection
        What `lime_core.collections.base.open_collection` opens; a folder's subfolders are the classes. At least two
        classes, and five pictures of each. Of copies (pictures with the same pixels) only the first is used.
    output : path
        Where the model is written: a file that ends in ``.keras``. Its figures are written beside it, as JSON. Files
        of an earlier training are replaced, others never.
    from_scratch : bool
        Train a small convolutional network from nothing instead, on pictures that are mirrored, turned and shifted. It
        takes longer, and needs many more pictures to be good.
    held_out : float
        Share of the pictures of each class that is held out, 0.05..0.5.
    seed : int
        Of all that is drawn at random: the held-out pictures, folds, and the network's first weights.
    on_progress : callable, optional
        Called as ``on_progress(step, done, total)`` with the name of the step; an exception raised in it cancels, and
        nothing is written.

    Returns
    -------
    Training
        The figures, and the pictures that were held out.

    Raises
    ------
    LimeError
        When there are too few classes or pictures, or `output` cannot be written.
    ModelError
        When TensorFlow or Keras is missing, or the finished model does not say what it was trained to.
    """
    path = checked_output(output)
    _check_numbers(held_out, seed)
    report = on_progress or _ignore
    collection = pictures if isinstance(pictures, Collection) else open_collection(pictures)
    way: Way = SmallNetwork() if from_scratch else BuiltInFeatures()
    with draft_beside(path) as draft:
        import_keras()  # before the work, so that it is not done in vain
        samples = read_samples(collection, way.input_size, way.values, lambda *at: report("Reading pictures", *at))
        inside, outside = held_out_split(samples.labels, held_out, seed)
        fitted = way.fit(
            samples.values[inside],
            samples.labels[inside],
            len(samples.classes),
            seed,
            lambda *at: report("Training", *at),
        )
        settings = {
            "way": way.name,
            "pictures": shown(collection.root),
            "held_out_share": held_out,
            "seed": seed,
            "input_size": list(way.input_size),
            **fitted.settings,
        }
        _check_model(fitted, collection, samples, outside[:_CHECKED], way.input_size)
        report("Writing", 0, 1)
        digest = write_model(fitted.model, draft, samples.classes)
        training = _figures(path, digest, samples, inside, outside, fitted, settings)
        move_into_place(draft, training)
        report("Writing", 1, 1)
    return training


def _figures(
    path: Path,
    digest: str,
    samples: Samples,
    inside: NDArray[np.int64],
    outside: NDArray[np.int64],
    fitted: Fitted,
    settings: dict[str, Any],
) -> Training:
    probabilities, labels = fitted.probabilities(samples.values[outside]), samples.labels[outside]
    found = evaluate(probabilities, labels)
    predicted = probabilities.argmax(axis=1)
    held = [
        HeldOutPicture(
            samples.paths[index],
            samples.classes[samples.labels[index]],
            samples.classes[predicted[row]],
            round(float(probabilities[row, predicted[row]]), 6),
        )
        for row, index in enumerate(outside)
    ]
    return Training(
        model=path,
        sha256=digest,
        classes=samples.classes,
        accuracy=found.accuracy,
        interval=found.interval,
        majority=found.majority,
        confusion=tuple(tuple(map(int, row)) for row in found.confusion),
        calibration_error=found.calibration_error,
        held_out=tuple(held),
        training=tuple(samples.paths[index] for index in inside),
        skipped=samples.skipped,
        settings=settings,
        notes=notes_on(found, samples.classes, samples.labels, samples.left_out),
    )


def _check_model(
    fitted: Fitted, collection: Collection, samples: Samples, chosen: NDArray[np.int64], size: tuple[int, int]
) -> None:
    """Raise `ModelError` unless the model says of pictures what the figures are made from."""
    pictures = np.stack([model_input(collection.read(samples.paths[index]), size)[1] for index in chosen])
    answers = np.asarray(fitted.model(pictures.astype(np.float32), training=False))
    difference = float(np.abs(answers - fitted.probabilities(samples.values[chosen])).max())
    if not difference <= _TOLERANCE:
        raise ModelError(
            f"The finished model's probabilities differ by {difference:.2g} from those it was trained to: its layers "
            "do not compute the same in TensorFlow as in training. Nothing was written."
        )


def _check_numbers(held_out: float, seed: int) -> None:
    if not 0.05 <= held_out <= 0.5:
        raise LimeError(f"held_out must be in 0.05..0.5; got {held_out!r}.")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= _LARGEST_SEED:
        raise LimeError(f"seed must be a whole number in 0..{_LARGEST_SEED}; got {seed!r}.")


def _ignore(step: str, done: int, total: int) -> None:
    del step, done, total
