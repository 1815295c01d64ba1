"""What has to happen in a process of its own: a start from nothing, and a peak of memory.

``python -m tests.benchmarks.child '{"samples": 500, "engine": "tensorflow"}'`` explains one picture with the built-in
model and prints one line of JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


def run(**question: Any) -> dict[str, Any]:
    """Explain in a new process; return what it printed and ``seconds`` from its start to its end.

    Raises
    ------
    subprocess.CalledProcessError
        When it failed.
    """
    root = Path(__file__).resolve().parents[2]
    started = time.perf_counter()
    finished = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.child", json.dumps(question)],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    seconds = time.perf_counter() - started
    return json.loads(finished.stdout.splitlines()[-1]) | {"seconds": seconds}


def main(question: dict[str, Any]) -> dict[str, Any]:
    """Explain the picture and say with what, and how much memory that took at most."""
    import lime_core as lc  # this import is part of what is timed

    samples = question.pop("samples")
    image = lc.load_image(question.pop("picture"))
    classifier = lc.load_classifier(**question)
    explanation = lc.explain(image, classifier, lc.ExplainSpec(samples=samples, early_stop=False))
    return {
        "class": explanation.classes[0].name,
        "samples": explanation.samples,
        "engine": explanation.provenance.engine,
        "tensorflow_imported": "tensorflow" in sys.modules,
        "peak_mb": peak_mb(),
    }


def peak_mb() -> float:
    """Return the most memory this process has held, in MB.

    Linux lets a child's `ru_maxrss` begin at what its parent held when it was started, so it is read from the kernel's
    own count for the new program there.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        lines = status.read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    import resource  # Unix only

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
