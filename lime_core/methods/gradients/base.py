"""What the methods from inside the network have in common: the question, its batches, and the attribution."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lime_core.answers.classes import NOT_PROBABILITIES, chosen_classes, explainable
from lime_core.answers.neighborhood import Neighborhood, merged_notes
from lime_core.answers.origin import provenance_of
from lime_core.answers.probe import Probe
from lime_core.answers.query import Progress
from lime_core.answers.scene import Scene, prepare
from lime_core.errors import ModelError, SpecError
from lime_core.explanation.attribution import Attribution, without_view
from lime_core.explanation.class_attribution import ClassAttribution
from lime_core.models.differentiable import (
    DifferentiableClassifier,
    Gradients,
    Objective,
    as_differentiable,
    gradients_obstacle,
)
from lime_core.models.engines.base import precision_of
from lime_core.models.protocol import Classifier, outputs_of, result_notes_of
from lime_core.picture.image import Image
from lime_core.settings.spec import ExplainSpec
from lime_core.surrogates.targets import LogOdds, Probability, Target

Floats = NDArray[np.float64]

# Of 224×224 pixels at a time, and fewer of larger ones: a network's numbers inside are kept for the way back, up to 100
# MB a picture of that size.
_PICTURES, _USUAL_PIXELS = 8, 224 * 224
_GRADIENTS = 64  # pictures times classes at a time, for the same reason
# Of the outputs with the classifier's, as a part of the largest output or of 1.
_AGREEMENT, _AGREEMENT_BF16 = 1e-3, 0.1


class Question:
    """One picture's gradients, batch by batch.

    Attributes
    ----------
    network : DifferentiableClassifier
        The model.
    scene : Scene
        The picture, and its fill.
    classes : list of int
        Indices of the K classes, by falling output.
    calls : int
        Pictures the model was asked about so far: each picture of a batch counts once, for however many classes.
    """

    def __init__(
        self,
        network: DifferentiableClassifier,
        scene: Scene,
        classes: list[int],
        objective: Objective,
        planned: int,
        on_progress: Progress | None,
    ) -> None:
        self.network, self.scene, self.classes = network, scene, classes
        self.calls = 0
        self._objective, self._planned, self._on_progress = objective, planned, on_progress
        self.count(1)  # the unmodified picture, of which the outputs are known

    def count(self, pictures: int) -> None:
        """Note that pictures have been asked about, and report it; what the report raises ends the work."""
        self.calls += pictures
        if self._on_progress is not None:
            self._on_progress(self.calls, self._planned)

    def batches(self, pictures: int) -> Iterator[slice]:
        """Yield which of so many pictures are asked about together."""
        height, width = self.scene.pixels.shape[:2]
        larger = max(1.0, height * width / _USUAL_PIXELS)
        size = max(1, int(min(_PICTURES, _GRADIENTS // len(self.classes)) / larger))
        for start in range(0, pictures, size):
            yield slice(start, min(start + size, pictures))

    def ask(self, pictures: NDArray[Any], layer: str | None = None) -> Gradients:
        """Return the gradients of all classes for pictures ``(B, h, w, 3)`` in 0..255, see `Gradients`."""
        result = self.network.gradients(pictures.astype(np.float32), self.classes, self._objective, layer=layer)
        self.count(len(pictures))
        return result

    def outputs(self) -> NDArray[np.float32]:
        """Return the outputs for the unmodified picture of the network that is differentiated, float32 ``(C,)``."""
        picture = self.scene.pixels[None].astype(np.float32)
        outputs: NDArray[np.float32] = self.network.gradients(picture, (), self._objective).outputs[0]
        self.count(1)
        return outputs


class GradientMethod(ABC):
    """A method that differentiates the network; its scores are those of pixels.

    Log-odds are those of the target, but not cut off: the derivative of what is cut off is 0.

    Attributes
    ----------
    name, title, summary
        As in `lime_core.methods.base.Method`.
    signed : bool
        Whether scores tell evidence for a class from evidence against it.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str]
    signed: ClassVar[bool] = False

    def obstacle(self, classifier: Classifier) -> str | None:
        """Return why the model gives no gradients, in a sentence; None where it does."""
        return gradients_obstacle(classifier)

    def draws_at_random(self, spec: ExplainSpec) -> bool:  # noqa: ARG002 - some methods look at it
        """Return False: the gradients of one picture are always the same."""
        return False

    @abstractmethod
    def planned_calls(self, spec: ExplainSpec, superpixels: int) -> int:
        """Return the most pictures that the model is asked about, the unmodified one included."""

    @abstractmethod
    def unit(self, target: str) -> str:
        """Return what scores are counted in, from the unit of the target."""

    @abstractmethod
    def scores(self, question: Question, spec: ExplainSpec) -> tuple[Floats, NDArray[np.float32], tuple[str, ...]]:
        """Work out the scores.

        Returns
        -------
        scores : ndarray of float64, shape (K, H, W)
            Of each class, at viewing size.
        outputs : ndarray of float32, shape (C,)
            The outputs for the unmodified picture of the network that was differentiated.
        notes : tuple of str
            What a reader should know.
        """

    def attribute(
        self,
        image: Image,
        classifier: Classifier,
        spec: ExplainSpec,
        *,
        known: Neighborhood | None = None,  # noqa: ARG002 - answers about masks tell nothing of gradients
        on_progress: Progress | None = None,
    ) -> Attribution:
        """Explain a picture, as `lime_core.methods.base.Method.attribute` describes.

        Raises
        ------
        ModelError
            If the model gives no gradients, or the Keras model's outputs are not those of the classifier.
        """
        started = time.perf_counter()
        network = as_differentiable(classifier)
        scene = prepare(image, classifier.input_size, spec)
        probe = Probe(scene, classifier)
        meaning = outputs_of(classifier)
        notes = merged_notes(image.notes, result_notes_of(classifier))
        if explainable(spec, meaning) != spec:
            spec, notes = explainable(spec, meaning), (*notes, NOT_PROBABILITIES)
        classes = chosen_classes(probe.original, spec)
        spec.target.check(probe.original[classes])
        planned = self.planned_calls(spec, scene.superpixels)
        question = Question(network, scene, classes, _objective(spec.target), planned, on_progress)
        scores, outputs, own_notes = self.scores(question, spec)
        names = [probe.class_names[index] for index in classes]
        empty = [name for name, each in zip(names, scores, strict=True) if not each.any()]
        if empty:
            own_notes += (f"The scores of {', '.join(empty)} are 0 everywhere.",)
        agreement = _agreement(probe.original, outputs, classifier)
        timings = {"attribute": time.perf_counter() - started}
        return Attribution(
            classes=tuple(
                ClassAttribution(index=index, name=name, output=float(probe.original[index]), scores=each)
                for index, name, each in zip(classes, names, scores, strict=True)
            ),
            segments=scene.segments,
            signed=self.signed,
            unit=self.unit("output" if meaning == "values" else spec.unit),
            calls=question.calls,
            method=self.name,
            provenance=provenance_of(image, classifier, timings, engine="tensorflow"),
            spec=without_view(spec),
            notes=(*own_notes, *agreement, *notes),
        )


def _objective(target: Target) -> Objective:
    if target.name == LogOdds.name:
        return "log_odds"
    if target.name == Probability.name:
        return "output"
    raise SpecError(f"Gradients are those of the target 'log_odds' or 'probability'; the target is {target.name!r}.")


def _agreement(expected: NDArray[np.float32], outputs: NDArray[np.float32], classifier: Classifier) -> tuple[str, ...]:
    """Return a note where the network that was differentiated answers a little differently; raise if it is another."""
    difference = np.inf
    if outputs.shape == expected.shape:
        difference = float(np.abs(outputs - expected).max()) / max(1.0, float(np.abs(expected).max()))
    if difference <= _AGREEMENT:
        return ()
    if precision_of(classifier.engine) == "bf16" and difference <= _AGREEMENT_BF16:
        return (f"The gradients are those in f32, where outputs differ by up to {difference:.2g} from those in bf16.",)
    raise ModelError(
        f"The Keras model's outputs for this picture differ by up to {difference:.2g} from those of the classifier, so "
        "its gradients would explain another model. Was it trained after the classifier was made? Make a new one."
    )
