"""An audit on Ray: a cluster of two workers on this machine, whose outcomes are those of this process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from audits.tiny_model import FATAL, SPEC, TinySource, write_collection
from own_models import linear_onnx

import lime_core as lc
from lime_core.audits.workers.explainer import ThisProcess
from lime_core.audits.workers.pool import Job, ModelSource
from lime_core.audits.workers.ray_workers import RayWorkers
from lime_core.collections import open_collection

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]


def test_without_a_cluster_the_message_says_how_to_start_one(tmp_path):
    """First in this file, since "auto" finds the cluster that the others start."""
    code = f"""
import lime_core as lc
from lime_core.audits.workers.ray_workers import RayWorkers
from lime_core.audits.workers.pool import Job, ModelSource
from lime_core.collections import open_collection
for address in ("auto", "nonsense://x"):
    try:
        RayWorkers(Job(open_collection({str(write_collection(tmp_path, 1))!r}), ModelSource("x"), "f32", None), address)
    except lc.LimeError as error:
        print(error)
"""
    environment = {**os.environ, "RAY_ADDRESS": ""}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.stdout.count("ray start --head") == 2, done.stdout + done.stderr
    assert done.stderr == ""


@pytest.fixture(scope="module")
def cluster():
    """Ray with two processors, started and stopped here, whose workers can import the tests."""
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")
        import ray

        before = signal.getsignal(signal.SIGTERM)
        patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(ROOT / "tests")]))
        patch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        ray.init(
            address="local",
            num_cpus=2,
            object_store_memory=100 << 20,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="critical",
        )
        signal.signal(signal.SIGTERM, before)  # Ray's own handler would stay for the tests after this
    try:
        yield ray
    finally:
        ray.shutdown()


def tables_of(outcomes):
    return {outcome.picture.path: (dict(outcome.tables), outcome.skipped) for outcome in outcomes}


def explained(pool, pictures):
    try:
        return tables_of(pool.explain(pictures))
    finally:
        pool.close()


def worker_pids() -> list[int]:
    """The processes of this cluster's workers."""
    listed = subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()[1:]]
    mine = {os.getpid()}
    for _ in range(3):  # the raylet is a child of this process, the workers are its children
        mine |= {int(pid) for pid, parent, _ in rows if int(parent) in mine}
    return [int(pid) for pid, _, command in rows if int(pid) in mine and command.startswith("ray::Actor")]


def test_outcomes_are_those_of_this_process_though_a_worker_is_killed(cluster, tmp_path):
    collection = open_collection(write_collection(tmp_path, 40))
    (tmp_path / "broken.png").write_bytes(b"no picture")
    collection = open_collection(tmp_path)
    job = Job(collection, TinySource(seconds=0.05), "f32", SPEC)
    expected = explained(ThisProcess(replace(job, model=TinySource())), collection.pictures)
    pool = RayWorkers(job, "auto")
    outcomes = []
    try:
        for outcome in pool.explain(collection.pictures):
            outcomes.append(outcome)
            if len(outcomes) == 6:
                pids = worker_pids()
                assert len(pids) == 2
                os.kill(pids[0], signal.SIGKILL)
    finally:
        pool.close()
    assert len(outcomes) == 41
    assert tables_of(outcomes) == expected
    assert expected["broken.png"][1]
    assert cluster.is_initialized(), "a connection of the caller's stays"


def test_a_picture_that_ends_its_worker_is_skipped_and_no_other(cluster, tmp_path):
    write_collection(tmp_path, 8)
    PIL.Image.fromarray(np.full((30, 40, 3), FATAL, np.uint8)).save(tmp_path / "fatal.png")
    collection = open_collection(tmp_path)
    found = explained(RayWorkers(Job(collection, TinySource(), "f32", SPEC), "auto"), collection.pictures)
    assert len(found) == 9
    assert {path for path, (_, skipped) in found.items() if skipped} == {"fatal.png"}
    assert "ended its worker" in found["fatal.png"][1]


def test_a_model_file_and_its_labels_are_sent_and_the_built_in_model_is_loaded_by_its_name(cluster, tmp_path):
    pictures = open_collection(write_collection(tmp_path / "pictures", 2))
    (tmp_path / "mine.onnx").write_bytes(linear_onnx())
    (tmp_path / "labels.txt").write_text("a\nb\nc\nd\n", encoding="utf-8")
    own = ModelSource(str(tmp_path / "mine.onnx"), labels=str(tmp_path / "labels.txt"), preprocessing="none")
    spec = lc.ExplainSpec(samples=32, segmentation=lc.Grid(2, 2))
    for source in (own, ModelSource("efficientnet_lite0")):
        job = Job(pictures, source, "f32", spec)
        found = explained(RayWorkers(job, "auto"), pictures.pictures)
        expected = explained(ThisProcess(job), pictures.pictures)
        for path, (tables, skipped) in found.items():
            assert skipped is None
            ours, theirs = (each["explanations"].to_pylist() for each in (tables, expected[path][0]))
            assert [row["class_name"] for row in ours] == [row["class_name"] for row in theirs]
            assert ours[0]["probability"] == pytest.approx(theirs[0]["probability"], rel=1e-3)


def test_a_model_that_cannot_be_loaded_is_said_once(cluster, tmp_path):
    collection = open_collection(write_collection(tmp_path / "pictures", 2))
    (tmp_path / "mine.onnx").write_bytes(b"no model")
    pool = RayWorkers(Job(collection, ModelSource(str(tmp_path / "mine.onnx")), "f32", SPEC), "auto")
    with pytest.raises(lc.LimeError, match=r"ONNX|model"):
        explained(pool, collection.pictures)


def test_without_ray_the_message_says_what_to_install(tmp_path):
    collection = open_collection(write_collection(tmp_path, 1))
    job = Job(collection, ModelSource("efficientnet_lite0"), "f32", SPEC)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "ray", None)
        with pytest.raises(lc.LimeError, match=r"pip install \"limelight\[ray\]\""):
            RayWorkers(job, "auto")
