"""Plans: pictures in a batch and batches at a time, measured once for each model and remembered.

The best plan differs between processors (many cores profit from several streams; on one or two all plans are equally
fast within the noise, so none is measured there), and depends on the architecture but not on the weights. It changes
the speed, never the outputs.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from lime_core.models.engines.graph_store import library_versions, machine
from lime_core.models.engines.openvino_engine import OpenVINOEngine, Plan
from lime_core.models.engines.openvino_runtime import most_streams
from lime_core.models.files.cache import cache_folder, can_be_written, read_cached, write_cached

if TYPE_CHECKING:
    from pathlib import Path

    from lime_core.models.engines.base import Precision
    from lime_core.models.engines.openvino_graph import Graph

_BATCH_SIZES = (4, 8, 16, 32)
_FEWEST_CORES = 3
_BUDGET_SECONDS = 3.0
_ENOUGH_SECONDS = 0.5
# A number that every batch size divides, so that no plan pays for padding.
_PICTURES = 32
_SUPERPIXELS = 49
# A smaller gain is noise, and the plan with the smaller batch and fewer streams needs less memory.
_WORTHWHILE = 0.97


def remembered_plan(model_id: str, precision: Precision) -> Plan:
    """Return the remembered plan of a model, or the default one; nothing is measured."""
    path = _path(model_id, precision)
    return (path and _read(path)) or Plan()


def plan_for(model_id: str, graph: Graph, input_size: tuple[int, int], precision: Precision) -> Plan:
    """Return the remembered plan of a model, or measure one and remember it.

    Where nothing can be remembered the default plan is returned, because measuring at every start would cost more than
    it gains; and so it is on one or two cores.

    Raises
    ------
    ModelError
        If OpenVINO cannot use the graph.
    """
    path = _path(model_id, precision)
    if path is None:
        return Plan()
    cached = _read(path)
    if cached is not None:
        return cached
    if most_streams() < _FEWEST_CORES or not can_be_written(path, len(_content(Plan()))):
        return Plan()
    # Nothing is written before: a process that is killed while it measures must not leave an unmeasured plan for good.
    plan = measure(graph, input_size, precision)
    write_cached(path, [_content(plan)])
    return plan


def measure(graph: Graph, input_size: tuple[int, int], precision: Precision) -> Plan:
    """Try the candidates in turn until the time is up, and return the fastest.

    Raises
    ------
    ModelError
        If OpenVINO cannot use the graph.
    """
    best, least, deadline = Plan(), np.inf, time.perf_counter() + _BUDGET_SECONDS
    candidates = sorted(
        (Plan(batch_size, streams) for batch_size in _BATCH_SIZES for streams in sorted({1, most_streams()})),
        # Plans close to the default come first, in case the time is up before the end.
        key=lambda plan: (plan.batch_size != best.batch_size, plan.streams != best.streams),
    )
    for plan in candidates:
        # Measuring a candidate takes about three times its measured time.
        if np.isfinite(least) and time.perf_counter() + 3 * least > deadline:
            break
        seconds = _seconds(graph, input_size, plan, precision)
        if seconds < _WORTHWHILE * least:
            best, least = plan, seconds
    return best


def _seconds(graph: Graph, input_size: tuple[int, int], plan: Plan, precision: Precision) -> float:
    engine = OpenVINOEngine(graph, input_size, plan, precision)
    pictures = np.zeros((2, *input_size, 3), np.float32)
    labels = np.arange(np.prod(input_size), dtype=np.int32).reshape(input_size) % _SUPERPIXELS
    count = max(_PICTURES, plan.batch_size * plan.streams)
    choices = np.ones((count, _SUPERPIXELS), np.uint8)
    # The first call allocates memory. Other programs may be using the processor, so the shortest time counts.
    engine.choose(pictures, labels, choices[: plan.batch_size])
    spent: list[float] = []
    while len(spent) < 3 and sum(spent) < _ENOUGH_SECONDS:
        started = time.perf_counter()
        engine.choose(pictures, labels, choices)
        spent.append(time.perf_counter() - started)
    return min(spent) / count * _PICTURES


def _path(model_id: str, precision: Precision) -> Path | None:
    folder = cache_folder()
    if folder is None:
        return None
    facts = "\n".join([*library_versions(), machine()])
    return folder / "plans" / f"{model_id}-{precision}-{hashlib.sha256(facts.encode()).hexdigest()[:16]}.json"


def _read(path: Path) -> Plan | None:
    try:
        values = json.loads(read_cached(path) or b"null")
        plan = Plan(values["batch_size"], values["streams"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    whole = type(plan.batch_size) is int and type(plan.streams) is int
    # Only what could have been measured here: a damaged number could ask for more memory than there is.
    return plan if whole and plan.batch_size in _BATCH_SIZES and 1 <= plan.streams <= most_streams() else None


def _content(plan: Plan) -> bytes:
    return json.dumps(asdict(plan)).encode()
