"""All trials by name, for one explained class: what the command line and the Trust screen run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lime_core.answers.neighborhood import Neighborhood
from lime_core.answers.probe import Probe
from lime_core.answers.query import Progress
from lime_core.answers.scene import prepare
from lime_core.errors import LimeError, SpecError
from lime_core.explanation.attribution import Attribution
from lime_core.methods import MaskMethod, Method, method_named
from lime_core.models import CATALOG, KerasClassifier, imagenet_class_names, model_card
from lime_core.models.from_catalog import build_network
from lime_core.models.protocol import Classifier
from lime_core.picture.image import Image
from lime_core.settings.spec import QUERY_STAGES, ExplainSpec
from lime_core.trials.curves import Curves, curves, deleted_counts
from lime_core.trials.reality import RealityCheck, reality_check
from lime_core.trials.repeat import Repeat, repeat
from lime_core.trials.sanity import SanityCheck, sanity_check
from lime_core.trials.what_if import WhatIf, hidden_picture_of, usual_variants, what_if

SEEDS = (0, 1, 2, 3, 4)
SANITY_STEPS = 4


def _unchanged(classifier: Classifier) -> Classifier:
    return classifier


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """What is put to the test.

    Attributes
    ----------
    image : Image
        The picture, before `framing`.
    model : str
        Catalog id.
    classifier : Classifier
        The model, ready to use.
    attribution : Attribution
        Of that picture by that model.
    class_index : int
        One of its classes.
    neighborhood : Neighborhood or None
        The answers it rests on, where there are any, which no trial asks for again.
    top_k : int
        How many superpixels count as the strongest.
    seeds : tuple of int
        Those of "repeat".
    explained_by : Method or None
        The method with its parameters, such as a layer; None for that of the attribution's name as it is.
    guard : callable
        Put around every classifier that a trial builds by itself, as "sanity" does.
    """

    image: Image
    model: str
    classifier: Classifier
    attribution: Attribution
    class_index: int
    neighborhood: Neighborhood | None
    top_k: int = 5
    seeds: tuple[int, ...] = SEEDS
    guard: Callable[[Classifier], Classifier] = _unchanged
    explained_by: Method | None = None

    @property
    def method(self) -> Method:
        """The method that made the attribution."""
        return self.explained_by or method_named(self.attribution.method)

    def probe(self) -> Probe:
        """Return the model in front of the explained scene."""
        scene = prepare(self.image, self.classifier.input_size, self.attribution.spec)
        return Probe(scene, self.classifier)


def _reality(subject: Subject, progress: Progress) -> RealityCheck:  # noqa: ARG001 - done in an instant
    return reality_check(subject.probe(), subject.attribution, subject.class_index, subject.top_k)


def _curves(subject: Subject, progress: Progress) -> Curves:
    return curves(subject.probe(), subject.attribution, subject.class_index, on_progress=progress)


def _repeat(subject: Subject, progress: Progress) -> tuple[Repeat, ...]:
    return repeat(
        subject.image,
        subject.classifier,
        subject.attribution.spec,
        method=subject.method,
        k=subject.top_k,
        seeds=subject.seeds,
        known=subject.neighborhood,
        on_progress=progress,
    )


def _what_if(subject: Subject, progress: Progress) -> WhatIf:
    return what_if(
        subject.image,
        subject.classifier,
        subject.attribution.spec,
        subject.class_index,
        method=subject.method,
        k=subject.top_k,
        known=subject.neighborhood,
        on_progress=progress,
    )


NO_LAYERS = (
    "Only the layers of a model of the catalog can be randomised; one of your own is known by its answers alone."
)


def _sanity(subject: Subject, progress: Progress) -> SanityCheck:
    if subject.model not in CATALOG:
        raise SpecError(NO_LAYERS)
    card = model_card(subject.model)

    def classify(network: Any) -> Classifier:
        names = imagenet_class_names()
        made = KerasClassifier(network, id=card.id, preprocessing=card.preprocessing, class_names=names)
        return subject.guard(made)

    return sanity_check(
        subject.image,
        build_network(card),
        classify,
        subject.attribution.spec,
        subject.class_index,
        method=subject.method,
        k=subject.top_k,
        steps=SANITY_STEPS,
        on_progress=progress,
    )


TRIALS: Mapping[str, Callable[[Subject, Progress], Any]] = {
    "reality": _reality,
    "curves": _curves,
    "repeat": _repeat,
    "what-if": _what_if,
    "sanity": _sanity,
}


@dataclass(frozen=True, slots=True)
class Failed:
    """A trial that could not be done.

    Attributes
    ----------
    error : str
        Why.
    """

    error: str


def attempt(name: str, subject: Subject, progress: Progress) -> Any:
    """Return the result of a trial, or `Failed`: one that cannot be done does not take the others with it."""
    try:
        return TRIALS[name](subject, progress)
    except LimeError as error:
        return Failed(str(error))


def calls_of(name: str, attribution: Attribution, seeds: tuple[int, ...] = SEEDS) -> int:
    """Return about how many pictures a trial asks the model about: the same picture is not asked twice in a batch.

    Where the number of masks follows from that of the superpixels, other cuts may ask a few more or less.

    Parameters
    ----------
    name : str
        One of `TRIALS`.
    attribution : Attribution
        What is put to the test.
    seeds : tuple of int
        Those of "repeat".
    """
    method, spec, superpixels = method_named(attribution.method), attribution.spec, attribution.superpixels
    variants = (spec, *usual_variants(spec, method).values())
    return {
        "reality": 2 * (1 + 20) + 1,
        "curves": (2 + 10) * len(deleted_counts(superpixels)) + 1,
        "repeat": sum(1 if seed == spec.seed else _calls_of_run(attribution, spec) for seed in seeds),
        "what-if": sum(_calls_of_variants(attribution, method, variants)),
        "sanity": (1 + SANITY_STEPS) * _calls_of_run(attribution, spec),
    }[name]


def _calls_of_run(attribution: Attribution, spec: ExplainSpec) -> int:
    """Return the pictures of one run of the attribution's method, the unmodified one included."""
    return method_named(attribution.method).planned_calls(spec, attribution.superpixels)


def _calls_of_variants(attribution: Attribution, method: Method, variants: Sequence[ExplainSpec]) -> list[int]:
    """Return the pictures of each query and hidden picture; the first one's answers are there already."""
    if not isinstance(method, MaskMethod):
        return [method.planned_calls(spec, attribution.superpixels) + 2 for spec in variants]
    first = method.asked(variants[0])
    different = {(asked := method.asked(spec)).digest(*QUERY_STAGES): asked for spec in variants}
    queries = [
        1 + (0 if first.begins_like(asked) else asked.sampler.size(asked.samples, attribution.superpixels))
        for asked in different.values()
    ]
    # Each fully hidden picture, and the unmodified one beside it.
    return [*queries, *(2 for _ in {hidden_picture_of(spec) for spec in variants})]
