"""The whole of an audit, as a script and as a command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from audits.tiny_model import SPEC, TinyClassifier, TinySource, write_collection, write_picture

import lime_core as lc
from lime_core.audits.storage.audit_folder import AuditFolder
from lime_core.audits.storage.tables import EXPLANATIONS, SKIPPED, SUPERPIXELS, THUMBNAILS
from lime_core.cli.main import main

ROOT = Path(__file__).parents[2]
SETTINGS = ["--samples", "16", "--segmentation", "grid", "--grid-rows", "2", "--grid-columns", "3"]


def predicted(folder: Path) -> int:
    roles = AuditFolder(folder).table(EXPLANATIONS, ["role"])["role"].to_pylist()
    return roles.count("predicted")


def test_a_script_gets_findings_and_a_report(tmp_path: Path) -> None:
    pictures = write_collection(tmp_path / "pictures", 10)
    (pictures / "broken.png").write_bytes(b"")
    audit = lc.audit(pictures, TinyClassifier(), tmp_path / "audit", SPEC)
    found = audit.findings()
    assert (found.complete, found.pictures, found.skipped) == (True, 10, 1)
    assert found.accuracy == pytest.approx(0.8)
    assert "<html" in (tmp_path / "audit" / "report.html").read_text()
    again = lc.audit(pictures, TinyClassifier(), tmp_path / "audit", SPEC)
    assert again.findings() == found


class StopError(Exception):
    """Raised by whoever is told of progress, for reasons of their own."""


@pytest.mark.parametrize("error", [StopError, KeyboardInterrupt, OSError, lc.LimeError])
def test_what_stops_an_audit_passes_through_and_leaves_findings_that_say_so(
    tmp_path: Path, error: type[BaseException]
) -> None:
    def stop(done: int, total: int) -> None:
        if done == 4:
            raise error

    pictures = write_collection(tmp_path / "pictures", 8)
    with pytest.raises(error):
        lc.audit(pictures, TinyClassifier(), tmp_path / "audit", SPEC, on_progress=stop)
    found = AuditFolder(tmp_path / "audit").findings()
    assert (found.complete, found.pictures) == (False, 4)
    assert lc.audit(pictures, TinyClassifier(), tmp_path / "audit", SPEC).findings().complete


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"spec": replace(SPEC, classes=(1,))}, "leave classes out"),
        ({"spec": replace(SPEC, surrogate="tree")}, "evidence has a sign"),
        ({"workers": 0}, "from 1 to 256"),
        ({"workers": 2}, "give its name or path"),
        ({"ray": "auto"}, "give its name or path"),
        ({"precision": "bf16"}, "the precision that it has"),
        ({"output": "s3://bucket/audit"}, "a folder of this machine"),
        ({"output": "pictures/0.png"}, "Cannot write to"),
    ],
)
def test_what_an_audit_cannot_do_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, object], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_picture(tmp_path / "pictures" / "0.png", 0)
    with pytest.raises(lc.LimeError, match=message):
        lc.audit("pictures", TinyClassifier(), **{"output": "audit", "spec": SPEC, **settings})
    assert not (tmp_path / "audit" / "about.json").exists()


@pytest.mark.slow
def test_the_command_audits_a_folder_goes_on_and_refuses_other_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_picture(tmp_path / "pictures" / "tench" / "a.png", 1, (200, 300))
    write_picture(tmp_path / "pictures" / "no class" / "b.png", 2, (200, 300))
    (tmp_path / "pictures" / "c.png").write_bytes(b"nonsense")
    command = ["audit", str(tmp_path / "pictures"), "--output", str(tmp_path / "audit"), *SETTINGS]
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert "pictures explained" in printed
    assert "report.html" in printed
    assert "1 picture has a label that is none of the model's classes ('no class')" in printed
    audit = AuditFolder(tmp_path / "audit")
    assert predicted(tmp_path / "audit") == 2
    assert audit.table(SKIPPED)["picture"].to_pylist() == ["c.png"]
    rows = audit.table(EXPLANATIONS).to_pylist()
    assert [row["role"] for row in rows if row["label"] == "tench"] == ["predicted", "true"]
    assert main(command) == 0
    assert audit.table(EXPLANATIONS).to_pylist() == rows
    assert main([*command, "--seed", "3"]) == 1
    assert "setting seed: 0, not 3" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_a_valid_smaller_audit_and_says_how_to_go_on(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    write_collection(tmp_path / "pictures", 60)
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    # The command itself, but for a model that takes no time.
    source = (
        "import sys; from audits.tiny_model import TinySource; import lime_core.cli.audit as command; "
        "command.source_of = lambda *_: TinySource(seconds=0.05); "
        "from lime_core.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    command = ["audit", str(tmp_path / "pictures"), "--output", str(tmp_path / "audit"), "--precision", "f32"]
    process = subprocess.Popen(
        [sys.executable, "-c", source, *command, *SETTINGS],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while process.poll() is None and predicted(tmp_path / "audit") < 5:
        pass
    process.send_signal(number)
    printed, errors = process.communicate()
    assert process.returncode == code, errors
    assert printed == ""
    assert f"What was explained is in {tmp_path / 'audit'}; the same command goes on with it." in errors
    assert "Traceback" not in errors
    found = AuditFolder(tmp_path / "audit").findings()
    assert not found.complete
    assert 5 <= found.pictures == predicted(tmp_path / "audit") < 60
    assert len(list((tmp_path / "audit" / EXPLANATIONS).iterdir())) == 1


@pytest.mark.slow
def test_the_built_in_model_explains_alike_in_one_process_and_in_two(tmp_path: Path) -> None:
    for index in range(3):
        write_picture(tmp_path / "pictures" / f"{index}.png", index, (100, 150))
    spec = replace(SPEC, samples=16)
    tables = []
    for workers in (1, 2):
        lc.audit(
            tmp_path / "pictures",
            lc.ModelSource("efficientnet_lite0"),
            tmp_path / f"audit-{workers}",
            spec,
            workers=workers,
        )
        tables.append(AuditFolder(tmp_path / f"audit-{workers}").table(EXPLANATIONS).to_pylist())
    assert tables[0] == tables[1]


def test_a_source_can_be_given_where_a_name_does_not_say_enough(tmp_path: Path) -> None:
    pictures = write_collection(tmp_path / "pictures", 2)
    assert lc.audit(pictures, TinySource(), tmp_path / "audit", SPEC, precision="f32").findings().pictures == 2


def test_a_skipped_picture_is_tried_again_and_only_a_change_is_looked_into(tmp_path: Path) -> None:
    pictures = write_collection(tmp_path / "pictures", 4)
    for name in ("a.png", "b.png"):
        (pictures / name).write_bytes(b"")
    folder = lc.audit(pictures, TinyClassifier(), tmp_path / "audit", SPEC)
    report = folder.path / "report.html"
    written = report.stat().st_mtime_ns
    lc.audit(pictures, TinyClassifier(), tmp_path / "audit", SPEC)
    assert report.stat().st_mtime_ns == written
    assert folder.table(SKIPPED)["picture"].to_pylist() == ["a.png", "b.png"]
    write_picture(pictures / "a.png", 9)
    found = lc.audit(pictures, TinyClassifier(), tmp_path / "audit", SPEC).findings()
    assert (found.complete, found.pictures, found.skipped) == (True, 5, 1)
    assert folder.table(SKIPPED)["picture"].to_pylist() == ["b.png"]
    (pictures / "b.png").unlink()
    found = lc.audit(pictures, TinyClassifier(), tmp_path / "audit", SPEC).findings()
    assert (found.complete, found.pictures, found.skipped) == (True, 5, 0)


def test_a_restart_that_was_killed_goes_on_without_double_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class KilledError(BaseException):
        pass

    def kill(file: Path) -> None:
        if left.pop():
            raise KilledError
        file.unlink(missing_ok=True)

    pictures = write_collection(tmp_path / "pictures", 3)
    before = lc.audit(pictures, TinyClassifier(), tmp_path / "whole", SPEC)
    kinds = (EXPLANATIONS, SUPERPIXELS, THUMBNAILS)
    whole = {kind: before.table(kind).to_pylist() for kind in kinds}
    for deleted in range(6):
        folder = lc.audit(pictures, TinyClassifier(), tmp_path / f"killed-{deleted}", SPEC)
        left = [True, *[False] * deleted]
        with monkeypatch.context() as patch:
            patch.setattr("lime_core.audits.storage.clearing.delete", kill)
            try:
                lc.audit(pictures, TinyClassifier(), folder.path, SPEC, restart=True)
            except KilledError:
                lc.audit(pictures, TinyClassifier(), folder.path, SPEC)
        assert {kind: folder.table(kind).to_pylist() for kind in kinds} == whole


def pack(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(folder.rglob("*.png")):
            file.write(path, str(path.relative_to(folder)))


def test_another_collection_with_the_same_paths_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, name in enumerate(("a", "b")):
        write_picture(tmp_path / name / "pictures" / "cat" / "1.png", number)
    pack(tmp_path / "both.zip", tmp_path)
    # What is given, from where, what else, and how the message calls the difference.
    cases = [
        (f"zip://a::{tmp_path}/both.zip", "a", f"zip://b::{tmp_path}/both.zip", "a", "zip file: a, not b"),
        ("pictures", "a", "pictures", "b", f"collection of pictures: {tmp_path}/a/pictures, not {tmp_path}/b/pictures"),
        ("pictures/cat", "a", ["pictures/cat/1.png"], "a", "kind of collection: folder, not pictures one by one"),
    ]  # fmt: skip
    for number, (first, at_first, second, then, words) in enumerate(cases):
        output = tmp_path / f"audit-{number}"
        monkeypatch.chdir(tmp_path / at_first)
        lc.audit(first, TinyClassifier(), output, SPEC)
        assert lc.audit(first, TinyClassifier(), output, SPEC).findings().complete
        monkeypatch.chdir(tmp_path / then)
        with pytest.raises(lc.LimeError) as refused:
            lc.audit(second, TinyClassifier(), output, SPEC)
        assert words in str(refused.value)


def test_the_same_collection_goes_on_from_another_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = write_collection(tmp_path / "pictures", 2)
    monkeypatch.chdir(tmp_path)
    lc.audit("pictures", TinyClassifier(), tmp_path / "audit", SPEC)
    monkeypatch.chdir(pictures)
    assert lc.audit("../pictures", TinyClassifier(), tmp_path / "audit", SPEC).findings().complete


def test_pictures_whose_label_was_corrected_are_explained_again(tmp_path: Path) -> None:
    write_collection(tmp_path / "pictures", 4)
    paths = sorted(str(path.relative_to(tmp_path)) for path in (tmp_path / "pictures").rglob("*.png"))
    table = tmp_path / "labels.csv"

    def audited(folder: str, labels: list[str]) -> AuditFolder:
        lines = [f"{path},{label}" for path, label in zip(paths, labels, strict=True)]
        table.write_text("\n".join(["path,label", *lines]))
        return lc.audit(table, TinyClassifier(), tmp_path / folder, SPEC)

    before = ["bright left"] * 4
    corrected = ["bright left", "bright right", "", "no class"]
    audited("audit", before)
    known, anew = audited("audit", corrected), audited("anew", corrected)
    assert known.findings() == anew.findings()
    for kind in (EXPLANATIONS, SUPERPIXELS, THUMBNAILS):
        assert known.table(kind).to_pylist() == anew.table(kind).to_pylist()


@pytest.mark.parametrize("form", ["folder", "list", "zip"])
def test_a_picture_that_was_replaced_by_another_is_explained_again_and_no_other(tmp_path: Path, form: str) -> None:
    pictures = write_collection(tmp_path / "pictures", 4)
    paths = sorted(path for path in pictures.rglob("*") if path.is_file())

    def collection() -> Path | list[Path]:
        if form != "zip":
            return pictures if form == "folder" else paths
        with zipfile.ZipFile(tmp_path / "pictures.zip", "w") as archive:
            for path in paths:
                archive.write(path, path.relative_to(pictures))
        return tmp_path / "pictures.zip"

    def audited(name: str) -> AuditFolder:
        return lc.audit(collection(), TinyClassifier(), tmp_path / name, SPEC)

    def written() -> dict[str, bytes]:
        return {str(file): file.read_bytes() for file in (tmp_path / "audit" / THUMBNAILS).iterdir()}

    audited("audit")
    first = written()
    for path in paths[1:]:
        os.utime(path)  # touched, and the same picture still
    audited("audit")
    assert written() == first
    write_picture(paths[0], 99)
    known, anew = audited("audit"), audited("anew")
    assert written() != first
    assert known.findings() == anew.findings()
    for kind in (EXPLANATIONS, SUPERPIXELS, THUMBNAILS):
        assert known.table(kind).to_pylist() == anew.table(kind).to_pylist()


def test_looking_for_changed_pictures_says_how_far_it_is_and_can_be_stopped(tmp_path: Path) -> None:
    pictures = write_collection(tmp_path / "pictures", 4)
    seen: list[tuple[int, int]] = []

    def look(done: int, total: int) -> None:
        seen.append((done, total))
        if (done, total) == (2, 4):
            raise StopError

    def audited() -> AuditFolder:
        return lc.audit(pictures, TinyClassifier(), tmp_path / "audit", SPEC, on_check=look)

    before = audited().findings()
    assert before.complete
    assert seen == []
    with pytest.raises(StopError):
        audited()
    assert seen == [(1, 4), (2, 4)]
    assert AuditFolder(tmp_path / "audit").findings() == before


def test_pictures_that_are_out_of_reach_for_a_while_keep_their_explanations(tmp_path: Path) -> None:
    pictures, others = (write_collection(tmp_path / name, 4) for name in ("pictures", "others"))
    listed = tmp_path / "list.txt"
    listed.write_text("\n".join(str(path) for path in sorted(pictures.rglob("*.png"))))

    def audited() -> list[dict[str, object]]:
        return lc.audit(listed, TinyClassifier(), tmp_path / "audit", SPEC).table(EXPLANATIONS).to_pylist()

    before = audited()
    pictures.rename(tmp_path / "elsewhere")
    assert audited() == before
    # In their place comes a folder with other pictures of the same names, all older than the audit.
    for path in others.rglob("*.png"):
        write_picture(path, 1000 + int(path.stem))
        os.utime(path, (0, 0))
    others.rename(pictures)
    assert {row["sha256"] for row in audited()}.isdisjoint(row["sha256"] for row in before)


class Values(TinyClassifier):
    outputs_are = "values"

    def predict(self, images: object) -> object:
        return 100 * super().predict(images)


def test_a_model_that_returns_values_is_audited_in_those(tmp_path: Path) -> None:
    pictures = write_collection(tmp_path / "pictures", 24)
    concepts = lc.audit(pictures, Values(), tmp_path / "audit", SPEC).findings().concepts
    units = {each.unit for concept in concepts for each in (concept.take_away, concept.add) if each is not None}
    assert units == {"output"}


class WithHugeFeatures(TinyClassifier):
    def features(self, images: object) -> object:
        return 1e9 * super().features(images)


def test_features_beyond_half_precision_do_not_end_an_audit(tmp_path: Path) -> None:
    pictures = write_collection(tmp_path / "pictures", 10)
    assert lc.audit(pictures, WithHugeFeatures(), tmp_path / "audit", SPEC).findings().complete


class WithoutFeatures(TinyClassifier):
    gives_features = False
    features = None


def test_a_note_is_there_once(tmp_path: Path) -> None:
    pictures = write_collection(tmp_path / "pictures", 10)
    notes = lc.audit(pictures, WithoutFeatures(), tmp_path / "audit", SPEC).findings().notes
    assert sum("features of its own" in note for note in notes) == 1


def test_the_note_on_precision_claims_no_choice_that_was_not_made(tmp_path: Path) -> None:
    pictures = write_collection(tmp_path / "pictures", 2)
    notes = lc.audit(pictures, TinySource(), tmp_path / "audit", SPEC, precision="bf16").findings().notes
    (note,) = [note for note in notes if "bf16" in note]
    assert note.startswith("Asked in bf16; of each picture some samples were asked in f32")
