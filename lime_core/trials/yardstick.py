"""One yardstick: several methods explain the same picture, and the model is put the same questions about each."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from lime_core.answers.classes import chosen_classes, explainable
from lime_core.answers.neighborhood import Neighborhood
from lime_core.answers.probe import Probe
from lime_core.answers.query import Progress, stream
from lime_core.answers.scene import Scene, prepare
from lime_core.errors import LimeError, SpecError
from lime_core.explaining import Settings
from lime_core.explanation.attribution import Attribution
from lime_core.judge import judged
from lime_core.methods import METHODS, MaskMethod, Method, as_method
from lime_core.models.loading import as_classifier
from lime_core.models.protocol import Classifier, outputs_of
from lime_core.picture.image import Image, PictureSource, as_image
from lime_core.settings.presets import as_spec
from lime_core.settings.spec import ExplainSpec
from lime_core.trials.mask_answers import MaskAnswers
from lime_core.trials.meter import Meter
from lime_core.trials.method_comparison import MethodComparison
from lime_core.trials.method_measures import MethodMeasures
from lime_core.trials.question_groups import RUNS, Group, grouped, seeds_from
from lime_core.trials.ranking import (
    measure_rankings,
    on_superpixels,
    questions_a_ranking,
    questions_of_comparison,
    questions_of_random_orders,
    random_orders,
)
from lime_core.trials.shared import reusable


def compare_methods(
    image: Image | PictureSource,
    classifier: Classifier | str,
    methods: Sequence[str | Method] | None = None,
    spec: Settings | None = None,
    *,
    seeds: Sequence[int] | None = None,
    known: Neighborhood | None = None,
    on_progress: Progress | None = None,
) -> MethodComparison:
    """Explain a picture with several methods at the same budget, and put the same questions to the model about each.

    Every method explains the same classes on the same superpixels, with at most ``spec.samples`` pictures asked about
    in each run. Methods that ask the model the same questions share the answers. Then the model is shown what each
    method calls strongest, alone and left out, and superpixel after superpixel is deleted and inserted in each
    method's order. Scores of pixels are averaged over the superpixels.

    Parameters
    ----------
    image : Image or what `load_image` takes
        The picture: also a path, bytes, an open file, an array ``(H, W, 3)`` or a Pillow image.
    classifier : Classifier or str
        From `load_classifier`, any callable in a `CallableClassifier`, or the name of a model in the catalog.
    methods : sequence of str or Method, optional
        Keys of `METHODS`, or methods with parameters of their own such as ``GradCam(layer="conv5")``; without them all
        that can explain this model.
    spec : ExplainSpec, str or mapping, optional
        Settings, the name of a preset, or settings by name. ``top_k`` of the view says how many superpixels count as
        the strongest. `early_stop` is ignored: the budget is the same for all.
    seeds : sequence of int, optional
        Different ones, for methods that draw something at random; three from that of `spec` on if left out. The
        attributions are those of the first.
    known : Neighborhood, optional
        Answers of an earlier query of this picture and model: methods that ask the same questions ask only for what
        is missing.
    on_progress : callable, optional
        Called as ``on_progress(done, total)`` after each batch, in pictures over everything; `total` stays the same,
        and what is not asked because it is known counts as done. When it raises, the work stops there.

    Returns
    -------
    comparison : MethodComparison
        A method that cannot explain this model, or fails, is listed in `failed` and does not end the others.

    Raises
    ------
    LimeError
        When there is no such method, a seed is given twice, a class index is out of range, or the model's outputs
        cannot be used.
    """
    *_, comparison = stream_methods(image, classifier, methods, spec, seeds=seeds, known=known, on_progress=on_progress)
    return comparison


def stream_methods(
    image: Image | PictureSource,
    classifier: Classifier | str,
    methods: Sequence[str | Method] | None = None,
    spec: Settings | None = None,
    *,
    seeds: Sequence[int] | None = None,
    known: Neighborhood | None = None,
    on_progress: Progress | None = None,
) -> Iterator[MethodComparison]:
    """Yield the comparison of the methods that are done, first of none and last of all; see `compare_methods`."""
    image, classifier, spec = as_image(image), as_classifier(classifier), as_spec(spec)
    seeds = seeds_from(spec.seed, RUNS) if seeds is None else tuple(seeds)
    if not seeds or len(set(seeds)) < len(seeds):
        raise SpecError(f"seeds must be one or more different whole numbers; got {list(seeds)}.")
    chosen = _by_name(list(METHODS) if methods is None else methods)
    comparing = _Comparing(image, classifier, spec, chosen, seeds, known, on_progress)
    yield comparing.so_far()
    for group in comparing.groups:
        comparing.compare(group)
        yield comparing.so_far()


def _by_name(methods: Sequence[str | Method]) -> dict[str, Method]:
    if not methods:
        raise SpecError("There are no methods to compare; leave them out to compare all.")
    result: dict[str, Method] = {}
    for method in methods:
        chosen = as_method(method)
        if result.setdefault(chosen.name, chosen) != chosen:
            raise SpecError(f"The method {chosen.name!r} is given twice with different parameters; compare them apart.")
    return result


@dataclass(frozen=True, slots=True)
class _Run:
    """One run of a method: what came of it, the seconds it would take alone, and whether answers were given."""

    attribution: Attribution
    seconds: float
    known: bool = False


class _Comparing:
    """The state of a comparison: what is done, what failed, and what was asked."""

    def __init__(
        self,
        image: Image,
        classifier: Classifier,
        spec: ExplainSpec,
        methods: Mapping[str, Method],
        seeds: tuple[int, ...],
        known: Neighborhood | None,
        on_progress: Progress | None,
    ) -> None:
        began = time.perf_counter()
        self._scene = prepare(image, classifier.input_size, spec)
        self._preparing = time.perf_counter() - began
        probe = Probe(self._scene, classifier)
        spec = explainable(replace(spec, early_stop=False), outputs_of(classifier))
        classes = tuple(chosen_classes(probe.original, spec))
        self._image, self._classifier, self._known = image, classifier, known
        self._spec, self._seeds, self._names = replace(spec, classes=classes), seeds, tuple(methods)
        self._done: dict[str, MethodMeasures] = {}
        self._failed: dict[str, str] = {}
        for name, method in methods.items():
            obstacle = method.obstacle(classifier)
            if obstacle is not None:
                self._failed[name] = obstacle
        usable = [method for name, method in methods.items() if name not in self._failed]
        self.groups = grouped(usable, self._spec, seeds, self._scene.superpixels)
        superpixels = self._scene.superpixels
        self._meter = Meter(on_progress, questions_of_comparison(self.groups, superpixels, len(classes)))
        self._answers = MaskAnswers(probe, classes)
        with self._meter.part(questions_of_random_orders(superpixels)) as report:
            self._random = random_orders(
                self._answers, classes, superpixels, spec.top_k, seed=spec.seed, on_progress=report
            )

    def so_far(self) -> MethodComparison:
        """Return the comparison of the methods that are done."""
        return MethodComparison(
            methods=tuple(self._done[name] for name in self._names if name in self._done),
            failed={name: self._failed[name] for name in self._names if name in self._failed},
            segments=self._scene.segments,
            spec=self._spec,
            top_k=self._spec.top_k,
            seeds=self._seeds,
            random=self._random,
        )

    def compare(self, group: Group) -> None:
        """Run the methods of a group under all seeds, and ask the model about their rankings."""
        runs: dict[str, list[_Run]] = {method.name: [] for method in group.methods}
        for seed in group.seeds:
            with self._meter.part(group.calls) as report, self._listing_failures(group.methods):
                self._run(group, replace(self._spec, seed=seed), runs, report)
        for method in group.methods:
            questions = len(group.seeds) * len(self._random) * questions_a_ranking(self._scene.superpixels)
            with self._meter.part(questions) as report, self._listing_failures((method,)):
                if method.name not in self._failed:
                    self._done[method.name] = self._measured(method, runs[method.name], group, report)

    def _run(self, group: Group, spec: ExplainSpec, runs: dict[str, list[_Run]], report: Progress) -> None:
        """Run the methods of a group under one seed."""
        methods = [method for method in group.methods if method.name not in self._failed]
        if not methods:
            return
        first, judging = methods[0], spec.seed == self._seeds[0]
        if not isinstance(first, MaskMethod):
            began = time.perf_counter()
            attribution = first.attribute(self._image, self._classifier, spec, on_progress=report)
            seconds = time.perf_counter() - began
            attribution = judged(attribution, None, top_k=spec.top_k) if judging else attribution
            runs[first.name].append(_Run(on_superpixels(attribution, self._scene.segments), seconds))
            return
        known = reusable(self._known, first.asked(spec))
        answers, asking = self._ask(first.asked(spec), known, report)
        for method in methods:
            if isinstance(method, MaskMethod):
                with self._listing_failures((method,)):
                    began = time.perf_counter()
                    attribution, workings = method.work_out(answers, spec)
                    seconds = asking + time.perf_counter() - began
                    if judging:
                        attribution = judged(attribution, answers, top_k=spec.top_k, workings=workings)
                    runs[method.name].append(
                        _Run(on_superpixels(attribution, self._scene.segments), seconds, known is not None)
                    )

    def _ask(self, asked: ExplainSpec, known: Neighborhood | None, report: Progress) -> tuple[Neighborhood, float]:
        """Return the answers to the questions of a spec, and the seconds it takes to ask for all of them."""
        began = time.perf_counter()
        for answers in stream(self._image, self._classifier, asked, known=known, scene=self._scene_of(asked)):
            report(answers.samples, asked.sampler.size(asked.samples, answers.superpixels))
        seconds = self._preparing + time.perf_counter() - began
        if known is not None:
            seconds += known.provenance.timings.get("query", math.nan) * min(1.0, answers.samples / known.samples)
        return answers, seconds

    def _scene_of(self, asked: ExplainSpec) -> Scene | None:
        """Return the scene that is there, where a query needs no other one."""
        mine = self._spec
        same = asked.digest("segmentation") == mine.digest("segmentation") and asked.fill == mine.fill
        return self._scene if same and (asked.seed == mine.seed or not mine.fill.random) else None

    def _measured(self, method: Method, runs: Sequence[_Run], group: Group, report: Progress) -> MethodMeasures:
        attribution = runs[0].attribution
        return MethodMeasures(
            method=method.name,
            attribution=attribution,
            calls=attribution.calls,
            seconds=statistics.median(run.seconds for run in runs),
            shares_answers=method is not group.methods[0] or runs[0].known,
            classes=measure_rankings(
                self._answers,
                [run.attribution for run in runs],
                self._spec.top_k,
                random=group.random,
                on_progress=report,
            ),
        )

    @contextmanager
    def _listing_failures(self, methods: Sequence[Method]) -> Iterator[None]:
        """List methods that fail with their sentence; what stops the work passes through."""
        try:
            yield
        except LimeError as error:
            if error is self._meter.raised:
                raise
            self._failed |= {method.name: str(error) for method in methods}
