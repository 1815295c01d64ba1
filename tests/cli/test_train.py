"""The whole road on the command line: pictures, a classifier, an explanation, and the true labels beside it."""

from __future__ import annotations

import json

import pytest
from labelled_folders import write_noise, write_shapes

import lime_core as lc
from lime_core.cli.main import main


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own, when it saves
def test_from_a_folder_to_an_explanation_and_the_true_classes(tmp_path, capsys):
    folder, model = write_shapes(tmp_path / "shapes", each=16), tmp_path / "mine.keras"
    assert main(["train", str(folder), "--output", str(model), "--quiet"]) == 0
    said = capsys.readouterr().out
    assert "of 12 held-out pictures are right" in said
    assert "as stripes" in said
    assert f"audit {folder} --model {model}" in said
    figures = json.loads((tmp_path / "mine.json").read_text(encoding="utf-8"))
    picture, out = figures["held_out"][0], tmp_path / "out"
    flags = ["--model", str(model), "--samples", "64", "--output", str(out), "--quiet"]
    assert main(["explain", str(folder / picture["path"]), *flags]) == 0
    assert "--preprocessing none is used" in capsys.readouterr().err
    explanation = lc.Explanation.from_json((out / "explanation.json").read_text(encoding="utf-8"))
    assert explanation.classes[0].name == picture["predicted"]
    assert {item.name for item in explanation.classes} == set(figures["classes"])
    assert sum(item["predicted"] == item["label"] for item in figures["held_out"]) >= 9


def test_what_is_printed_has_no_secret_and_controls_no_terminal(tmp_path, capsys, monkeypatch):
    training = lc.Training(
        model=tmp_path / "\x1b[31mred.keras",
        sha256="0",
        classes=("cat", "dog"),
        accuracy=1.0,
        interval=(0.5, 1.0),
        majority=0.5,
        confusion=((1, 0), (0, 1)),
        calibration_error=0.0,
        held_out=(),
        training=(),
        skipped=tuple((f"{number}\x1b[31m.png", "It is\rbroken.") for number in range(11)),
        settings={},
        notes=("It has \x1b in it.",),
    )
    monkeypatch.setattr(lc, "train", lambda *_, **__: training)
    address = "https://me:PASSWORD@host/l.csv?token=SECRET"
    assert main(["train", address, "--output", str(training.model), "--quiet"]) == 0
    said = capsys.readouterr().out
    assert not {"\x1b", "\r"} & set(said)
    assert said.count(r"\x1b") == 1 + 10 + 4
    assert "audit https://host/l.csv --model" in said
    assert "PASSWORD" not in said
    assert "SECRET" not in said


def test_too_few_pictures_are_an_error_in_a_sentence(tmp_path, capsys):
    folder = write_noise(tmp_path / "noise", each=3)
    assert main(["train", str(folder), "--output", str(tmp_path / "mine.keras")]) == 1
    assert "at least 5 different pictures" in capsys.readouterr().err
    assert [item.name for item in tmp_path.iterdir()] == ["noise"]
