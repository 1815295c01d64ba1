"""What the trials share: progress over several queries, results as JSON."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from lime_core.answers.neighborhood import Neighborhood
from lime_core.answers.query import Progress
from lime_core.explanation.attribution import Attribution
from lime_core.methods import METHODS, MaskMethod, Method
from lime_core.settings.spec import QUERY_STAGES, ExplainSpec

LIME = METHODS["lime"]


def part_of(on_progress: Progress | None, position: int, parts: int, samples: int) -> Progress | None:
    """Return a progress callback for one of several queries, counted over all of them."""
    if on_progress is None:
        return None

    def report(done: int, total: int) -> None:
        on_progress(position * samples + samples * min(done, total) // max(total, 1), parts * samples)

    return report


def reusable(known: Neighborhood | None, spec: ExplainSpec) -> Neighborhood | None:
    """Return the known answers where they begin, or contain, those to the question that a spec asks."""
    return known if known is not None and known.spec.begins_like(spec) else None


def means_the_same(method: Method, first: ExplainSpec, second: ExplainSpec) -> bool:
    """Return whether two specs cannot lead to different results of a method."""
    if not isinstance(method, MaskMethod):
        return first == second or (replace(second, seed=first.seed) == first and not method.draws_at_random(first))
    asked = [method.asked(spec).digest(*QUERY_STAGES) for spec in (first, second)]
    return asked[0] == asked[1] and (not method.fits or first.digest("fit") == second.digest("fit"))


def strongest_count(attribution: Attribution, index: int, k: int | None) -> int:
    """Return `k`, or without it the K that the verdict on a class was made for, or 5 where there is none."""
    verdict = attribution[index].verdict
    return k or (5 if verdict is None else verdict.top_k)


def mean(values: Iterable[float]) -> float:
    """Return the mean of some numbers; NaN of none."""
    numbers = list(values)
    return float(np.mean(numbers)) if numbers else math.nan


def to_json_ready(value: Any) -> Any:
    """Return a trial's result as plain values for JSON: dataclasses as dicts, arrays as lists, NaN as None."""
    if isinstance(value, Attribution):
        return json.loads(value.to_json())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json_ready(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, np.ndarray):
        return to_json_ready(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): to_json_ready(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_json_ready(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
