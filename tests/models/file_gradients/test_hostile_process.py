"""Whatever the process that computes gradients does, its answers are checked, and its end becomes a message."""

from __future__ import annotations

import gc
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from lime_core.errors import ModelError
from lime_core.models.differentiable import FeatureLayer
from lime_core.models.file_gradients import process as process_module
from lime_core.models.file_gradients.source import FileGradients
from lime_core.models.networks.preprocessing import Preprocessing
from lime_core.models.output_reader import OutputReader
from lime_core.models.own.kept_file import KeptFile
from lime_core.models.own.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals, forks and limits as Linux has them")

PICTURE = np.zeros((1, 4, 4, 3), np.float32)


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the hostile process start in the place of the usual one, and see that no file of it stays."""
    monkeypatch.setattr(process_module, "_MODULE", "hostile_child")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield
    gc.collect()  # tracebacks hold what was asked
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("file") / "any.keras"
    path.write_bytes(b"any bytes" * 1000)
    return path


def kept(path: Path, seconds: int = 60) -> KeptFile:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return KeptFile(path, digest, Limits(seconds, 4 << 30, 1 << 20))


def gradients_of(path: Path, how: str, seconds: int = 60) -> FileGradients:
    read = OutputReader("probabilities")
    read(np.full((1, 2), 0.5))
    return FileGradients(kept(path, seconds), how, 2, Preprocessing(), (4, 4), 3, read)


def pid(source: FileGradients) -> int:
    assert source._process is not None
    return source._process._process.pid


def is_running(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("a header without end", "gave an answer that cannot be used"),
        ("no header", "gave an answer that cannot be used"),
        ("a deep header", "gave an answer that cannot be used"),
        ("a list", "gave an answer that cannot be used"),
        ("other shapes", "gave an answer that cannot be used"),
        ("no numbers", "gave an answer that cannot be used"),
        ("a crash", r"crashed \(SIGABRT\)"),
        ("an end", "ended with the code 3"),
    ],
)
def test_an_answer_that_cannot_be_used_is_a_message_and_ends_the_process(content: Path, how: str, message: str) -> None:
    source = gradients_of(content, how)
    source.feature_layers()
    first = pid(source)
    with pytest.raises(ModelError, match=message):
        source.gradients(PICTURE, [0], "log_odds")
    assert not is_running(first)
    # The next question starts another one.
    with pytest.raises(ModelError, match=message):
        source.gradients(PICTURE, [0], "log_odds")


def test_half_an_answer_is_a_message(content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "_DYING", 0.1)
    with pytest.raises(ModelError, match="was ended from outside"):
        gradients_of(content, "half an answer").gradients(PICTURE, [0], "log_odds")


@pytest.mark.parametrize("how", ["no layers", "wrong layers", "equal layers", "other layers"])
def test_layers_that_are_none_are_a_message(content: Path, how: str) -> None:
    with pytest.raises(ModelError, match="gave an answer that cannot be used"):
        gradients_of(content, how).feature_layers()


def test_a_message_of_the_process_is_cut_and_cannot_control_a_terminal(content: Path) -> None:
    source = gradients_of(content, "a message")
    with pytest.raises(ModelError, match="red") as caught:
        source.gradients(PICTURE, [0], "log_odds")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) <= 2000
    assert source._process is not None
    assert source._process.usable


@pytest.mark.parametrize("how", ["silence", "silence from the start"])
def test_a_process_that_does_not_answer_is_stopped(content: Path, how: str) -> None:
    source = gradients_of(content, how, seconds=2)
    with pytest.raises(ModelError, match="took longer than 2 seconds and was stopped"):
        source.gradients(PICTURE, [0], "log_odds")
    assert source._process is None or not source._process.usable


def test_a_failure_to_start_is_its_own_message(content: Path) -> None:
    with pytest.raises(ModelError, match="no such network"):
        gradients_of(content, "a failure to start").feature_layers()


def test_a_process_that_is_killed_between_questions_is_replaced(content: Path) -> None:
    source = gradients_of(content, "good answers")
    assert source.feature_layers() == {"conv": FeatureLayer("conv", (2, 2, 3))}
    first = pid(source)
    os.kill(first, signal.SIGKILL)
    assert source._process is not None
    source._process._process.wait()
    found = source.gradients(PICTURE, [0], "log_odds")
    assert found.gradients.shape == (1, 1, 4, 4, 3)
    assert (found.outputs == 0.5).all()
    assert pid(source) != first
    assert not is_running(first)


def test_a_process_that_is_killed_while_it_is_asked_is_a_message(content: Path) -> None:
    source = gradients_of(content, "silence")
    source.feature_layers()
    killer = threading.Timer(0.3, os.kill, (pid(source), signal.SIGKILL))
    killer.start()
    with pytest.raises(ModelError, match=r"was ended from outside \(SIGKILL\)"):
        source.gradients(PICTURE, [0], "log_odds")
    killer.join()


def test_the_process_outlives_the_thread_that_first_asked_and_ends_with_the_classifier(content: Path) -> None:
    source = gradients_of(content, "good answers")
    thread = threading.Thread(target=source.feature_layers)
    thread.start()
    thread.join()
    running = pid(source)
    source.gradients(PICTURE, [0], "log_odds")
    assert pid(source) == running
    del source, thread
    assert not is_running(running)


def test_an_idle_process_ends(content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "_IDLE", 0.2)
    source = gradients_of(content, "good answers")
    source.feature_layers()
    running, deadline = pid(source), time.monotonic() + 30
    while is_running(running) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(running)
    assert source.gradients(PICTURE, [0], "log_odds").values.shape == (1, 1)


def test_an_old_process_is_replaced(content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = gradients_of(content, "good answers")
    source.feature_layers()
    first = pid(source)
    monkeypatch.setattr(process_module, "_LONGEST_LIFE", 0)
    source.gradients(PICTURE, [0], "log_odds")
    assert pid(source) != first
    assert not is_running(first)


def test_only_some_processes_run_at_once_and_the_one_that_was_idle_longest_ends(content: Path) -> None:
    sources = [gradients_of(content, "good answers") for _ in range(4)]
    for source in sources[:3]:
        source.feature_layers()
    sources[0].gradients(PICTURE, [0], "log_odds")
    sources[3].feature_layers()
    usable = [source._process is not None and source._process.usable for source in sources]
    assert usable == [True, False, True, True]


def test_threads_with_more_models_than_processes_end_each_other_s_and_all_get_answers(content: Path) -> None:
    sources = [gradients_of(content, "good answers") for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda i: sources[i % 6].gradients(PICTURE, [0], "log_odds").outputs, range(36)))
    assert all((answer == 0.5).all() for answer in answers)


def test_threads_share_a_process_one_at_a_time(content: Path) -> None:
    source = gradients_of(content, "good answers")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: source.gradients(PICTURE, [0], "log_odds").outputs, range(20)))
    assert all((answer == 0.5).all() for answer in answers)


def test_an_interrupt_in_the_middle_of_an_answer_ends_the_process(content: Path) -> None:
    source = gradients_of(content, "good answers")
    source.feature_layers()
    assert source._process is not None

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        source._process.ask({"pictures": 0, "classes": None, "layer": None}, PICTURE[:0], interrupted)
    assert not source._process.usable


def test_answers_without_bound_are_not_asked_for(content: Path) -> None:
    source = gradients_of(content, "good answers")
    with pytest.raises(ModelError, match=r"take 4\.9 GB; at most 0\.5 GB"):
        source.gradients(PICTURE, range(25_000_000), "log_odds")
    assert source._process is None


def test_a_copy_that_was_changed_is_refused(content: Path, tmp_path: Path) -> None:
    file = kept(content)
    file.copy_to(tmp_path / "same")
    assert (tmp_path / "same").read_bytes() == content.read_bytes()
    file._file.seek(10)
    file._file.write(b"!")
    with pytest.raises(ModelError, match="changed after it had been checked"):
        file.copy_to(tmp_path / "other")
    for path in tmp_path.iterdir():
        path.unlink()


def test_a_process_of_the_parent_is_left_alone_by_its_copy(content: Path) -> None:
    source = gradients_of(content, "good answers")
    source.feature_layers()
    running = pid(source)
    with warnings.catch_warnings():
        # Newer versions of Python warn of threads, which the copy does not need.
        warnings.simplefilter("ignore", DeprecationWarning)
        copy = os.fork()
    if copy == 0:
        assert source._process is not None
        usable = source._process.usable
        source._process.end()
        os._exit(int(usable))
    assert os.waitpid(copy, 0)[1] == 0
    assert is_running(running)
    assert pid(source) == running
    source.gradients(PICTURE, [0], "log_odds")


def test_the_process_ends_with_its_parent(content: Path, tmp_path: Path) -> None:
    program = f"""
import pathlib, sys, test_hostile_process as tests
tests.process_module._MODULE = "hostile_child"
source = tests.gradients_of(pathlib.Path({str(content)!r}), "good answers")
source.feature_layers()
print(tests.pid(source), flush=True)
sys.stdin.read()
"""
    here = Path(__file__).parent
    paths = os.pathsep.join(map(str, (here, here.parents[1], here.parents[2])))
    own = tmp_path / "parent"
    own.mkdir()
    environment = {**os.environ, "PYTHONPATH": paths, "TMPDIR": str(own)}
    for end in ("killed", "usual"):
        parent = subprocess.Popen(
            [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        with parent:
            assert parent.stdout is not None
            running = int(parent.stdout.readline())
            assert is_running(running)
            if end == "killed":
                parent.kill()
        deadline = time.monotonic() + 30
        while is_running(running) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not is_running(running), end
        if end == "usual":
            assert parent.returncode == 0
    left = list(own.iterdir())
    # Of the parent that was killed; the other one has tidied up.
    assert len(left) == 1
    (left[0] / "model.keras").unlink(missing_ok=True)
    left[0].rmdir()
    own.rmdir()
