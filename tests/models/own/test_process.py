"""The process that reads the files: its limits hold, and whatever ends it becomes a message."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from own_models import linear_onnx, with_nodes

from lime_core.errors import ModelError
from lime_core.models.own.limits import Limits, unlimited_here
from lime_core.models.own.process import run_child
from lime_core.models.own.reading import read_model

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other platforms limit less, as their notes say")

FLOAT = TensorProto.FLOAT
MEAN = helper.make_node("ReduceMean", ["pixels"], ["means"], axes=[2, 3], keepdims=0)


def endless() -> bytes:
    """Return a model that multiplies by a constant without end."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["keep"], ["keeps"]), helper.make_node("Mul", ["x", "k"], ["y"])],
        "body",
        [
            helper.make_tensor_value_info("index", TensorProto.INT64, []),
            helper.make_tensor_value_info("keep", TensorProto.BOOL, []),
            helper.make_tensor_value_info("x", FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("keeps", TensorProto.BOOL, []),
            helper.make_tensor_value_info("y", FLOAT, None),
        ],
        [numpy_helper.from_array(np.float32(0.9999), "k")],
    )
    loop = helper.make_node("Loop", ["times", "go", "means"], ["scores"], body=body)
    return with_nodes([MEAN, loop], constants={"times": np.array(2**62, np.int64), "go": np.array(True)})


def immense() -> bytes:
    """Return a model of a few bytes that needs 256 GB."""
    nodes = [
        helper.make_node("ConstantOfShape", ["sides"], ["big"]),
        helper.make_node("ReduceSum", ["big"], ["sum"], keepdims=1),
        MEAN,
        helper.make_node("Add", ["means", "sum"], ["scores"]),
    ]
    return with_nodes(nodes, constants={"sides": np.array([1 << 18, 1 << 18], np.int64)})


def children() -> list[int]:
    """Return the processes that this one has started to read files and that still run."""
    running = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"own.child" in (process / "cmdline").read_bytes():
                running.append(int(process.name))
    return running


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield
    assert list(tmp_path.iterdir()) == []
    assert children() == []


def test_a_model_without_end_is_stopped() -> None:
    with pytest.raises(ModelError, match="took longer than 4 seconds and was stopped"):
        read_model(endless(), max_seconds=4)


def test_a_model_that_needs_too_much_memory_is_stopped() -> None:
    with pytest.raises(ModelError, match="needs more than the 9 GB of memory"):
        read_model(immense())


def test_too_little_memory_for_the_libraries_is_a_message_too() -> None:
    with pytest.raises(ModelError, match=r"memory|crashed|ended with the code"):
        read_model(linear_onnx(), max_memory=100_000_000)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_the_death_of_the_process_is_a_message(number: signal.Signals) -> None:
    caught: list[BaseException] = []

    def read() -> None:
        try:
            read_model(endless(), max_seconds=60)
        except ModelError as error:
            caught.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    while not (running := children()) and thread.is_alive():
        time.sleep(0.05)
    os.kill(running[0], number)
    thread.join()
    assert number.name in str(caught[0])


def _seen_by_a_child(program: str, limits: Limits | None = None) -> Any:
    """Run a program behind the limits, and return what it prints as JSON."""
    limits = limits or Limits(20, 4 << 30, 1 << 20)
    start = f"from lime_core.models.own.limits import *\nimport json, os, resource, socket\napply({limits!r})\n"
    done = subprocess.run([sys.executable, "-c", start + program], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_the_limits_are_set() -> None:
    names = ["RLIMIT_AS", "RLIMIT_FSIZE", "RLIMIT_CORE", "RLIMIT_CPU"]
    seen = _seen_by_a_child(f"print(json.dumps([resource.getrlimit(getattr(resource, n)) for n in {names}]))")
    assert seen == [[4 << 30] * 2, [1 << 20] * 2, [0, 0], [80, 80]]
    processes = _seen_by_a_child("print(json.dumps(resource.getrlimit(resource.RLIMIT_NPROC)))")
    assert 512 < processes[0] == processes[1] < 100_000


def test_the_process_has_no_network() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        seen = _seen_by_a_child(
            "try: socket.create_connection(" + repr(address) + ", 5); print(json.dumps('connected'))\n"
            "except OSError: print(json.dumps('cut off'))"
        )
    own = str(Path("/proc/self/ns/net").readlink())
    own_network = _seen_by_a_child(f"print(json.dumps(os.readlink('/proc/self/ns/net') != {own!r}))")
    if not own_network:
        pytest.skip("this machine allows nobody a network of his own")
    assert seen == "cut off"


def test_the_process_gets_no_secrets_and_starts_in_an_empty_folder(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "abc")
    monkeypatch.setenv("PYTHONSTARTUP", "/nowhere")
    folder = tmp_path_factory.mktemp("child")
    (folder / "model.onnx").write_bytes(b"\x08")
    copies = tmp_path_factory.mktemp("copies")
    # A folder of a name that Python would import from the working folder, were it not isolated.
    (folder / "json").mkdir()
    (folder / "json" / "__init__.py").write_text(f"open({str(copies / 'canary')!r}, 'w')")
    environment: dict[str, str] = {}
    watcher = threading.Thread(target=_copy_environment, args=(environment,))
    watcher.start()
    request = {"kind": "onnx", "file": "model.onnx", "input_size": None, "output": None}
    run_child(folder, request, Limits(60, 8 << 30, 1 << 20))
    watcher.join()
    assert "SECRET_TOKEN" not in environment
    assert environment["HOME"] == environment["TMPDIR"] == str(folder)
    assert list(copies.iterdir()) == []
    assert "cannot be read" in (folder / "facts.json").read_text() or "damaged" in (folder / "facts.json").read_text()


def _copy_environment(target: dict[str, str]) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        for child in children():
            try:
                pairs = Path(f"/proc/{child}/environ").read_text().split("\0")
            except OSError:
                continue
            if any(pair.startswith("KERAS_HOME=") for pair in pairs):
                target.update(pair.split("=", 1) for pair in pairs if pair)
                return
        time.sleep(0.01)


def test_this_platform_limits_everything() -> None:
    assert unlimited_here() is None
