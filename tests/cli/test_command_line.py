"""The command line's words: flags, mistakes and lists. Whole runs are in test_runs.py."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

import lime_core as lc
from lime_core.cli.main import main
from lime_core.cli.parser import build_parser
from lime_core.models import CATALOG
from lime_core.parameters import parameters_of
from lime_core.settings.flags import spec_from


def parsed(*flags):
    options = build_parser().parse_args(["explain", "cat.jpg", *flags])
    return spec_from(options, lc.preset(options.preset))


def test_every_field_of_the_spec_has_its_flag():
    text = build_parser().parse_args(["explain", "x"])
    assert text.image == "x"
    flags = " ".join(
        flag
        for action in build_parser()._subparsers._group_actions[0].choices["explain"]._actions
        for flag in action.option_strings
    )
    renamed = {"classes": "--class-indices", "top_classes": "--classes"}
    for name, rule in parameters_of(lc.ExplainSpec).items():
        owners = dict(rule.registry or {})
        if rule.kind == "group":
            owners[name] = lc.View
        else:
            assert renamed.get(name, "--" + name.replace("_", "-")) in flags.split()
        for option, owner in owners.items():
            if not getattr(owner, "offered", True):
                continue  # a method chooses it
            for field, inner in parameters_of(owner).items():
                flag = inner.flat or ("label_map" if option == "label_map" else f"{option}_{field}")
                assert "--" + flag.replace("_", "-") in flags.split()


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
    assert spec.fill == lc.fills.Color((10, 20, 30))


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


def test_a_reader_that_has_seen_enough_ends_the_command_quietly():
    command = [sys.executable, "-m", "lime_core", "models"]
    reader, writer = os.pipe()
    os.close(reader)  # nobody reads
    with os.fdopen(writer, "w") as stdout:
        done = subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_interrupted_command_says_so_and_ends_with_the_code_of_an_interruption(monkeypatch, capsys):
    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("lime_core.cli.models.weights_state", interrupt)
    assert main(["models"]) == 130
    assert capsys.readouterr().err.strip() == "Interrupted. No results were written."


def test_the_command_says_its_version(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.split() == ["limelight", lc.__version__]


def test_the_changelog_begins_with_this_version():
    changelog = (Path(__file__).parents[2] / "CHANGELOG.md").read_text(encoding="utf-8")
    latest = next(line for line in changelog.splitlines() if line.startswith("## "))
    assert latest.startswith(f"## [{lc.__version__}] - ")


def test_an_unknown_method_is_refused_with_the_names_of_the_others(capsys):
    with pytest.raises(SystemExit):
        main(["explain", "cat.png", "--method", "oracle"])
    error = capsys.readouterr().err
    assert all(name in error for name in lc.METHODS)


def test_a_layer_belongs_to_the_methods_that_look_into_the_network(capsys):
    assert main(["explain", "cat.jpg", "--layer", "conv5"]) == 1
    assert (
        "A layer can be chosen for grad_cam and grad_cam_plus_plus only; the method is 'lime'."
        in capsys.readouterr().err
    )
