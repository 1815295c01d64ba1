from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import fields, replace

import numpy as np
import PIL.Image
import pytest
from skimage import data

import lime_core as lc
from lime_core.cli.main import main
from lime_core.cli.parser import build_parser
from lime_core.models import CATALOG, bf16_available
from lime_core.parameters import parameters_of
from lime_core.settings.flags import spec_from
from lime_core.superpixels.segmentation import SEGMENTATIONS


@pytest.fixture
def cat(tmp_path):
    path = tmp_path / "cat.png"
    PIL.Image.fromarray(data.chelsea()).save(path)
    return path


def parsed(*flags):
    options = build_parser().parse_args(["explain", "cat.jpg", *flags])
    return spec_from(options, lc.preset(options.preset))


def test_explain_writes_the_explanation_the_neighborhood_and_a_picture_a_class(cat, tmp_path, capsys):
    out = tmp_path / "out" / "deep"
    assert main(["explain", str(cat), "--classes", "3", "--samples", "100", "--output", str(out)]) == 0
    assert "Egyptian cat" in capsys.readouterr().out
    explanation = lc.Explanation.from_json((out / "explanation.json").read_text())
    assert explanation.samples == 100
    assert len(explanation.classes) == 3
    neighborhood = lc.Neighborhood.load_npz(out / "neighborhood.npz")
    again = lc.fit(neighborhood, explanation.spec)
    assert np.array_equal(again.classes[0].coefficients, explanation.classes[0].coefficients)
    pictures = sorted(path.name for path in out.glob("*.png"))
    assert pictures[0] == "1-egyptian-cat.png"
    assert len(pictures) == 3
    with PIL.Image.open(out / pictures[0]) as picture:
        assert picture.size == (451, 300)


def test_every_field_of_the_spec_has_its_flag():
    text = build_parser().parse_args(["explain", "x"])
    assert text.image == "x"
    flags = " ".join(
        flag
        for action in build_parser()._subparsers._group_actions[0].choices["explain"]._actions
        for flag in action.option_strings
    )
    renamed = {"classes": "--class-indices", "top_classes": "--classes"}
    for field in fields(lc.ExplainSpec):
        assert renamed.get(field.name, "--" + field.name.replace("_", "-")) in flags.split()
    for name, method in SEGMENTATIONS.items():
        for field in parameters_of(method):
            flag = "--label-map" if name == "label_map" else f"--{name}-{field}".replace("_", "-")
            assert flag in flags.split()


def test_flags_stand_over_the_preset():
    spec = parsed("--preset", "matlab-blog", "--samples", "77", "--kernel-width", "0.5", "--no-hide-unsure")
    assert spec == replace(lc.preset("matlab-blog"), samples=77, kernel_width=0.5, hide_unsure=False)


def test_a_methods_own_flag_chooses_the_method():
    assert parsed("--grid-rows", "3").segmentation == lc.Grid(rows=3)
    assert parsed("--preset", "lime", "--quickshift-ratio", "0.5").segmentation == lc.Quickshift(ratio=0.5)
    assert parsed("--segmentation", "watershed").segmentation == lc.Watershed()


def test_lists_and_colours_are_read():
    spec = parsed("--class-indices", "285", "282", "--fill", "color", "--fill-color", "10", "20", "30")
    assert spec.classes == (285, 282)
    assert spec.fill_color == (10, 20, 30)


def test_a_label_map_is_read_from_its_file(tmp_path):
    path = tmp_path / "map.png"
    PIL.Image.fromarray(np.arange(12, dtype=np.uint8).reshape(3, 4)).save(path)
    assert parsed("--label-map", str(path)).segmentation == lc.LabelMap(np.arange(12).reshape(3, 4))


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--samples", "1"], "samples must be in 2..100000"),
        (["--slic-n-segments", "5", "--grid-rows", "2"], "Choose one segmentation"),
        (["--segmentation", "grid", "--slic-n-segments", "5"], "Choose one segmentation"),
        (["--model", "resnet5"], "resnet50"),
        (["--label-map", "no-such-file.png"], "label map"),
    ],
)
def test_mistakes_are_explained_in_one_line_without_a_traceback(cat, capsys, flags, message):
    assert main(["explain", str(cat), *flags]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error
    assert "Traceback" not in error


def test_a_missing_picture_and_a_wrong_file_are_explained(tmp_path, capsys):
    (tmp_path / "note.jpg").write_text("hello")
    assert main(["explain", str(tmp_path / "none.jpg")]) == 1
    assert main(["explain", str(tmp_path / "note.jpg")]) == 1
    assert capsys.readouterr().err.count("error: ") == 2


def test_models_lists_the_whole_catalog(capsys):
    assert main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(CATALOG)
    assert lines[1].endswith("yes")


def test_the_json_repeats_for_the_same_command(cat, tmp_path):
    for name in ("a", "b"):
        main(["explain", str(cat), "--samples", "64", "--output", str(tmp_path / name), "--quiet"])
    one, other = (json.loads((tmp_path / name / "explanation.json").read_text()) for name in ("a", "b"))
    assert one["classes"] == other["classes"]


def test_trust_writes_the_verdict_and_every_trial(cat, tmp_path, capsys):
    out = tmp_path / "trust"
    flags = ["--samples", "128", "--classes", "1", "--output", str(out), "--trials", "reality", "curves", "repeat"]
    assert main(["trust", str(cat), *flags, "--quiet"]) == 0
    document = json.loads((out / "trust.json").read_text())
    assert document["class"]["name"] == "Egyptian cat"
    assert document["verdict"] == document["explanation"]["classes"][0]["trust"]
    assert document["trials"].keys() == {"reality", "curves", "repeat"}
    curves = document["trials"]["curves"]
    assert curves["deletion_area"] < curves["random_deletion_area"] < curves["insertion_area"]
    printed = capsys.readouterr().out
    assert printed.startswith(f"Egyptian cat: {document['verdict']['level']}")
    assert "5 seeds: Jaccard" in printed


def test_trust_shows_that_the_explanation_depends_on_what_the_model_learned(cat, tmp_path, capsys):
    out = tmp_path / "trust"
    flags = ["--samples", "64", "--grid-rows", "4", "--grid-columns", "4", "--classes", "1", "--output", str(out)]
    assert main(["trust", str(cat), *flags, "--trials", "sanity"]) == 0
    check = json.loads((out / "trust.json").read_text())["trials"]["sanity"]
    assert check["passed"]
    assert len(check["stages"]) == 4
    assert "changes, as it must" in capsys.readouterr().out


def test_bf16_is_checked_on_the_picture_and_reported_or_refused_in_words(cat, tmp_path, capsys):
    out = tmp_path / "out"
    code = main(["explain", str(cat), "--samples", "128", "--precision", "bf16", "--output", str(out), "--quiet"])
    if not bf16_available():
        assert code == 1
        assert "bf16" in capsys.readouterr().err
        return
    explanation = lc.Explanation.from_json((out / "explanation.json").read_text())
    assert explanation.samples == 128
    used = explanation.provenance.engine == "openvino-bf16"
    assert explanation.notes[-1].startswith("Asked in reduced precision" if used else "Asked in f32")


def test_a_reader_that_has_seen_enough_ends_the_command_quietly():
    command = [sys.executable, "-m", "lime_core", "models"]
    reader, writer = os.pipe()
    os.close(reader)  # nobody reads
    with os.fdopen(writer, "w") as stdout:
        done = subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_trial_that_cannot_be_done_leaves_the_others_standing(cat, tmp_path, capsys):
    out = tmp_path / "trust"
    flags = ["--samples", "64", "--surrogate", "lasso", "--alpha", "50", "--quiet", "--output", str(out)]
    assert main(["trust", str(cat), *flags, "--trials", "reality", "curves"]) == 0
    trials = json.loads((out / "trust.json").read_text())["trials"]
    assert "No superpixel speaks for this class" in trials["reality"]["error"]
    assert len(trials["curves"]["deletion"]) > 2
    assert "reality could not be done: No superpixel" in capsys.readouterr().out
