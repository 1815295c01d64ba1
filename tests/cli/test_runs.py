"""Whole runs of the command line with the built-in model."""

from __future__ import annotations

import json

import numpy as np
import PIL.Image
import pytest

import lime_core as lc
from lime_core.cli.main import main
from lime_core.models import bf16_available
from lime_core.show import render, to_png


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


def test_another_method_writes_its_attribution_and_the_same_pictures(cat, tmp_path, capsys):
    out = tmp_path / "out"
    flags = ["--method", "leave_one_out", "--classes", "2", "--view", "heatmap", "--top-k", "3", "--quiet"]
    assert main(["explain", str(cat), *flags, "--output", str(out)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("Egyptian cat: ")
    assert "held-out" not in printed
    attribution = lc.Attribution.from_json((out / "attribution.json").read_text())
    assert attribution.method == "leave_one_out"
    assert attribution.calls == attribution.superpixels + 1
    neighborhood = lc.Neighborhood.load_npz(out / "neighborhood.npz")
    assert neighborhood.masks.sum() == (attribution.superpixels - 1) * attribution.superpixels
    pictures = sorted(path.name for path in out.glob("*.png"))
    assert pictures == ["1-egyptian-cat.png", f"2-{attribution.classes[1].name.replace(' ', '-')}.png"]
    view = lc.View("heatmap", top_k=3)
    drawn = to_png(render(lc.load_image(cat), attribution, attribution.classes[0].index, view))
    assert (out / pictures[0]).read_bytes() == drawn


@pytest.mark.parametrize("method", ["occlusion", "rise", "anchors"])
def test_methods_that_ask_with_masks_of_their_own_write_the_same_files(method, cat, tmp_path, capsys):
    out = tmp_path / "out"
    flags = ["--method", method, "--classes", "2", "--samples", "25", "--quiet"]
    assert main(["explain", str(cat), *flags, "--output", str(out)]) == 0
    kind = lc.AnchorAttribution if method == "anchors" else lc.Attribution
    attribution = kind.from_json((out / "attribution.json").read_text())
    assert attribution.method == method
    assert attribution.calls <= 26
    pixels = (300, 451)
    for item in attribution.classes:
        assert item.scores.shape == ((attribution.superpixels,) if method == "anchors" else pixels)
    assert len(list(out.glob("*.png"))) == 2
    if method == "anchors":
        printed = capsys.readouterr().out
        assert "precision" in printed
        assert "coverage" in printed
        assert printed.count("95 % bounds") == 2
    else:
        answers = lc.Neighborhood.load_npz(out / "neighborhood.npz")
        again = lc.METHODS[method].from_answers(answers, attribution.spec)
        assert np.array_equal(again.classes[0].scores, attribution.classes[0].scores)


def test_another_method_is_put_to_the_same_trials(cat, tmp_path, capsys):
    out = tmp_path / "trust"
    flags = ["--method", "leave_one_out", "--classes", "1", "--output", str(out), "--quiet"]
    assert main(["trust", str(cat), *flags, "--trials", "reality", "curves"]) == 0
    trials = json.loads((out / "trust.json").read_text())["trials"]
    assert trials["curves"]["deletion_area"] < trials["curves"]["insertion_area"]
    assert capsys.readouterr().out.startswith("Egyptian cat: ")


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
    assert curves["deletion_area"] < curves["random_area"] < curves["insertion_area"]
    printed = capsys.readouterr().out
    assert printed.startswith(f"Egyptian cat: {document['verdict']['level']}")
    assert "5 seeds: Jaccard" in printed
    made = {finding["trial"]: finding for finding in document["verdict"]["trials"]}
    assert made.keys() == document["trials"].keys()
    assert document["verdict"]["not_tried"] == ["what-if", "sanity"]
    assert printed.splitlines()[-3] == "  Not tried: other settings, sanity check."
    # What a trial has found is a reason where it is a weakness, and is said to be passed where it is not.
    for name, finding in made.items():
        passed = finding["level"] == "solid"
        assert (finding["reason"] in document["verdict"]["reasons"]) == (not passed), name
    passed_line = next(line for line in printed.splitlines() if line.startswith("  Passed: "))
    assert ("reality check" in passed_line) == (made["reality"]["level"] == "solid")


def test_trust_shows_that_the_explanation_depends_on_what_the_model_learned(cat, tmp_path, capsys):
    out = tmp_path / "trust"
    flags = ["--samples", "64", "--grid-rows", "4", "--grid-columns", "4", "--classes", "1", "--output", str(out)]
    assert main(["trust", str(cat), *flags, "--trials", "sanity"]) == 0
    check = json.loads((out / "trust.json").read_text())["trials"]["sanity"]
    assert check["passed"]
    assert len(check["steps"]) == 4
    assert "changes, as it should" in capsys.readouterr().out


def test_bf16_is_reported_or_refused_in_words(cat, tmp_path, capsys):
    out = tmp_path / "out"
    code = main(["explain", str(cat), "--samples", "128", "--precision", "bf16", "--output", str(out), "--quiet"])
    if not bf16_available():
        assert code == 1
        assert "bf16" in capsys.readouterr().err
        return
    explanation = lc.Explanation.from_json((out / "explanation.json").read_text())
    assert explanation.samples == 128
    assert explanation.provenance.engine == "openvino-bf16"
    assert explanation.notes[-1].startswith("Asked in bf16, 64 of 128 samples in f32 as well")


def test_a_trial_that_cannot_be_done_leaves_the_others_standing(cat, tmp_path, capsys):
    out = tmp_path / "trust"
    flags = ["--samples", "64", "--surrogate", "lasso", "--alpha", "50", "--quiet", "--output", str(out)]
    assert main(["trust", str(cat), *flags, "--trials", "reality", "curves"]) == 0
    trials = json.loads((out / "trust.json").read_text())["trials"]
    assert "No superpixel is evidence for this class" in trials["reality"]["error"]
    assert len(trials["curves"]["deletion"]) > 2
    assert "reality could not be done: No superpixel" in capsys.readouterr().out


def test_a_guess_at_the_range_of_values_is_said_and_can_be_replaced(tmp_path, capsys):
    values = np.zeros((60, 90), np.uint16)
    values[:, 30:] = 3000
    path = tmp_path / "scan"
    PIL.Image.fromarray(values).save(path, "PNG")
    shades = []
    for flags in ([], ["--value-range", "0", "65535"]):
        out = tmp_path / f"out{len(flags)}"
        assert main(["explain", str(path), "--samples", "64", "--output", str(out), "--quiet", *flags]) == 0
        printed = capsys.readouterr().out
        assert ("Note: Its values go up to 3000, so the picture was read as 12-bit" in printed) == (not flags)
        assert ("Note: The picture is almost black" in printed) == bool(flags)
        explanation = lc.Explanation.from_json((out / "explanation.json").read_text())
        shades.append(explanation.provenance.image_sha256)
    assert shades == [lc.load_image(path).sha256, lc.load_image(path, value_range=(0, 65535)).sha256]
    assert main(["explain", str(path), "--value-range", "5", "5"]) == 1
    assert "value_range must be two numbers" in capsys.readouterr().err


def test_a_method_from_inside_the_network_shows_the_layer_that_is_asked_for(cat, tmp_path, capsys):
    out = tmp_path / "out"
    flags = ["--method", "grad_cam", "--classes", "1", "--quiet", "--output", str(out)]
    assert main(["explain", str(cat), *flags, "--layer", "_blocks.10._project_conv_add"]) == 0
    printed = capsys.readouterr().out
    assert "Note: The map is that of the layer '_blocks.10._project_conv_add': 14×14" in printed
    assert "the mean score of the superpixel's pixels, in log-odds × activation, without a sign." in printed
    attribution = lc.Attribution.from_json((out / "attribution.json").read_text())
    assert "_blocks.10._project_conv_add" in attribution.notes[0]
    assert [path.name for path in out.glob("*.png")] == ["1-egyptian-cat.png"]
    assert main(["explain", str(cat), *flags, "--layer", "conv5"]) == 1
    error = capsys.readouterr().err
    assert "no layer 'conv5' with maps; those with maps are: " in error
    assert "_conv_head_relu" in error
