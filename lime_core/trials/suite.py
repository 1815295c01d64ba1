"""All trials by name, for one explained class: what the command line and the Trust screen run."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lime_core.answers.neighborhood import Neighborhood, Progress
from lime_core.answers.scene import Probe, prepare
from lime_core.errors import LimeError
from lime_core.explanation.explanation import ClassExplanation, Explanation
from lime_core.models import KerasClassifier, imagenet_class_names, model_card
from lime_core.models.loading import build_network
from lime_core.models.protocol import Classifier
from lime_core.picture.image import Image
from lime_core.settings.spec import QUERY_STAGES
from lime_core.trials.curves import MOST_STEPS, Curves, curves
from lime_core.trials.reality import Answer, RealityCheck, reality_check
from lime_core.trials.repeat import Repeat, repeat
from lime_core.trials.sanity import SanityCheck, sanity_check
from lime_core.trials.shared import to_json_ready
from lime_core.trials.what_if import WhatIf, usual_variants, what_if

SEEDS = (0, 1, 2, 3, 4)
STAGES = 4


def _as_it_is(classifier: Classifier) -> Classifier:
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
    explanation : Explanation
        Of that picture by that model.
    class_index : int
        One of its classes.
    neighborhood : Neighborhood
        The answers it rests on, which no trial asks for again.
    seeds : tuple of int
        Those of "repeat".
    guard : callable
        Put around every classifier that a trial makes of its own accord, as "sanity" does.
    """

    image: Image
    model: str
    classifier: Classifier
    explanation: Explanation
    class_index: int
    neighborhood: Neighborhood
    seeds: tuple[int, ...] = SEEDS
    guard: Callable[[Classifier], Classifier] = _as_it_is

    def probe(self) -> Probe:
        """Return the model in front of the explained scene."""
        scene = prepare(self.image, self.classifier.input_size, self.explanation.spec)
        return Probe(scene, self.classifier)


def _reality(subject: Subject, progress: Progress) -> RealityCheck:  # noqa: ARG001 - done in an instant
    return reality_check(subject.probe(), subject.explanation, subject.class_index)


def _curves(subject: Subject, progress: Progress) -> Curves:
    return curves(subject.probe(), subject.explanation, subject.class_index, on_progress=progress)


def _repeat(subject: Subject, progress: Progress) -> tuple[Repeat, ...]:
    spec, known = subject.explanation.spec, subject.neighborhood
    return repeat(subject.image, subject.classifier, spec, seeds=subject.seeds, known=known, on_progress=progress)


def _what_if(subject: Subject, progress: Progress) -> WhatIf:
    spec, known, index = subject.explanation.spec, subject.neighborhood, subject.class_index
    return what_if(subject.image, subject.classifier, spec, index, known=known, on_progress=progress)


def _sanity(subject: Subject, progress: Progress) -> SanityCheck:
    card = model_card(subject.model)

    def classify(network: Any) -> Classifier:
        names = imagenet_class_names()
        made = KerasClassifier(network, id=card.id, preprocessing=card.preprocessing, class_names=names)
        return subject.guard(made)

    spec = subject.explanation.spec
    network = build_network(card)
    return sanity_check(
        subject.image, network, classify, spec, subject.class_index, stages=STAGES, on_progress=progress
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


def calls_of(name: str, explanation: Explanation, seeds: tuple[int, ...] = SEEDS) -> int:
    """Return how many pictures a trial asks the model about, at most: the same picture is not asked twice in a batch.

    Parameters
    ----------
    name : str
        One of `TRIALS`.
    explanation : Explanation
        What is put to the test.
    seeds : tuple of int
        Those of "repeat".
    """
    spec, superpixels = explanation.spec, int(explanation.segments.max()) + 1
    # The untouched picture comes on top whenever a model is put in front of a scene.
    run = spec.samples + 1
    step = -(-superpixels // MOST_STEPS)
    asked = {one.digest(*QUERY_STAGES): one for one in (spec, *usual_variants(spec).values())}
    variants = [3 + (0 if spec.begins_like(one) else one.samples) for one in asked.values()]
    return {
        "reality": 2 * (1 + 20) + 1,
        "curves": (2 + 10) * (-(-superpixels // step) + 1) + 1,
        "repeat": sum(1 if seed == spec.seed else run for seed in seeds),
        "what-if": sum(variants),
        "sanity": (1 + STAGES) * run,
    }[name]


def trust_document(explanation: Explanation, class_index: int, results: Mapping[str, Any]) -> dict[str, Any]:
    """Return the verdict, the trials' results and the explanation of a class as plain values for JSON.

    Coefficients, the gap and the effect of a pair are in ``units.explanation``; what the trials say of the model and
    the surrogate is in ``units.trials``.
    """
    explained = explanation[class_index]
    return {
        "class": {"index": explained.index, "name": explained.name},
        "units": {"explanation": explanation.spec.unit, "trials": "model output"},
        "verdict": explained.trust.to_dict(),
        "trials": to_json_ready(results),
        "explanation": json.loads(explanation.to_json()),
    }


def trust_summary(explained: ClassExplanation, results: Mapping[str, Any]) -> str:
    """Return the verdict and the trials' main numbers as a short text for people."""
    trust = explained.trust
    lines = [f"{explained.name}: {trust.level}", *(f"  {reason}" for reason in trust.reasons)]
    lines += [f"  What would help most: {trust.advice}"] if trust.advice else []
    for name, result in results.items():
        if isinstance(result, Failed):
            lines.append(f"  {name} could not be done: {result.error}")
        else:
            lines.append(_LINES[type(result)](result))
    return "\n".join(lines)


def _reality_lines(check: RealityCheck) -> str:
    def line(what: str, answer: Answer) -> str:
        surrogate = "" if math.isnan(answer.surrogate) else f", surrogate {answer.surrogate:.2f}"
        return (
            f"  {what}: model {answer.model:.2f}{surrogate}, "
            f"as many at random {answer.random_mean:.2f} ({answer.random_low:.2f}..{answer.random_high:.2f})"
        )

    count = len(check.features)
    return "\n".join(
        [line(f"output with only the top {count} for it shown", check.kept), line("with them hidden", check.removed)]
    )


def _curve_lines(one: Curves) -> str:
    return (
        f"  area under the output: deletion {one.deletion_area:.3f} (random {one.random_deletion_area:.3f}), "
        f"insertion {one.insertion_area:.3f} (random {one.random_insertion_area:.3f}); fill {one.fill}, step {one.step}"
    )


def _repeat_lines(all_classes: tuple[Repeat, ...]) -> str:
    one = all_classes[0]
    return (
        f"  {len(one.seeds)} seeds: Jaccard {one.jaccard:.2f}, Kendall's tau {one.kendall_tau:.2f}, "
        f"VSI {one.vsi:.2f}, CSI {one.csi:.2f} (1 = the same every time)"
    )


def _what_if_lines(one: WhatIf) -> str:
    return (
        f"  {len(one.variants)} other settings: superpixels {list(one.survivors)} stay among the strongest in all, "
        f"{list(one.flips)} change their sign in some"
    )


def _sanity_lines(check: SanityCheck) -> str:
    said = "changes, as it must" if check.passed else "hardly changes, which it should not"
    return f"  with re-initialised weights the explanation {said} (rank correlation {check.stages[-1].agreement:.2f})"


_LINES: Mapping[type, Callable[[Any], str]] = {
    RealityCheck: _reality_lines,
    Curves: _curve_lines,
    tuple: _repeat_lines,
    WhatIf: _what_if_lines,
    SanityCheck: _sanity_lines,
}
