"""How often noise is called something, and what the corrections cost on real pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import lime_core as lc
from tests.benchmarks.lab import Lab
from tests.benchmarks.pictures import Picture
from tests.known_neighborhoods import answers_to_masks, noise

_POINTWISE = 1.96  # standard errors: one interval at a time, as before the correction
SIZES = ((10, 512), (49, 512), (200, 700))
SAMPLERS = ("balanced", "iid", "paired", "mixed_rate", "lime")


@dataclass(frozen=True, slots=True)
class Noise:
    """What is said of pure noise, as shares of the runs.

    Attributes
    ----------
    superpixels, samples : int
        Of each run.
    sampler, target : str
        Settings.
    meaningless : float
        Runs whose verdict is "meaningless".
    any_sure, any_sure_pointwise : float
        Runs in which any superpixel is sure: corrected, and with one 95 % interval at a time.
    """

    superpixels: int
    samples: int
    sampler: str
    target: str
    meaningless: float
    any_sure: float
    any_sure_pointwise: float


@dataclass(frozen=True, slots=True)
class Power:
    """What is sure on real pictures, on average.

    Attributes
    ----------
    samples : int
        Calls.
    sure, sure_pointwise : float
        Superpixels that are sure: corrected, and with one 95 % interval at a time.
    top_five, top_five_pointwise : float
        How many of the five strongest of a run eight times as long are sure.
    """

    samples: int
    sure: float
    sure_pointwise: float
    top_five: float
    top_five_pointwise: float


def measure_noise(runs: int, say: Callable[[str], object]) -> Iterator[Noise]:
    """Fit pure noise under every sampler and both targets, and yield a row as soon as it is ready."""
    for superpixels, samples in SIZES:
        for sampler in SAMPLERS:
            for target in ("log_odds", "probability"):
                say(f"noise: {superpixels} superpixels, {sampler}, {target}")
                spec = lc.ExplainSpec(sampler=sampler, target=target)
                items = [
                    lc.fit(answers_to_masks(noise, superpixels, samples, spec, seed)).classes[0] for seed in range(runs)
                ]
                yield Noise(
                    superpixels,
                    samples,
                    sampler,
                    target,
                    float(np.mean([item.trust.level == "meaningless" for item in items])),
                    float(np.mean([item.sure.any() for item in items])),
                    float(np.mean([_pointwise(item).any() for item in items])),
                )


def measure_power(
    lab: Lab, pictures: Sequence[Picture], calls: Sequence[int], say: Callable[[str], object]
) -> Iterator[Power]:
    """Explain real pictures and count what is sure; the longest run says which five are the strongest."""
    spec = replace(lc.ExplainSpec(), classes=(0,))
    strongest = {}
    for picture in pictures:
        say(f"power: {picture.name}")
        long = lc.fit(lab.ask(picture, replace(spec, seed=1), 8 * max(calls)), spec)
        strongest[picture.name] = list(long.top_features(0, 5, "both"))
    for samples in sorted(calls, reverse=True):
        items = {picture.name: lc.fit(lab.ask(picture, spec, samples), spec)[0] for picture in pictures}
        corrected = {name: item.sure for name, item in items.items()}
        pointwise = {name: _pointwise(item) for name, item in items.items()}
        yield Power(
            samples,
            float(np.mean([sure.sum() for sure in corrected.values()])),
            float(np.mean([sure.sum() for sure in pointwise.values()])),
            float(np.mean([sure[strongest[name]].sum() for name, sure in corrected.items()])),
            float(np.mean([sure[strongest[name]].sum() for name, sure in pointwise.items()])),
        )


def _pointwise(item: lc.ClassExplanation) -> Any:
    return np.abs(item.coefficients) > _POINTWISE * item.std_errors


NOISE_HEADER = ("superpixels", "samples", "sampler", "target", "meaningless", "any sure", "any sure, one at a time")
POWER_HEADER = ("calls", "sure", "sure, one at a time", "of the top five", "of the top five, one at a time")


def noise_cells(row: Noise) -> list[str]:
    """Return a row of the table under `NOISE_HEADER`."""
    shares = [f"{share:.0%}" for share in (row.meaningless, row.any_sure, row.any_sure_pointwise)]
    return [str(row.superpixels), str(row.samples), row.sampler, row.target, *shares]


def noise_cost(row: Noise) -> float:
    """Return how long a row takes, in a unit of its own."""
    return row.superpixels * row.samples


def costs(calls: Sequence[int]) -> tuple[float, float]:
    """Return how long all rows of noise and all rows of power take together, in the unit of `noise_cost`, roughly."""
    noise_rows = 2.0 * len(SAMPLERS) * sum(superpixels * samples for superpixels, samples in SIZES)
    return noise_rows, 1000.0 * sum(calls)


def power_cells(row: Power) -> list[str]:
    """Return a row of the table under `POWER_HEADER`."""
    sure = [f"{row.sure:.1f}", f"{row.sure_pointwise:.1f}"]
    return [str(row.samples), *sure, f"{row.top_five:.2f}", f"{row.top_five_pointwise:.2f}"]
