"""Run a room's quick tests against a mutant, in a copy of the tree and a process that can be ended."""

from __future__ import annotations

import importlib
import json
import multiprocessing
import os
import resource
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING

from tests.mutation.mutants import ROOMS, Mutant

if TYPE_CHECKING:
    import pytest

# What the library and its tests import from elsewhere, loaded once and inherited by every process that is forked.
_WARM = (
    "hypothesis",
    "lime.lime_image",
    "numpy",
    "PIL.Image",
    "pytest",
    "scipy.linalg",
    "scipy.ndimage",
    "scipy.special",
    "scipy.stats",
    "skimage.restoration",
    "skimage.segmentation",
    "skimage.transform",
    "sklearn.linear_model",
    "sklearn.tree",
    "threadpoolctl",
)
_MEMORY = 4 * 2**30  # bytes that a mutant may ask for before it counts as noticed
_SPARE_TIME = 20.0  # seconds beyond five times what the unchanged tests took


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant: "killed", "timed out" or "survived", and after how many seconds."""

    mutant: Mutant
    verdict: str
    seconds: float


def warm_up() -> None:
    """Import what stays the same from one mutant to the next."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"  # threads do not survive a fork, and the runs share the cores
    for name in _WARM:
        importlib.import_module(name)


def copy_tree(root: Path, target: Path) -> None:
    """Copy what the quick tests of the rooms need."""
    for name in ("lime_core", "tests"):
        shutil.copytree(root / name, target / name)
    shutil.copy(root / "pyproject.toml", target)


def unchanged_seconds(tree: Path, rooms: Sequence[str]) -> dict[str, float]:
    """Run the quick tests of the unchanged library; they have to pass, and their times set the time-outs.

    That leaves compiled files in the tree, so copies of it are made afterwards.
    """
    seconds = {}
    for room in rooms:
        started = time.perf_counter()
        process = _start(tree, room, None)
        process.join()
        if process.exitcode != 0:
            sys.exit(f"{_log_of(tree).read_text()}\nThe quick tests of {room} fail without any change.")
        seconds[room] = time.perf_counter() - started
    return seconds


def outcomes(mutants: Sequence[Mutant], trees: Sequence[Path], seconds: dict[str, float]) -> Iterator[Outcome]:
    """Run the mutants, one at a time in each tree, and yield each outcome as it comes."""
    waiting, free = list(reversed(mutants)), list(trees)
    running: list[tuple[Mutant, Path, BaseProcess, float]] = []
    while waiting or running:
        while waiting and free:
            mutant, tree = waiting.pop(), free.pop()
            running.append((mutant, tree, _start(tree, mutant.room, mutant), time.perf_counter()))
        time.sleep(0.02)
        for item in list(running):
            mutant, tree, process, started = item
            took = time.perf_counter() - started
            late = took > _SPARE_TIME + 5 * seconds[mutant.room]
            if process.is_alive() and not late:
                continue
            process.kill()
            process.join()
            running.remove(item)
            free.append(tree)
            verdict = "timed out" if late else "survived" if process.exitcode == 0 else "killed"
            yield Outcome(mutant, verdict, took)


def _start(tree: Path, room: str, mutant: Mutant | None) -> BaseProcess:
    process = multiprocessing.get_context("fork").Process(target=_run_tests, args=(tree, room, mutant))
    process.start()
    return process


def _run_tests(tree: Path, room: str, mutant: Mutant | None) -> None:
    """In a process of its own: put the mutant in place, run the tests, put the original back, and exit with 0 or 1."""
    import pytest

    os.chdir(tree)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    log = os.open(_log_of(tree), os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
    os.dup2(log, 1)
    os.dup2(log, 2)
    sys.path.insert(0, str(tree))
    for name in [name for name in sys.modules if name == "tests" or name.startswith("tests.")]:
        del sys.modules[name]
    # Only the unchanged run writes compiled files: a mutant of the same size within the same second would be taken
    # for what was compiled before it.
    sys.dont_write_bytecode = mutant is not None
    if mutant is not None:
        _put(tree, mutant)
    try:
        found = Path(importlib.import_module("lime_core").__file__ or "")
    except Exception as error:  # a mutant may break the import in any way, and that is noticed
        print(f"import: {error!r}")
        os._exit(1)
    if not found.is_relative_to(tree):
        print(f"The tests would run against {found}.")
        os._exit(2)
    order = tree / f"order-{room}.json"
    folders = json.loads(order.read_text()) if order.exists() else [f"tests/{name}" for name in ROOMS[room]]
    stopwatch = _Stopwatch()
    # Assertions of plugins that were loaded before the fork stay as they are.
    quiet = ["-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
    code = pytest.main([*folders, "-m", "not slow", "-x", "-q", "--hypothesis-seed=0", *quiet], [stopwatch])
    sys.stdout.flush()
    if mutant is None:
        order.write_text(json.dumps(stopwatch.shortest_first()))
    os._exit(0 if code == 0 else 1)


class _Stopwatch:
    """A plugin of pytest that adds up the seconds of each file, so that the quickest files are asked first."""

    def __init__(self) -> None:
        self._seconds: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[report.nodeid.partition("::")[0]] += report.duration

    def shortest_first(self) -> list[str]:
        return sorted(self._seconds, key=lambda file: self._seconds[file])


def _put(tree: Path, mutant: Mutant) -> None:
    """Write the mutant, and the original over the mutant that was in this tree before."""
    last = tree / "last-mutant"
    with suppress(FileNotFoundError):
        path = Path(last.read_text())
        shutil.copy(path.with_name(path.name + ".original"), path)
    path = tree / mutant.path
    original = path.with_name(path.name + ".original")
    if not original.exists():
        shutil.copy(path, original)
    for compiled in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
        compiled.unlink()
    last.write_text(str(path))
    path.write_text(mutant.source, encoding="utf-8")


def _log_of(tree: Path) -> Path:
    return tree / "log.txt"
