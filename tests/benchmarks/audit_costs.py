"""What an audit costs beside the bare calls: pictures a second with one worker and two, and the most memory held.

``python -m tests.benchmarks.audit_costs '{"task": "audit", …}'`` measures once, in a process of its own, and prints one
line of JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.report import Report
from tests.planted import PHOTOGRAPHS, plant

HEADER = (
    "cores",
    "workers",
    "pictures",
    "pictures a second",
    "bare calls alone",
    "time over bare calls",
    "peak memory",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured.

    Attributes
    ----------
    pictures : int
        Of the longer audit; the shorter one has a third of them.
    samples : int
        Calls a picture.
    runs : int
        Rounds; the best of each is taken, since other processes only ever make it slower.
    """

    pictures: int = 96
    samples: int = 256
    runs: int = 2


SHORT = Plan(pictures=12, samples=64, runs=1)


def measure(plan: Plan, found: Report) -> None:
    """Time audits and bare calls on one core and on all, in processes that are pinned to them.

    The time of an audit is that of explaining and writing its pictures, once each worker has its model: loading and
    testing concepts do not grow with their number.
    """
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
    choices = [(cores[:1], 1)] + ([(cores, 1), (cores, 2)] if len(cores) > 1 else [])
    folder = Path(tempfile.mkdtemp(prefix="audit-costs-"))
    rows: list[dict[str, Any]] = []
    try:
        pictures = _pictures(folder, plan)
        found.expect(len(choices) * plan.runs)
        found.table(
            HEADER,
            f"EfficientNet-Lite0, {plan.samples} calls a picture, best of {plan.runs}; the bare calls are the same "
            "number in the audit's own precision, and those that it makes in f32 as well.",
        )
        for pinned, workers in choices:
            rounds = []
            for number in range(plan.runs):
                found.say(f"{workers} on {len(pinned)} cores, round {number + 1}")
                rounds.append(_round(plan, pictures, pinned, workers, folder))
                found.advance(1)
            rows.append(_best(rounds, plan, pinned, workers))
            found.keep(costs=rows)
            found.row(_cells(rows[-1]))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for text in _remarks(rows):
        found.text(text)


def _round(plan: Plan, pictures: Path, pinned: Sequence[int], workers: int, folder: Path) -> dict[str, Any]:
    question = {"samples": plan.samples, "cores": list(pinned), "pictures": str(pictures)}
    audit = _run(task="audit", workers=workers, output=str(folder / "audit"), **question)
    shutil.rmtree(folder / "audit")
    bare = _run(task="bare", count=plan.pictures, precision=audit["precision"], **question)
    few = _run(task="audit", workers=workers, output=str(folder / "few"), limit=plan.pictures // 3, **question)
    shutil.rmtree(folder / "few")
    return {"bare": bare, "audit": audit, "few": few}


def _best(rounds: Sequence[dict[str, Any]], plan: Plan, pinned: Sequence[int], workers: int) -> dict[str, Any]:
    bare = max(each["bare"]["pictures_a_second"] for each in rounds)
    audit = max(each["audit"]["pictures_a_second"] for each in rounds)
    return {
        "cores": len(pinned),
        "workers": workers,
        "pictures": plan.pictures,
        "pictures_a_second": audit,
        "bare": bare,
        "over_bare": bare / audit,
        "peak_mb": min(each["audit"]["peak_mb"] for each in rounds),
        "peak_mb_of_a_third": min(each["few"]["peak_mb"] for each in rounds),
        "worker_peak_mb": min(each["audit"]["worker_peak_mb"] for each in rounds) if workers > 1 else None,
        "precision": rounds[0]["audit"]["precision"],
    }


def _cells(row: dict[str, Any]) -> list[str]:
    return [
        str(row["cores"]),
        str(row["workers"]),
        str(row["pictures"]),
        f"{row['pictures_a_second']:.2f}",
        f"{row['bare']:.2f}",
        f"{row['over_bare']:.2f} × (≤ 1.1)",
        f"{row['peak_mb']:.0f} MB; {row['peak_mb_of_a_third']:.0f} MB with a third of the pictures"
        + (f"; a worker {row['worker_peak_mb']:.0f} MB" if row["worker_peak_mb"] else ""),
    ]


def _remarks(rows: Sequence[dict[str, Any]]) -> list[str]:
    speeds = {(row["cores"], row["workers"]): row["pictures_a_second"] for row in rows}
    if (1, 1) not in speeds or (2, 2) not in speeds:
        return []
    efficiency = speeds[2, 2] / (2 * speeds[1, 1])
    return [f"Efficiency from one worker on one core to two on two: {efficiency:.2f} (≥ 0.9)."]


def _pictures(folder: Path, plan: Plan) -> Path:
    base = "photographs" if PHOTOGRAPHS.is_dir() else "shapes"
    return plant(None, 1.0, base, 0, folder / "set", per_class=plan.pictures // 2).pictures


def _run(**question: Any) -> dict[str, Any]:
    """Measure in a new process.

    Raises
    ------
    subprocess.CalledProcessError
        When it failed.
    """
    finished = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.audit_costs", json.dumps(question)],
        cwd=Path(__file__).resolve().parents[2],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(finished.stdout.splitlines()[-1])


def _bare(question: dict[str, Any]) -> dict[str, Any]:
    """Time the passes through the network that an audit makes for its samples, in the same precisions."""
    import numpy as np

    import lime_core as lc
    from lime_core.answers.growing import asked_twice
    from lime_core.superpixels import resize_pixels
    from tests.benchmarks.bare import bare_passes

    calls = {question["precision"]: question["samples"]}
    if question["precision"] != "f32":
        calls["f32"] = int(asked_twice(np.arange(question["samples"])).sum())
    image = lc.load_image(next(Path(question["pictures"]).rglob("*.jpg")))
    seconds = 0.0
    for precision, count in calls.items():
        classifier = lc.load_classifier("efficientnet_lite0", precision=precision)
        pixels = resize_pixels(image.pixels, classifier.input_size)
        run = bare_passes(classifier, pixels, question["count"] * count)
        bare_passes(classifier, pixels, 64)()
        seconds += run()
    return {"pictures_a_second": question["count"] / seconds}


def _audit(question: dict[str, Any]) -> dict[str, Any]:
    import lime_core as lc
    from lime_core.audits.beginning import opened, prepared
    from lime_core.audits.workers.pool import ModelSource
    from lime_core.collections import open_collection
    from tests.benchmarks.child import peak_mb

    paths = sorted(Path(question["pictures"]).rglob("*.jpg"))[: question.get("limit")]
    spec = lc.ExplainSpec(samples=question["samples"], seed=0)
    moments: list[tuple[float, int]] = []
    with opened(question["output"]) as folder:
        task = prepared(folder, open_collection(paths), ModelSource("efficientnet_lite0"), spec)
        task.explain(
            workers=question["workers"], on_progress=lambda done, total: moments.append((time.perf_counter(), done))
        )
    # Each worker loads the model before its first picture.
    (began, first), (ended, last) = next(one for one in moments if one[1] >= question["workers"]), moments[-1]
    return {
        "pictures_a_second": (last - first) / (ended - began) if last > first else None,
        "precision": task.job.precision,
        "peak_mb": peak_mb(),
        "worker_peak_mb": _largest_child_mb(),
    }


def _largest_child_mb() -> float:
    import resource  # Unix only, as pinning is

    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


TASKS = {"bare": _bare, "audit": _audit}

if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, asked.pop("cores"))
    print(json.dumps(TASKS[asked.pop("task")](asked)))
