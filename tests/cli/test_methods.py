"""Whole runs of ``limelight methods`` with the built-in model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

import lime_core as lc
from lime_core.cli.main import main
from lime_core.show import render, to_png

ROOT = Path(__file__).parents[2]
QUICK = ["--segmentation", "grid", "--grid-rows", "4", "--grid-columns", "4", "--samples", "64", "--seeds", "2"]
METHODS = ["--methods", "lime", "leave_one_out"]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The folder and the text of one run in a process of its own."""
    from skimage import data

    folder = tmp_path_factory.mktemp("methods")
    PIL.Image.fromarray(data.chelsea()).save(folder / "cat.png")
    command = [sys.executable, "-m", "lime_core", "methods", "cat.png", *METHODS, *QUICK, "--classes", "2"]
    done = subprocess.run(
        [*command, "--top-k", "3", "--output", "out"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def test_it_writes_methods_json_and_a_picture_a_method_and_class(written):
    folder, _ = written
    document = json.loads((folder / "out" / "methods.json").read_text(encoding="utf-8"))
    first = document["methods"][0]
    assert [row["method"] for row in document["methods"]] == ["lime", "leave_one_out"]
    assert [row["calls"] for row in document["methods"]] == [65, 17]
    assert first["classes"][0]["name"] == "Egyptian cat"
    names = {"index", "name", "scores", "top_alone", "without_top", "deletion_area", "insertion_area"}
    for row in document["methods"]:
        assert row["seconds"] > 0
        for item in row["classes"]:
            assert names | {"agreement_between_seeds"} <= item.keys()
            assert len(item["scores"]) == 16
    slugs = [f"{rank}-{item['name'].lower().replace(' ', '-')}" for rank, item in enumerate(first["classes"], 1)]
    pictures = {f"{method}-{slug}.png" for method in ("lime", "leave_one_out") for slug in slugs}
    assert {path.name for path in (folder / "out").iterdir()} == {"methods.json", *pictures}


def test_its_numbers_and_pictures_are_those_of_the_library(written, lite0):
    folder, _ = written
    spec = lc.ExplainSpec(segmentation=lc.Grid(4, 4), samples=64, top_classes=2, top_k=3)
    image = lc.load_image(folder / "cat.png")
    found = lc.compare_methods(image, lite0, ["lime", "leave_one_out"], spec, seeds=(0, 1))
    document = json.loads((folder / "out" / "methods.json").read_text(encoding="utf-8"))
    for row, item in zip(document["methods"], found.methods, strict=True):
        for plain, measured in zip(row["classes"], item.classes, strict=True):
            assert plain["scores"] == pytest.approx(item.attribution.scores(measured.index).tolist(), abs=1e-3)
            assert plain["insertion_area"] == pytest.approx(measured.insertion_area.value, abs=1e-3)
    attribution = found["lime"].attribution
    drawn = to_png(render(image, attribution, attribution.classes[0].index, lc.View(top_k=3)))
    assert (folder / "out" / "lime-1-egyptian-cat.png").read_bytes() == drawn


def test_it_prints_a_table_a_class_with_the_best_marked_and_the_agreement(written):
    _, printed = written
    lines = printed.splitlines()
    assert lines[0] == "Egyptian cat:"
    assert lines[1].split("  ")[0] == "method"
    assert "top 3 alone" in lines[1]
    assert [line.split()[0] for line in lines[2:5]] == ["lime", "leave_one_out", "random"]
    columns = np.array([line.split() for line in lines[2:4]])
    for cells in columns.T[1:]:
        assert [cell.endswith("*") for cell in cells].count(True) == 1
    assert "* best of the column, = tied with the best" in printed
    assert "Agreement about Egyptian cat: rank correlation" in printed
    assert lines[-1] == "Written to out"


def test_a_model_that_no_method_asked_for_can_explain_ends_with_the_reasons(cat, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(type(lc.METHODS["lime"]), "obstacle", lambda self, classifier: "This model has no gradients.")
    out = tmp_path / "out"
    assert main(["methods", str(cat), "--methods", "lime", *QUICK, "--output", str(out), "--quiet"]) == 1
    assert "lime: This model has no gradients." in capsys.readouterr().err
    assert not out.exists()


def test_a_method_is_refused_by_name_before_the_model_is_loaded(cat, capsys):
    with pytest.raises(SystemExit):
        main(["methods", str(cat), "--methods", "limes"])
    assert "invalid choice: 'limes'" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["methods", str(cat), "--method", "lime"])


def test_no_seed_is_refused_in_words_before_a_model_is_loaded(cat, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("lime_core.cli.methods.loader", lambda *_: pytest.fail("a model was loaded"))
    out = tmp_path / "out"
    assert main(["methods", str(cat), *METHODS, "--seeds", "0", "--output", str(out), "--quiet"]) == 1
    assert "seeds must be one or more" in capsys.readouterr().err
