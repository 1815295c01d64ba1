"""How many calls a mask design needs before another seed gives the same five superpixels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

import lime_core as lc
from tests.benchmarks.lab import Lab
from tests.benchmarks.measures import Floats, calls_needed, mean_pairwise_jaccard
from tests.benchmarks.methods import Settings
from tests.benchmarks.pictures import Picture
from tests.benchmarks.summary import Interval, bootstrap, bootstrap_mean
from tests.benchmarks.table import render

# The `lime` package draws from the same distribution as "iid", so it has no row of its own.
SAMPLERS = ("balanced", "iid", "paired", "mixed_rate")
CURVE = (64, 96, 128, 192, 256, 384, 512, 768, 1024)
REPORTED = (256, 512, 1024)


@dataclass(frozen=True, slots=True)
class Stability:
    """Mean pairwise Jaccard of the top five between seeds, ``(pictures, calls)`` for each sampler."""

    calls: tuple[int, ...]
    seeds: int
    curves: dict[str, Floats]

    def at(self, sampler: str, calls: int) -> Interval:
        """Return the mean over the pictures at one number of calls."""
        return bootstrap_mean(self.curves[sampler][:, self.calls.index(calls)])

    def calls_of(self, sampler: str, reference: str, calls: int) -> Interval:
        """Return how many calls a sampler needs to be as stable as the reference is with `calls`."""
        own, other = self.curves[sampler], self.curves[reference][:, self.calls.index(calls)]
        return bootstrap(lambda rows: calls_needed(self.calls, own[rows].mean(axis=0), other[rows].mean()), len(own))


def measure(
    lab: Lab,
    pictures: Sequence[Picture],
    *,
    samplers: Sequence[str] = SAMPLERS,
    seeds: int = 5,
    calls: Sequence[int] = CURVE,
    spec: lc.ExplainSpec | None = None,
    say: Callable[[str], object] = lambda text: None,
) -> Iterator[Stability]:
    """Explain the model's top class of every picture under every sampler and seed, with otherwise these settings.

    Each (picture, sampler, seed) is asked once, at the largest number of calls; fewer calls are its beginning. After
    each picture the stability over the pictures so far is yielded.
    """
    curves = {sampler: np.empty((len(pictures), len(calls))) for sampler in samplers}
    for row, picture in enumerate(pictures):
        for sampler in samplers:
            say(f"sampling: {picture.name}, {sampler}")
            method = Settings(sampler, replace(spec or lc.ExplainSpec(), sampler=sampler), lab)
            curves[sampler][row] = stability_curve(method, picture, seeds, calls)
        yield Stability(tuple(calls), seeds, {sampler: curve[: row + 1].copy() for sampler, curve in curves.items()})


def stability_curve(method: Settings, picture: Picture, seeds: int, calls: Sequence[int]) -> Floats:
    """Return the mean pairwise Jaccard of the top five of the picture's class at each number of calls."""
    curve = {}
    for count in sorted(calls, reverse=True):  # the longest first: the shorter ones are its beginning
        tops = [method.attribute(picture, seed=seed, samples=count)[0].top for seed in range(seeds)]
        curve[count] = mean_pairwise_jaccard(tops)
    return np.array([curve[count] for count in calls])


def tables(stability: Stability) -> str:
    """Return the two tables: stability at some numbers of calls, and calls for the same stability."""
    reported = [count for count in REPORTED if count in stability.calls] or [stability.calls[-1]]
    pictures = len(next(iter(stability.curves.values())))
    first = render(
        ["top-5 Jaccard between seeds", *(f"{count} calls" for count in reported)],
        [[sampler, *(str(stability.at(sampler, count)) for count in reported)] for sampler in stability.curves],
    )
    note = f"Top class of {pictures} pictures, {stability.seeds} seeds, otherwise default settings; 95 % intervals."
    lines = [note, "", first]
    if "iid" in stability.curves and len(stability.calls) > 1:
        lines += ["", _needed_table(stability, reported)]
    return "\n".join(lines)


def _needed_table(stability: Stability, reported: Sequence[int]) -> str:
    others = [sampler for sampler in stability.curves if sampler != "iid"]
    return render(
        ["calls needed to be as stable as", *(f"{count} i.i.d. calls" for count in reported)],
        [[sampler, *(in_calls(stability.calls_of(sampler, "iid", count)) for count in reported)] for sampler in others],
    )


def in_calls(needed: Interval) -> str:
    """Return a number of calls with its interval; fewer than the first or more than the last point is said so."""
    texts = [
        "fewer" if v == -np.inf else "more" if v == np.inf else f"{v:.0f}"
        for v in (needed.value, needed.low, needed.high)
    ]
    return f"{texts[0]} [{texts[1]}, {texts[2]}]"


def as_dict(stability: Stability) -> dict[str, object]:
    """Return everything for the JSON file."""
    return {
        "calls": stability.calls,
        "seeds": stability.seeds,
        "curves": stability.curves,
        "mean": {name: [stability.at(name, count) for count in stability.calls] for name in stability.curves},
        "calls_as_stable_as_iid": {
            name: {count: stability.calls_of(name, "iid", count) for count in REPORTED if count in stability.calls}
            for name in stability.curves
            if name != "iid" and "iid" in stability.curves
        },
    }
