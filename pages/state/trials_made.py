"""The trials that were made of an attribution, by any visitor: results kept on the server, which verdicts take in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import lime_core as lc
from lime_core.explanation.verdict import TRIAL_TITLES
from lime_core.trials.weighing import with_trials
from pages.state.attribution_keys import attribution_key
from pages.state.cache import LruCache, digest

AttributionT = TypeVar("AttributionT", bound=lc.Attribution)

FEWEST_SEEDS, MOST_SEEDS = 2, 10  # of a repetition


class TrialKeys:
    """The keys of results of trials of one attribution: equal however its maps are drawn; K counts.

    Parameters
    ----------
    attribution : Attribution
        What is put to the test.
    top_k : int
        How many superpixels count as the strongest.
    """

    def __init__(self, attribution: lc.Attribution, top_k: int) -> None:
        self._subject = digest("trial", attribution_key(attribution), str(top_k))

    def of(self, trial: str, class_index: int) -> str:
        """Return the key of a trial of one class."""
        return digest(self._subject, trial, str(class_index))

    def of_repeat(self, seeds: Sequence[int]) -> str:
        """Return the key of a repetition, which is of all classes at once."""
        return digest(self._subject, "repeat", str(tuple(seeds)))


def trials_made(attribution: lc.Attribution, results: LruCache) -> dict[int, dict[str, Any]]:
    """Return the results that are kept: for each class by its index, by the name of the trial.

    Of repetitions that one counts which has the most seeds.
    """
    if attribution.segments is None:
        return {}
    keys = TrialKeys(attribution, min(attribution.classes[0].trust.top_k, attribution.superpixels))
    repeats = (results.get(keys.of_repeat(range(count))) for count in range(MOST_SEEDS, FEWEST_SEEDS - 1, -1))
    repeated = next((result for result in repeats if result is not None), None)
    made: dict[int, dict[str, Any]] = {}
    for item in attribution.classes:
        found = {name: results.get(keys.of(name, item.index)) for name in TRIAL_TITLES} | {"repeat": repeated}
        made[item.index] = {name: result for name, result in found.items() if result is not None}
    return made


def take_in_trials(attribution: AttributionT, results: LruCache) -> AttributionT:
    """Return the attribution with verdicts that take in the trials made of it; itself where there are none."""
    return with_trials(attribution, trials_made(attribution, results))
