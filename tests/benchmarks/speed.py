"""Milliseconds and megabytes: ours and the `lime` package in turn, in one process, on the same picture and model."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
from skimage import data

import lime_core as lc
from lime_core.models import model_card
from lime_core.superpixels import resize_pixels
from tests.benchmarks import child, classifiers, peers
from tests.benchmarks.bare import bare_passes
from tests.benchmarks.report import Row
from tests.benchmarks.sampling import Stability, in_calls
from tests.benchmarks.summary import Spread

MODELS = ("efficientnet_lite0", "inception_v3", "resnet50")
TARGETS_F32 = {"efficientnet_lite0": "≥ 4.5×", "inception_v3": "≥ 2×", "resnet50": "—"}
TARGETS_BF16 = {"efficientnet_lite0": "≥ 8×", "inception_v3": "≥ 4×", "resnet50": "—"}
PEER_BATCHES = (10, 32)  # the package's default, and a generous one
NOT_AVAILABLE = "not available"

Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured: samples of an explanation, runs of each, models, samples of a start and of the memory."""

    runs: int = 5
    samples: int = 1000
    models: tuple[str, ...] = MODELS
    start_samples: int = 500
    memory_samples: tuple[int, int] = (1000, 10_000)
    refits: int = 25


# Roughly how long the rows of a model take, and the others; the unit does not matter.
_COSTS = {"efficientnet_lite0": 1.0, "inception_v3": 6.0, "resnet50": 4.0}
_REFIT_COST, _START_COST, _MEMORY_COST = 0.1, 0.7, 0.8


def cost(plan: Plan) -> float:
    """Return how much `measure` has to do, in the unit of its costs."""
    return sum(_COSTS[name] for name in plan.models) + _REFIT_COST + _START_COST + _MEMORY_COST


def measure(plan: Plan, say: Say = lambda text: None) -> Iterator[tuple[Row, float]]:
    """Yield every row of the table that needs a clock or a scale as soon as it is ready, and what it cost."""
    image = lc.Image(data.chelsea())
    for name in plan.models:
        rows = _explanation_rows(name, image, plan, say)
        for row in rows:
            yield row, _COSTS[name] / len(rows)
    yield _refit_row(image, plan, say), _REFIT_COST
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "chelsea.png"
        PIL.Image.fromarray(image.pixels).save(picture)
        yield _start_row(picture, plan, say), _START_COST
        yield _memory_row(picture, plan, say), _MEMORY_COST


def calls_row(stability: Stability) -> Row:
    """Return the row on how many calls the default mask design saves."""
    sampler, most = lc.ExplainSpec().sampler.name, stability.calls[-1]
    needed = stability.calls_of(sampler, "iid", most)
    return Row(
        f"calls for the top-5 Jaccard between {stability.seeds} seeds of i.i.d. sampling, Lite0",
        f"{sampler}: {in_calls(needed)}",
        f"i.i.d.: {most}",
        f"{needed.value / most:.2f}" if np.isfinite(needed.value) else "beyond the curve",
        "≤ 0.5",
        {"calls": needed},
    )


def in_turn(contenders: dict[str, Callable[[], float]], runs: int, say: Say) -> dict[str, list[float]]:
    """Run every contender once a round, so that whatever else the machine does meets them alike.

    A contender returns the seconds it took.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(runs):
        for name, contender in contenders.items():
            say(f"round {number + 1} of {runs}: {name}")
            seconds[name].append(contender())
    return seconds


def ratio(of: Sequence[float], to: Sequence[float]) -> Spread:
    """Return the spread of the ratios within each round."""
    return Spread.of([a / b for a, b in zip(of, to, strict=True)])


def _explanation_rows(name: str, image: lc.Image, plan: Plan, say: Say) -> list[Row]:
    classifier, reason = classifiers.load(name)
    if classifier is None:
        return [Row(f"{name}: one explanation", NOT_AVAILABLE, "—", reason, "—")]
    bf16, why_no_bf16 = classifiers.load(name, precision="bf16")
    spec = lc.ExplainSpec(samples=plan.samples, early_stop=False)
    pixels = resize_pixels(image.pixels, classifier.input_size)
    contenders = {
        "ours f32": _explanation(image, classifier, spec),
        "model alone": bare_passes(classifier, pixels, plan.samples),
    }
    if bf16 is not None:
        contenders["ours bf16"] = _explanation(image, bf16, spec)
    batch = None
    if peers.is_installed():
        contenders["lime package"], batch = _peer(name, image, spec, say)
    for warm_up in contenders.values():
        warm_up()
    seconds = in_turn(contenders, plan.runs, lambda text: say(f"{name}, {text}"))
    measured = {"seconds": seconds, "engine": classifier.engine, "peer_batch": batch, "samples": plan.samples}
    title = f"{name}{' (random weights)' if classifiers.needs_random(name) else ''}, N = {plan.samples}"
    return [
        _against_peer(f"{title}: one explanation, f32 ({classifier.engine})", "ours f32", TARGETS_F32[name], measured),
        _against_peer(f"{title}: one explanation, bf16", "ours bf16", TARGETS_BF16[name], measured, why_no_bf16),
        _overhead_row(f"{title}: time above the bare forward passes", measured),
    ]


def _explanation(image: lc.Image, classifier: lc.Classifier, spec: lc.ExplainSpec) -> Callable[[], float]:
    return lambda: _seconds(lambda: lc.explain(image, classifier, spec))


def _peer(name: str, image: lc.Image, spec: lc.ExplainSpec, say: Say) -> tuple[Callable[[], float], int]:
    """Return the package with Keras's `predict`, at the better of two batch sizes, and that size.

    It cuts the picture into the same superpixels by the same code, in its own time as we do in ours.
    """
    predict = classifiers.keras_predict(name)
    pixels = resize_pixels(image.pixels, model_card(name).input_size)

    def explain(samples: int, batch: int) -> float:
        segmentation = lambda _: lc.prepare(image, pixels.shape[:2], spec).labels  # noqa: E731
        return _seconds(
            lambda: peers.explain(pixels, predict, samples=samples, batch_size=batch, segmentation=segmentation)
        )

    say(f"{name}: which batch suits the lime package")
    trial = max(64, min(160, spec.samples))
    explain(trial, PEER_BATCHES[0])
    times = {batch: min(explain(trial, batch) for _ in range(2)) for batch in PEER_BATCHES}
    best = min(times, key=times.get)
    return lambda: explain(spec.samples, best), best


def _against_peer(what: str, ours: str, target: str, measured: dict[str, Any], reason: str = "") -> Row:
    seconds = measured["seconds"]
    if ours not in seconds:
        return Row(what, NOT_AVAILABLE, "—", reason, target)
    own = Spread.of(seconds[ours]).text(" s")
    if "lime package" not in seconds:
        return Row(what, own, "the lime package is not installed", "—", target, measured)
    peer = f"lime package {Spread.of(seconds['lime package']).text(' s')}, batch {measured['peer_batch']}"
    faster = ratio(seconds["lime package"], seconds[ours])
    return Row(what, own, peer, faster.text("×"), target, measured | {"ratio": faster})


def _overhead_row(what: str, measured: dict[str, Any]) -> Row:
    ours, bare = measured["seconds"]["ours f32"], measured["seconds"]["model alone"]
    above = Spread.of([100 * (own / alone - 1) for own, alone in zip(ours, bare, strict=True)])
    alone = f"model alone {Spread.of(bare).text(' s')}"
    return Row(what, Spread.of(ours).text(" s"), alone, above.text(" %"), "≤ 10 %", {"percent_above": above})


def _refit_row(image: lc.Image, plan: Plan, say: Say) -> Row:
    say("re-fit")
    classifier, _ = classifiers.load("efficientnet_lite0")
    spec = lc.ExplainSpec(segmentation=lc.Grid(5, 10), samples=plan.samples, early_stop=False)
    neighborhood = lc.query(image, classifier, spec)
    times = [1000 * _seconds(lambda: lc.fit(neighborhood, spec)) for _ in range(plan.refits)]
    what = f"re-fit of {spec.top_classes} classes, N = {plan.samples}, S = {neighborhood.superpixels}"
    return Row(what, Spread.of(times).text(" ms"), "—", "no model call", "< 20 ms", {"milliseconds": times})


def _start_row(picture: Path, plan: Plan, say: Say) -> Row:
    what = f"process start to first explanation, warm cache, Lite0, {plan.start_samples} samples"
    question = {"picture": str(picture), "samples": plan.start_samples}
    engines: dict[str, dict[str, str]] = {"ours": {}, "TensorFlow": {"engine": "tensorflow"}}
    answers = {name: child.run(**question, **engine) for name, engine in engines.items()}  # warms the caches
    starts = {name: _start(question | engine) for name, engine in engines.items()}
    seconds = in_turn(starts, plan.runs, lambda text: say(f"start, {text}"))
    sooner = ratio(seconds["TensorFlow"], seconds["ours"])
    own = f"{Spread.of(seconds['ours']).text(' s')} ({answers['ours']['engine']})"
    peer = f"with TensorFlow {Spread.of(seconds['TensorFlow']).text(' s')}"
    return Row(what, own, peer, sooner.text("×"), "≥ 3×", {"seconds": seconds, "ratio": sooner, "answers": answers})


def _start(question: dict[str, Any]) -> Callable[[], float]:
    return lambda: child.run(**question)["seconds"]


def _memory_row(picture: Path, plan: Plan, say: Say) -> Row:
    few, many = plan.memory_samples
    peaks: dict[int, list[float]] = {few: [], many: []}
    for number in range(min(plan.runs, 3)):
        for samples, found in peaks.items():
            say(f"peak memory, round {number + 1}: {samples} samples")
            found.append(child.run(picture=str(picture), samples=samples)["peak_mb"])
    more = Spread.of([b - a for a, b in zip(peaks[few], peaks[many], strict=True)])
    ours, less = Spread.of(peaks[many]).text(" MB", 4), Spread.of(peaks[few]).text(" MB", 4)
    what = f"peak memory, Lite0, N = {many} over N = {few}"
    return Row(what, ours, f"itself {less}", f"{more.text(' MB')} more", "< 100 MB more", {"peak_mb": peaks})


def _seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started
