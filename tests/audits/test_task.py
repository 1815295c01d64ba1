"""Explaining a collection: what is written, what goes on, what is refused."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from audits.tiny_model import CLASSES, FATAL, SIDE, SPEC, TinyClassifier, TinySource, write_collection, write_picture
from PIL import Image as PillowImage

import lime_core as lc
from lime_core.audits.beginning import opened, prepared
from lime_core.audits.storage.audit_folder import ABOUT, AuditFolder
from lime_core.audits.storage.tables import EXPLANATIONS, SKIPPED, SUPERPIXELS, THUMBNAILS
from lime_core.audits.workers.explainer import seed_of
from lime_core.audits.workers.pool import LoadedModel
from lime_core.collections import open_collection

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = (EXPLANATIONS, SUPERPIXELS, THUMBNAILS, SKIPPED)
ROOT = Path(__file__).parents[2]


def explain(
    pictures: Path,
    folder: Path,
    spec: lc.ExplainSpec = SPEC,
    model: TinySource | None = None,
    *,
    workers: int = 1,
    restart: bool = False,
    on_progress: Callable[[int, int], object] | None = None,
) -> tuple[str, ...]:
    """Explain a collection with the tiny model; return the notes."""
    with opened(folder) as audit:
        task = prepared(audit, open_collection(pictures), model or TinySource(), spec, "f32", restart=restart)
        task.explain(workers=workers, on_progress=on_progress)
        return task.notes


def rows(folder: Path) -> dict[str, list[dict[str, object]]]:
    """All rows, sorted by picture, as Python's values: equal where every bit is."""
    found = {kind: AuditFolder(folder).table(kind).to_pylist() for kind in KINDS}
    return {kind: sorted(items, key=lambda row: str(row["picture"])) for kind, items in found.items()}


def test_each_picture_is_explained_for_its_predicted_and_where_it_is_wrong_for_its_true_class(tmp_path: Path) -> None:
    pictures = write_collection(tmp_path / "pictures", 10)
    notes = explain(pictures, tmp_path / "audit")
    found = rows(tmp_path / "audit")
    classifier = TinyClassifier()
    by_picture: dict[str, list[dict[str, object]]] = {}
    for row in found[EXPLANATIONS]:
        by_picture.setdefault(str(row["picture"]), []).append(row)
    assert len(by_picture) == 10
    for path, items in by_picture.items():
        image = lc.load_image(pictures / path)
        spec = replace(SPEC, seed=seed_of(SPEC.seed, image.sha256))
        label = {"Bright_Left": 0, "bright right": 1}[Path(path).parent.name]
        expected = lc.explain(image, classifier, replace(spec, classes=(0, 1, 2)))
        predicted = int(np.argmax([expected[index].probability for index in range(3)]))
        assert [item["class_index"] for item in items] == list(dict.fromkeys([predicted, label]))
        assert [item["role"] for item in items] == ["predicted", "true"][: len(items)]
        for item in items:
            of_class = expected[int(item["class_index"])]
            assert item["correct"] == (predicted == label)
            assert item["class_name"] == CLASSES[of_class.index]
            assert item["label"] == Path(path).parent.name
            assert (item["height"], item["width"], item["superpixels"]) == (30, 40, 6)
            assert item["seed"] == spec.seed
            assert item["sha256"] == image.sha256
            assert item["calls"] == 17
            assert (
                item["level"]
                == lc.explain(image, classifier, replace(spec, classes=(of_class.index,))).classes[0].trust.level
            )
            np.testing.assert_allclose(item["probability"], of_class.probability, rtol=1e-6)
            np.testing.assert_allclose(item["r2_holdout"], of_class.r2_holdout, rtol=1e-4)
            superpixels = [
                row
                for row in found[SUPERPIXELS]
                if row["picture"] == path and row["class_index"] == item["class_index"]
            ]
            np.testing.assert_allclose([row["coefficient"] for row in superpixels], of_class.coefficients, rtol=1e-4)
            np.testing.assert_allclose([row["std_error"] for row in superpixels], of_class.std_errors, rtol=1e-3)
            assert [row["features"] is not None for row in superpixels] == list(of_class.coefficients > 0)
    assert sum(len(items) == 2 for items in by_picture.values()) == 2
    assert notes == ()


def test_boxes_label_maps_thumbnails_and_features_are_those_of_the_picture(tmp_path: Path) -> None:
    write_picture(tmp_path / "pictures" / "one.png", 1, (300, 600))
    explain(tmp_path / "pictures", tmp_path / "audit")
    found = rows(tmp_path / "audit")
    image = lc.load_image(tmp_path / "pictures" / "one.png")
    (pictures,) = found[THUMBNAILS]
    labels = np.asarray(PillowImage.open(io.BytesIO(pictures["thumbnail"]))).shape
    assert labels == (128, 256, 3)
    segments = np.asarray(PillowImage.open(io.BytesIO(pictures["segments"])))
    assert segments.dtype == np.uint16
    np.testing.assert_array_equal(segments, lc.prepare(image, (SIDE, SIDE), SPEC).segments)
    classifier = TinyClassifier()
    for row in found[SUPERPIXELS]:
        where = np.argwhere(segments == row["superpixel"])
        top, left = where.min(axis=0)
        bottom, right = where.max(axis=0) + 1
        assert [row[name] for name in ("top", "left", "bottom", "right")] == [top, left, bottom, right]
        assert row["area"] == len(where)
        if row["features"] is not None:
            patch = PillowImage.fromarray(image.pixels[top:bottom, left:right]).resize((SIDE, SIDE), 2)
            expected = classifier.features(np.asarray(patch)[None])[0]
            np.testing.assert_allclose(row["features"], expected, rtol=1e-3)


def test_labels_that_are_no_class_leave_correct_unknown_and_are_said_once(tmp_path: Path) -> None:
    for index in range(3):
        write_picture(tmp_path / "pictures" / "a dog" / f"{index}.png", index)
    notes = explain(tmp_path / "pictures", tmp_path / "audit")
    found = rows(tmp_path / "audit")[EXPLANATIONS]
    assert [(row["role"], row["correct"], row["label"]) for row in found] == [("predicted", None, "a dog")] * 3
    (note,) = notes
    assert note.startswith("3 pictures have a label that is none of the model's classes ('a dog'): whether they are")


def test_seeds_depend_on_picture_and_setting_alone(tmp_path: Path) -> None:
    pictures = write_collection(tmp_path / "pictures", 6)
    explain(pictures, tmp_path / "one")
    (pictures / "bright right" / "0001.png").unlink(missing_ok=True)
    (pictures / "Bright_Left" / "0001.png").unlink(missing_ok=True)
    explain(pictures, tmp_path / "two")
    explain(pictures, tmp_path / "three", replace(SPEC, seed=1))
    seeds = [
        {row["picture"]: row["seed"] for row in rows(tmp_path / name)[EXPLANATIONS]} for name in ("one", "two", "three")
    ]
    assert len(set(seeds[0].values())) == 6
    assert seeds[0].items() > seeds[1].items()
    assert not set(seeds[1].values()) & set(seeds[2].values())


@pytest.mark.parametrize(
    ("spec", "model", "named"),
    [
        (replace(SPEC, samples=32), None, "setting samples: 16, not 32"),
        (replace(SPEC, seed=5), None, "setting seed: 0, not 5"),
        (replace(SPEC, top_k=4), None, "setting view"),
    ],
)
def test_other_settings_are_refused_and_begun_anew_when_that_is_asked_for(
    tmp_path: Path, spec: lc.ExplainSpec, model: TinySource | None, named: str
) -> None:
    pictures = write_collection(tmp_path / "pictures", 3)
    explain(pictures, tmp_path / "audit")
    before = rows(tmp_path / "audit")
    with pytest.raises(lc.LimeError, match=named) as refused:
        explain(pictures, tmp_path / "audit", spec, model)
    assert "--restart" in str(refused.value)
    assert rows(tmp_path / "audit") == before
    explain(pictures, tmp_path / "audit", spec, model, restart=True)
    assert len(rows(tmp_path / "audit")[THUMBNAILS]) == 3


def test_another_model_collection_or_lost_pictures_are_refused(tmp_path: Path) -> None:
    pictures = write_collection(tmp_path / "pictures", 4)
    explain(pictures, tmp_path / "audit")
    other = TinyClassifier()
    other.id = "other"
    with opened(tmp_path / "audit") as audit, pytest.raises(lc.LimeError, match="another model: tiny, not other"):
        prepared(audit, open_collection(pictures), _given(other), SPEC, "f32")
    with pytest.raises(lc.LimeError, match="collection of pictures"):
        explain(write_collection(tmp_path / "others", 4), tmp_path / "audit")
    write_picture(pictures / "bright right" / "new.png", 50)
    explain(pictures, tmp_path / "audit")
    assert len(rows(tmp_path / "audit")[THUMBNAILS]) == 5
    (pictures / "bright right" / "new.png").unlink()
    with pytest.raises(lc.LimeError, match=r"1 explained picture .* is no longer .*new\.png"):
        explain(pictures, tmp_path / "audit")


def _given(classifier: lc.Classifier) -> object:
    return LoadedModel(classifier)


def test_the_precision_of_a_classifier_that_was_handed_over_is_its_own(tmp_path: Path) -> None:
    pictures = write_collection(tmp_path / "pictures", 1)
    for engine, precision in (("openvino-bf16", "bf16"), ("openvino", "f32")):
        classifier = TinyClassifier()
        classifier.engine = engine
        with opened(tmp_path / engine) as audit:
            prepared(audit, open_collection(pictures), _given(classifier), SPEC)
            assert json.loads((audit.path / ABOUT).read_bytes())["precision"] == precision


def test_a_folder_that_another_process_writes_is_refused(tmp_path: Path) -> None:
    with (
        opened(tmp_path / "audit"),
        pytest.raises(lc.LimeError, match="Another process is writing"),
        opened(tmp_path / "audit"),
    ):
        pass
    with opened(tmp_path / "audit"):
        pass


def test_a_stop_leaves_a_smaller_audit_that_goes_on_to_the_same_end(tmp_path: Path) -> None:
    pictures = write_collection(tmp_path / "pictures", 12)
    explain(pictures, tmp_path / "whole")

    def stop_at_five(done: int, total: int) -> None:
        assert total == 12
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        explain(pictures, tmp_path / "audit", on_progress=stop_at_five)
    assert len(rows(tmp_path / "audit")[THUMBNAILS]) == 5
    reports: list[tuple[int, int]] = []
    explain(pictures, tmp_path / "audit", on_progress=lambda *report: reports.append(report))
    assert reports == [(done, 12) for done in range(5, 13)]
    assert rows(tmp_path / "audit") == rows(tmp_path / "whole")
    assert len(list((tmp_path / "audit" / EXPLANATIONS).iterdir())) == 1


def write_broken_things(root: Path, count: int, megapixels: bytes) -> int:
    """Write pictures of which every tenth is something else, in turn; return how many are."""
    root.mkdir()
    broken = 0
    for index in range(count):
        path = root / f"{index:05d}.png"
        if index % 10:
            write_picture(path, index, (12, 16))
            continue
        kind = broken % 5
        broken += 1
        if kind == 0:
            path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"nonsense" * 20)
        elif kind == 1:
            path.write_bytes(b"")
        elif kind == 2:
            path.mkdir()
        elif kind == 3:
            path.symlink_to(path.name)
        else:
            path.write_bytes(megapixels)
    return broken


def fifty_megapixels() -> bytes:
    buffer = io.BytesIO()
    PillowImage.new("1", (10_000, 5_001)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("count", [50, pytest.param(2000, marks=pytest.mark.slow)])
def test_broken_pictures_are_listed_and_never_the_end(tmp_path: Path, count: int) -> None:
    broken = write_broken_things(tmp_path / "pictures", count, fifty_megapixels())
    explain(tmp_path / "pictures", tmp_path / "audit")
    found = rows(tmp_path / "audit")
    assert len(found[THUMBNAILS]) == count - broken
    skipped = {str(row["picture"]): str(row["reason"]) for row in found[SKIPPED]}
    assert sorted(skipped) == [f"{index:05d}.png" for index in range(0, count, 10)]
    assert all(reason.endswith(".") for reason in skipped.values())
    said = [skipped[f"{index:05d}.png"] for index in (0, 10, 20, 30, 40)]
    for reason, words in zip(said, ("damaged", "empty", "", "", "megapixels"), strict=True):
        assert words in reason
    assert not any("Traceback" in reason or "Errno" in reason for reason in skipped.values())
    assert sum(1 for kind in KINDS for _ in (tmp_path / "audit" / kind).iterdir()) <= 4 * (1 + count // 256)


def test_a_model_that_fails_for_one_picture_skips_it_and_one_that_fails_for_all_ends_the_audit(tmp_path: Path) -> None:
    pictures = write_collection(tmp_path / "pictures", 4)

    class Odd(TinyClassifier):
        limit = 0

        def _see(self, images: np.ndarray) -> np.ndarray:
            return np.where(images.mean(axis=(1, 2, 3))[:, None] > self.limit, np.nan, 1 / 3) * np.ones((1, 3))

    odd = Odd()
    with opened(tmp_path / "all") as audit, pytest.raises(lc.ModelError, match="not finite"):
        prepared(audit, open_collection(pictures), _given(odd), SPEC, "f32").explain()
    write_picture(pictures / "x.png", 1)
    PillowImage.new("RGB", (40, 40), "white").save(pictures / "white.png")
    odd.limit = 200
    with opened(tmp_path / "one") as audit:
        prepared(audit, open_collection(pictures), _given(odd), SPEC, "f32").explain()
    assert [row["picture"] for row in rows(tmp_path / "one")[SKIPPED]] == ["white.png"]


@pytest.mark.slow
def test_two_workers_one_of_them_killed_write_what_one_process_writes(tmp_path: Path) -> None:
    pictures = write_collection(tmp_path / "pictures", 30)
    explain(pictures, tmp_path / "one")
    killed: list[int] = []

    def kill_one(done: int, total: int) -> None:
        if done == 10:
            children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
            workers = [int(pid) for pid in children if b"workers.child" in Path(f"/proc/{pid}/cmdline").read_bytes()]
            assert len(workers) == 2
            os.kill(workers[0], signal.SIGKILL)
            killed.append(workers[0])

    explain(pictures, tmp_path / "two", model=TinySource(seconds=0.02), workers=2, on_progress=kill_one)
    assert killed
    assert rows(tmp_path / "two") == rows(tmp_path / "one")


@pytest.mark.slow
def test_a_picture_that_ends_its_worker_twice_is_skipped_and_no_other(tmp_path: Path) -> None:
    pictures = write_collection(tmp_path / "pictures", 8)
    PillowImage.new("RGB", (40, 40), FATAL).save(pictures / "bright right" / "0003-fatal.png")
    explain(pictures, tmp_path / "audit", workers=2)
    found = rows(tmp_path / "audit")
    assert found[SKIPPED] == [
        {"picture": "bright right/0003-fatal.png", "reason": "It ended its worker process twice (SIGKILL)."}
    ]
    assert len(found[THUMBNAILS]) == 8


@pytest.mark.slow
def test_killed_again_and_again_the_finished_audit_equals_the_uninterrupted_one(tmp_path: Path) -> None:
    pictures = write_collection(tmp_path / "pictures", 40)
    explain(pictures, tmp_path / "whole")
    code = (
        "import sys; from pathlib import Path; from audits.tiny_model import TinySource; "
        "from audits.test_task import explain; "
        f"explain(Path({str(pictures)!r}), Path({str(tmp_path / 'audit')!r}), model=TinySource(seconds=0.01))"
    )
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    kills, seen = 0, 0
    while True:
        process = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path})
        # Killed once it has written something more, in the middle of whatever it does then.
        while process.poll() is None and len(rows_done(tmp_path / "audit")) < seen + 5:
            time.sleep(0.01)
        if process.poll() is not None:
            assert process.returncode == 0
            break
        process.kill()
        process.wait()
        kills += 1
        assert len(rows_done(tmp_path / "audit")) >= seen + 5
        seen = len(rows_done(tmp_path / "audit"))
    assert kills >= 3
    assert rows(tmp_path / "audit") == rows(tmp_path / "whole")
    assert len(list((tmp_path / "audit" / EXPLANATIONS).iterdir())) == 1


def rows_done(folder: Path) -> set[object]:
    return set(AuditFolder(folder).table(EXPLANATIONS, ["picture"])["picture"].to_pylist())
