"""Questions that can be put to the page by a link and to the command line by flags, and what each of them answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.serving.page_elements import Scores

ROOT = Path(__file__).resolve().parents[3]
# Gallery pictures of one file, by their name in the page's links, and where they lie.
GALLERY = {
    "cat": ("skimage", "data/chelsea.png"),
    "coffee": ("skimage", "data/coffee.png"),
    "astronaut": ("skimage", "data/astronaut.png"),
    "motorcycle": ("skimage", "data/motorcycle_left.png"),
    "rocket": ("skimage", "data/rocket.jpg"),
    "pagoda": ("sklearn", "datasets/images/china.jpg"),
    "flower": ("sklearn", "datasets/images/flower.jpg"),
}
TOLERANCE = 1e-6  # both ways give unrounded numbers; sums in another order may differ in the last digits


@dataclass(frozen=True, slots=True)
class Question:
    """One question, otherwise with the default settings.

    Attributes
    ----------
    samples, seed : int
        Settings.
    picture : str
        Name in the gallery; or, with `file`, anything.
    file : Path or None
        A picture that has to be uploaded.
    settings : tuple of (str, str)
        More settings, by flag.
    """

    samples: int
    seed: int
    picture: str = "cat"
    file: Path | None = None
    settings: tuple[tuple[str, str], ...] = ()

    @property
    def path(self) -> Path:
        """Where the picture lies."""
        if self.file is not None:
            return self.file
        package, inside = GALLERY[self.picture]
        places = getattr(find_spec(package), "submodule_search_locations", None)
        if not places:
            raise RuntimeError(f"The example pictures of {package} are not installed.")
        return Path(places[0]) / inside

    @property
    def flags(self) -> dict[str, str]:
        """The settings by flag, as the command line and a link name them."""
        return {"samples": str(self.samples), "seed": str(self.seed), **dict(self.settings)}

    @property
    def query(self) -> str:
        """The query string of the link that asks it; an uploaded picture is not in it."""
        named = {} if self.file is not None else {"picture": self.picture}
        return urlencode(named | self.flags)


def gallery_questions(samples: int, seeds: Sequence[int]) -> list[Question]:
    """Return one question a seed, about the pictures of the gallery in turn."""
    names = list(GALLERY)
    return [Question(samples, seed, names[place % len(names)]) for place, seed in enumerate(seeds)]


def command_line_scores(
    questions: Sequence[Question], folder: Path, cache: Path | None = None
) -> list[dict[int, NDArray[np.float64]]]:
    """Return what ``python -m lime_core explain`` writes for each question: the coefficients of every class by index.

    One process answers them one after another; each answer is read from its ``explanation.json``.
    """
    outputs = [folder / f"{place}-{one.path.stem}-{one.seed}" for place, one in enumerate(questions)]
    asked = [
        ["explain", str(one.path), "--quiet", "--output", str(output)]
        + [word for flag, value in one.flags.items() for word in (f"--{flag}", value) if word]
        for one, output in zip(questions, outputs, strict=True)
    ]
    _in_a_child("command-line", asked, cache)
    return [_coefficients(output / "explanation.json") for output in outputs]


def _coefficients(path: Path) -> dict[int, NDArray[np.float64]]:
    document = json.loads(path.read_text(encoding="utf-8"))
    return {item["index"]: np.array(item["coefficients"], np.float64) for item in document["classes"]}


def difference(shown: Scores, expected: dict[int, NDArray[np.float64]]) -> float:
    """Return the largest difference of the scores on a page from those expected; infinite for other superpixels."""
    values = expected.get(shown.index)
    if values is None or values.shape != shown.values.shape:
        return float("inf")
    largest = float(np.abs(values - shown.values).max())
    return largest if np.isfinite(largest) else float("inf")


def worst_difference(
    shown: Sequence[Scores], expected: dict[int, NDArray[np.float64]], *, all_classes: bool = True
) -> float:
    """Return the largest difference of all classes shown; infinite when none is, or not all are that should be."""
    classes = {one.index for one in shown}
    if not classes or (all_classes and classes != set(expected)):
        return float("inf")
    return max(difference(one, expected) for one in shown)


@dataclass(frozen=True, slots=True)
class LibraryRun:
    """What the library needed for some questions, one after another, in one process with the model loaded before.

    Attributes
    ----------
    cpu, wall : float
        Processor time and time that passed, seconds.
    model : float
        Time that passed while the model was asked, seconds; the rest is cutting, fitting and judging.
    """

    cpu: float
    wall: float
    model: float


def library_run(questions: Sequence[Question], cache: Path | None = None) -> LibraryRun:
    """Answer the questions with `lime_core.explain` in a process of its own."""
    asked = [{"path": str(one.path), "flags": one.flags} for one in questions]
    return LibraryRun(**json.loads(_in_a_child("library", asked, cache).splitlines()[-1]))


def _in_a_child(task: str, asked: object, cache: Path | None) -> str:
    finished = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.serving.questions", task],
        input=json.dumps(asked),
        cwd=ROOT,
        env=os.environ | ({"LIMELIGHT_CACHE": str(cache)} if cache is not None else {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode != 0:
        raise RuntimeError(f"The {task.replace('-', ' ')} fails: {finished.stderr[-2000:]}")
    return finished.stdout


def _library(asked: Sequence[dict[str, Any]]) -> int:
    import time

    import lime_core as lc
    from lime_core.settings.flags import spec_from_flags
    from pages.state.guarded_classifier import guarded

    in_model = 0.0

    def timed(_: int, ask: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        nonlocal in_model
        began = time.perf_counter()
        answers = ask()
        in_model += time.perf_counter() - began
        return answers

    classifier = guarded(lc.load_classifier("efficientnet_lite0"), timed)
    specs = [spec_from_flags({flag: [value] if value else [] for flag, value in one["flags"].items()}) for one in asked]
    # The first question of a process pays for imports and for the engine's start, on the page as well.
    lc.explain(lc.load_image(asked[0]["path"]), classifier, lc.ExplainSpec(samples=64, seed=99))
    in_model = 0.0
    cpu, wall = time.process_time(), time.perf_counter()
    for one, spec in zip(asked, specs, strict=True):
        lc.explain(lc.load_image(one["path"]), classifier, spec)
    print(json.dumps({"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall, "model": in_model}))
    return 0


def _command_line(asked: Sequence[Sequence[str]]) -> int:
    from lime_core.cli.main import main

    return max(main(words) for words in asked)


if __name__ == "__main__":
    tasks: dict[str, Callable[[Any], int]] = {"library": _library, "command-line": _command_line}
    sys.exit(tasks[sys.argv[1]](json.load(sys.stdin)))
