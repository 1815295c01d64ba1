"""Models of one's own on the command line: in a file, and on a server."""

from __future__ import annotations

import json
import pickle

import numpy as np
import PIL.Image
import pytest
from model_server import ModelServer
from own_models import linear_onnx, pooled_onnx
from running_server import running

import lime_core as lc
from lime_core.cli.main import main

QUICK = ["--samples", "64", "--segmentation", "grid", "--grid-rows", "3", "--grid-columns", "3", "--quiet"]


@pytest.fixture
def fruit(tmp_path):
    (tmp_path / "names.txt").write_text("apple\nbanana\ncherry\ndate\n", encoding="utf-8")
    path = tmp_path / "fruit.onnx"
    path.write_bytes(linear_onnx())
    return path


def explained(cat, tmp_path, *flags):
    out = tmp_path / "out"
    assert main(["explain", str(cat), *QUICK, *map(str, flags), "--output", str(out)]) == 0
    return lc.Explanation.from_json((out / "explanation.json").read_text(encoding="utf-8"))


def test_a_file_is_explained_as_the_library_explains_it(cat, fruit, tmp_path):
    labels = fruit.with_name("names.txt")
    found = explained(cat, tmp_path, "--model", fruit, "--labels", labels, "--preprocessing", "rescale")
    classifier = lc.load_classifier(fruit, labels=labels, preprocessing="rescale")
    expected = lc.explain(cat, classifier, found.spec)
    assert [item.name for item in found.classes] == [item.name for item in expected.classes]
    assert {item.name for item in found.classes} == {"apple", "banana", "cherry", "date"}
    assert found.provenance.identity == "rescale"
    for one, other in zip(found.classes, expected.classes, strict=True):
        np.testing.assert_allclose(one.coefficients, other.coefficients, atol=1e-6)


def test_without_a_preprocessing_the_likeliest_is_taken_and_said(cat, fruit, tmp_path, capsys):
    found = explained(cat, tmp_path, "--model", fruit)
    said = capsys.readouterr().err
    assert f"--preprocessing {found.provenance.identity} is used: " in said


def test_an_output_and_a_size_are_asked_for_and_taken(cat, tmp_path, capsys):
    path = tmp_path / "open.onnx"
    path.write_bytes(pooled_onnx(("N", 3, "height", "width"), ("first", "second")))
    command = ["explain", str(cat), *QUICK, "--model", str(path), "--outputs", "values", "--preprocessing", "none"]
    for flags, words in (([], "input_size"), (["--input-size", "24"], "'second' (3 classes")):
        assert main([*command, *flags, "--output", str(tmp_path / "out")]) == 1
        assert words in capsys.readouterr().err
    flags = ["--outputs", "values", "--preprocessing", "none", "--input-size", "24", "32", "--head", "second"]
    found = explained(cat, tmp_path, "--model", path, *flags)
    assert found.provenance.input_size == (24, 32)
    assert found.provenance.outputs_are == "values"
    assert found.unit == "output"


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--model", "missing.onnx"], "There is no file missing.onnx"),
        (["--model", "inception_v9"], "inception_v3"),
        (["--labels", "names.txt"], "labels is for models of your own"),
        (["--outputs", "softmax"], "outputs is for models of your own"),
        (["--model", "ftp://host/v2/models/any"], "http"),
        (["--model", "http://user:secret@host/v2/models/any"], "LIMELIGHT_TOKEN"),
        (["--model", "http://127.0.0.1:1/v2/models/any", "--precision", "bf16"], "leave --precision out"),
        (["--model", "http://127.0.0.1:1/v2/models/any"], "127.0.0.1:1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_is_said_in_a_line(cat, tmp_path, capsys, flags, words):
    assert main(["explain", str(cat), *QUICK, *flags, "--output", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert words in said
    assert "secret" not in said
    assert not (tmp_path / "out").exists()


def test_a_file_that_can_hold_code_is_refused_with_the_lines_that_convert_it(cat, tmp_path, capsys):
    path = tmp_path / "model.pt"
    path.write_bytes(pickle.dumps({"weights": [1.0]}))
    assert main(["explain", str(cat), *QUICK, "--model", str(path), "--output", str(tmp_path / "out")]) == 1
    assert "torch.onnx.export" in capsys.readouterr().err


def test_the_trials_say_what_cannot_be_asked_of_it(cat, fruit, tmp_path, capsys):
    out = tmp_path / "out"
    flags = [*QUICK, "--model", str(fruit), "--preprocessing", "rescale", "--trials", "reality", "sanity"]
    assert main(["trust", str(cat), *flags, "--output", str(out)]) == 0
    trials = json.loads((out / "trust.json").read_text(encoding="utf-8"))["trials"]
    assert "Only the layers of a model of the catalog" in trials["sanity"]["error"]
    assert "error" not in trials["reality"]


def test_a_model_on_a_server_is_explained(cat, tmp_path):
    with running(ModelServer(("127.0.0.1", 0))) as server:
        server.shape = [-1, 24, 24, 3]
        found = explained(cat, tmp_path, "--model", server.url(), "--outputs", "softmax", "--input-size", "24")
    assert (found.provenance.engine, found.provenance.model) == ("server", "known")
    assert found.samples == 64


@pytest.mark.parametrize("ending", ["onnx", "tflite", "keras"])
def test_the_built_in_network_as_a_file_gives_the_built_in_models_explanation(tmp_path, cat, lite0_files, ending):
    built_in = explained(cat, tmp_path, "--precision", "f32")
    own = explained(cat, tmp_path, "--precision", "f32", "--model", lite0_files[ending])
    for ours, theirs in zip(own.classes, built_in.classes, strict=True):
        assert ours.index == theirs.index
        assert ours.probability == pytest.approx(theirs.probability, abs=1e-4)
        assert own.top_features(ours.index, 5) == built_in.top_features(theirs.index, 5)


def test_pictures_are_read_in_the_range_that_is_given(tmp_path, capsys):
    path = tmp_path / "scan.png"
    PIL.Image.fromarray(np.tile(np.linspace(0, 3000, 64).astype(np.uint16), (48, 1))).save(path)
    found = explained(path, tmp_path, "--value-range", "0", "65535")
    assert "almost black" in " ".join(found.notes) + capsys.readouterr().out
