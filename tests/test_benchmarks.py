"""The benchmarks' own arithmetic against hand calculation, and that their short form runs; never how fast."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from known_answers import colorful_image, known_answer, linear
from PIL import Image

import lime_core as lc
from lime_core.answers.neighborhood import first_samples
from tests.benchmarks import (
    collages,
    faithfulness,
    measures,
    report,
    sampling,
    speed,
    summary,
    table,
    verdicts,
    yardstick,
)
from tests.benchmarks.lab import Lab
from tests.benchmarks.methods import Chance, Settings
from tests.benchmarks.pictures import Picture

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [((1, 2, 3), (1, 2, 3), 1.0), ((1, 2), (3, 4), 0.0), ((1, 2, 3), (2, 3, 4), 0.5), ((), (), 1.0), ((), (1,), 0.0)],
)
def test_jaccard_is_intersection_over_union(a, b, expected):
    assert measures.jaccard(a, b) == expected


def test_the_mean_jaccard_takes_each_pair_once():
    assert measures.mean_pairwise_jaccard([(1, 2), (1, 2), (3, 4)]) == pytest.approx(1 / 3)


def test_the_strongest_positive_leave_out_what_speaks_against():
    weights = np.array([0.1, -5.0, 0.3, 0.0, 0.2])
    assert measures.strongest_positive(weights, 2) == (2, 4)
    assert measures.strongest_positive(weights, 5) == (2, 4, 0)
    assert measures.only(weights, (2, 4)).tolist() == [0, 0, 0.3, 0, 0.2]


def test_the_pointing_share_counts_positive_weight_only():
    heat = np.array([[3.0, 1.0], [-8.0, 0.0]])
    inside = np.array([[True, False], [True, False]])
    assert measures.pointing_share(heat, inside) == 0.75


def test_an_empty_map_points_no_better_than_an_even_one():
    inside = collages.inside_cell((4, 4), 0)
    assert measures.pointing_share(np.full((4, 4), -1.0), inside) == 0.25
    assert measures.pointing_share(np.ones((4, 4)), inside) == 0.25


def test_the_quarters_of_a_collage_are_counted_row_by_row():
    shape = (4, 6)
    corners = [(0, 0), (0, 5), (3, 0), (3, 5)]
    for quarter, corner in enumerate(corners):
        inside = collages.inside_cell(shape, quarter)
        assert inside.sum() == 6
        assert [inside[place] for place in corners] == [place == corner for place in corners]


def test_superpixels_are_removed_one_by_one_in_the_order_given():
    order = measures.falling_order(np.array([0.5, -1.0, 2.0]))
    assert order.tolist() == [2, 0, 1]
    assert measures.removal_masks(order).tolist() == [[1, 1, 1], [1, 1, 0], [0, 1, 0], [0, 0, 0]]


def test_the_area_under_a_curve_is_that_of_its_trapezoids():
    assert measures.area_under(np.array([0, 0.5, 1]), np.array([1.0, 1.0, 0.0])) == 0.75


def test_an_interval_of_two_standard_errors_holds_what_is_within_them():
    estimates, errors = np.array([0.0, 1.0, 2.0, 9.0]), np.array([1.0, 1.0, 1.0, np.nan])
    truth = np.array([1.9, 3.1, 2.0, 0.0])
    assert measures.covered(estimates, errors, truth).tolist() == [True, False, True]
    assert measures.covered(estimates, errors, truth, np.full(4, 0.5)).tolist() == [True, True, True]


def test_to_be_sure_of_many_at_once_asks_for_more_than_of_one():
    errors = np.ones(50)
    errors[1] = np.nan
    estimates = np.array([3.2, 0.1, -3.5, 3.4, *np.zeros(46)])  # 0.05 / 50, two-sided: 3.29 standard errors
    assert np.flatnonzero(measures.jointly_sure(estimates, errors)).tolist() == [1, 2, 3]
    assert measures.jointly_sure(np.array([2.0]), np.ones(1)).all()


def test_calls_are_interpolated_on_a_logarithmic_scale():
    calls, stability = (64, 256, 1024), np.array([0.2, 0.4, 0.8])
    assert measures.calls_needed(calls, stability, 0.4) == pytest.approx(256)
    assert measures.calls_needed(calls, stability, 0.6) == pytest.approx(512)
    assert measures.calls_needed(calls, stability, 0.2) == 64
    assert measures.calls_needed(calls, stability, 0.1) == -np.inf
    assert measures.calls_needed(calls, stability, 0.9) == np.inf


def test_a_dip_in_a_curve_of_stability_does_not_count():
    assert measures.calls_needed((64, 128, 256), np.array([0.5, 0.3, 0.7]), 0.6) == pytest.approx(2**7.5)


def test_r2_is_one_for_the_values_themselves_and_zero_for_their_weighted_mean():
    values, weights = np.array([0.0, 1.0, 5.0]), np.array([1.0, 1.0, 2.0])
    assert measures.weighted_r2(values, values, weights) == 1
    assert measures.weighted_r2(values, np.full(3, 2.75), weights) == pytest.approx(0)


def test_the_bootstrap_interval_of_a_mean_is_about_two_standard_errors_wide():
    values = np.random.default_rng(0).normal(3, 2, 400)
    found = summary.bootstrap_mean([*values, np.nan])
    assert found.value == pytest.approx(values.mean())
    assert found.count == 400
    assert found.high - found.low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)


def test_nothing_measured_is_a_dash_and_null():
    nothing = summary.bootstrap_mean([np.nan])
    assert str(nothing) == "—"
    assert json.loads(json.dumps(summary.to_plain({"a": nothing}), allow_nan=False))["a"]["value"] is None


def test_rows_are_written_with_all_that_was_measured():
    row = report.Row(
        "what", "1 s", "2 s", "2×", "≥ 1×", {"ratio": summary.Spread(2.0, 1.0, np.inf, 3), "at": Path("a")}
    )
    measured = {"ratio": {"median": 2.0, "least": 1.0, "most": None, "runs": 3}, "at": "a"}
    assert summary.to_plain([row])[0]["measured"] == measured


def test_a_child_does_not_report_the_memory_of_its_parent():
    ballast = np.ones(300 << 20, np.uint8)
    code = "from tests.benchmarks.child import peak_mb; print(peak_mb())"
    finished = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert 1 < float(finished.stdout) < ballast.nbytes / (1 << 20)


def test_ratios_are_taken_within_a_round():
    assert speed.ratio([4.0, 9.0], [2.0, 3.0]) == summary.Spread(2.5, 2.0, 3.0, 2)


def test_contenders_take_turns():
    order = []
    contenders = {name: lambda name=name: order.append(name) or 1.0 for name in "ab"}
    assert speed.in_turn(contenders, 2, lambda text: None) == {"a": [1.0, 1.0], "b": [1.0, 1.0]}
    assert order == ["a", "b", "a", "b"]


def test_a_table_is_markdown_with_aligned_columns():
    assert table.render(["a", "bb"], [["ccc", "d"]]) == "| a   | bb |\n|-----|----|\n| ccc | d  |"


@pytest.fixture(scope="module")
def spec():
    return lc.ExplainSpec(segmentation=lc.Grid(2, 4), fill="black", samples=128, target="probability")


@pytest.fixture(scope="module")
def small_lab(spec):
    """A model of two classes: one is linear in the superpixels, the other nearly all superpixel 3."""
    image = colorful_image()
    weights = np.array([[0.4, 0.3, 0.2, 0.1, 0.05, 0, 0, 0], [0, 0, 0, 2.0, 0.01, 0, 0, 0]])
    return Lab(known_answer(linear(weights), image, spec)), Picture("small", image, (0,)), weights


def test_a_lab_asks_once_and_cuts_shorter_runs_from_longer_ones(small_lab, spec):
    _, picture, _ = small_lab
    lab = Lab(small_lab[0].classifier)
    long = lab.ask(picture, spec, 64)
    assert lab.ask(picture, spec, 32).masks.tolist() == long.masks[:32].tolist()
    assert lab.calls == 64
    assert first_samples(long, 32).spec.samples == 32
    assert long.outputs.shape == (64, 1)


def test_answers_outlive_the_process_when_they_are_kept(small_lab, spec, tmp_path):
    lab, picture, _ = small_lab
    fresh = Lab(lab.classifier, tmp_path).ask(picture, spec, 64)
    again = Lab(lab.classifier, tmp_path)
    assert again.ask(picture, spec, 64).outputs.tolist() == fresh.outputs.tolist()
    assert again.calls == 0


def test_a_linear_model_is_explained_faithfully_by_every_measure(small_lab, spec):
    lab, picture, weights = small_lab
    plan = faithfulness.Plan(seeds=3, coverage_samples=64, long_samples=256)
    scores = faithfulness.measure(Settings("ours", spec, lab), lab.classifier, [picture], [], plan)
    assert scores.superpixels == [8]
    assert scores.r2_holdout[0] == pytest.approx(1, abs=1e-3)
    assert scores.jaccard == [1.0]
    assert scores.pointing_view == []
    # Hidden behind blur no pixel of this picture is its own, so both curves are the sums of the weights still shown.
    shown = 0.1 + np.concatenate([[weights[0].sum()], weights[0].sum() - np.cumsum(np.sort(weights[0])[::-1])])
    labels = lc.prepare(picture.image, lab.classifier.input_size, spec).labels
    area = np.concatenate([[0], np.cumsum(np.bincount(labels.ravel()) / labels.size)])
    assert scores.deletion[0] == pytest.approx(measures.area_under(area, shown), abs=1e-3)


def test_each_quarter_of_a_collage_is_judged_by_its_own_class(spec):
    image = colorful_image(60, 80)
    weights = np.diag(np.ones(4)) + 0.1  # class i is superpixel i, and a little of all
    grid = lc.ExplainSpec(segmentation=lc.Grid(2, 2), fill="black", samples=64, hide_unsure=False, target="probability")
    lab = Lab(known_answer(linear(weights), image, grid, (60, 80)))
    collage = Picture("four", image, (0, 1, 2, 3))
    scores = faithfulness.measure(Settings("ours", grid, lab), lab.classifier, [], [collage], faithfulness.Plan())
    assert scores.pointing_view[0] == pytest.approx(1.1 / 1.4, abs=0.01)
    assert scores.pointing_top[0] == pytest.approx(1.1 / 1.4, abs=0.01)
    assert scores.empty_maps == 0


def test_collages_hold_four_different_classes_each_in_its_quarter():
    squares = [Picture(str(c), lc.Image(np.full((224, 224, 3), c, np.uint8)), (c,)) for c in range(6)]
    found = collages.make_collages([*squares, *squares[:2]], 5)
    assert len(found) == 5
    for collage in found:
        assert len(set(collage.classes)) == 4
        for quarter, index in enumerate(collage.classes):
            inside = collages.inside_cell((448, 448), quarter)
            assert (collage.image.pixels[inside] == index).all()
    assert collages.make_collages(squares[:3], 5) == []


def test_collages_of_nine_hold_nine_classes_row_by_row():
    squares = [Picture(str(c), lc.Image(np.full((224, 224, 3), c, np.uint8)), (c,)) for c in range(10)]
    (found,) = collages.make_collages(squares, 1, side=3)
    assert len(set(found.classes)) == 9
    for cell, index in enumerate(found.classes):
        inside = collages.inside_cell((672, 672), cell, 3)
        assert inside.sum() == 224**2
        assert (found.image.pixels[inside] == index).all()
    assert collages.make_collages(squares[:8], 1, side=3) == []


def test_stability_is_perfect_for_a_linear_model_under_every_sampler(small_lab, spec):
    lab, picture, _ = small_lab
    both = ("balanced", "iid")
    first, found = sampling.measure(lab, [picture, picture], samplers=both, seeds=2, calls=(64, 128), spec=spec)
    assert first.curves["balanced"].shape == (1, 2)
    assert found.curves["balanced"].shape == (2, 2)
    assert found.at("iid", 128).value == found.at("balanced", 64).value == 1
    assert "128 calls" in sampling.tables(found)


def test_a_method_that_knows_nothing_scores_what_chance_gives(small_lab, spec):
    lab, picture, _ = small_lab
    plan = faithfulness.Plan(seeds=40)
    scores = faithfulness.measure(Chance(spec), lab.classifier, [picture], [], plan)
    assert scores.jaccard[0] == pytest.approx(0.35, abs=0.1)  # at most five of about four positive ones of eight
    assert np.isnan(scores.coverage[0])
    assert np.isnan(scores.r2_holdout[0])


def methods_measured(tmp_path, *, resumed=None, seeds=2):
    """Two methods on a picture and a collage of four, with a model that is linear in the picture's superpixels."""
    image = colorful_image()
    superpixels = lc.prepare(image, (61, 87), lc.ExplainSpec()).superpixels
    falling = np.linspace(0.02, 0, superpixels)
    classifier = known_answer(linear(np.stack([falling] * 4), 0.1), image, lc.ExplainSpec())
    asked = []

    def predict(pictures):
        asked.append(len(pictures))
        return classifier.predict(pictures)

    counted = lc.CallableClassifier(predict, (61, 87), outputs="probabilities")
    plan = yardstick.Plan(
        methods=("lime", "leave_one_out"),
        budgets=(64, 128),
        seeds=seeds,
        pictures=(Picture("small", image, (0,)),),
        collages={2: (Picture("four", image, (0, 1, 2, 3)),)},
    )
    target = tmp_path / "methods.json"
    yardstick.measure(plan, counted, report.Report(target), resumed)
    return json.loads(target.read_text(encoding="utf-8")), sum(asked)


def test_methods_are_measured_on_pictures_and_collages_and_go_on_from_what_is_there(tmp_path, capsys):
    first, asked = methods_measured(tmp_path)
    rows = {(row["method"], row["budget"], row["side"]): row["values"] for row in first["methods"]}
    assert len(rows) == 3 * 2 * 2
    assert rows["leave_one_out", 64, 0]["hiding"] == pytest.approx(1)
    assert rows["leave_one_out", 64, 0]["agreement"] is None
    assert rows["leave_one_out", 64, 0]["deletion"] < rows["random order", 64, 0]["deletion"]
    assert 0 <= rows["lime", 128, 2]["pointing_2"] <= 1
    assert rows["random order", 128, 2]["pointing_2"] == 0.25
    printed = capsys.readouterr().out
    assert printed.count("| leave_one_out |") == 2 * 2  # a table for each budget, and one at the end
    again, asked_again = methods_measured(tmp_path, resumed=tmp_path / "methods.json")
    assert again["methods"] == first["methods"]
    assert asked > asked_again == 0
    with pytest.raises(SystemExit, match="2 seeds, not of 3"):
        methods_measured(tmp_path, resumed=tmp_path / "methods.json", seeds=3)


def test_a_method_is_set_against_lime_picture_by_picture():
    """Pictures differ by far more than the methods do on each of them."""
    level = [0.1, 0.5, 0.9, 0.3]
    rows = [
        yardstick.Row(method, 64, 0, str(place), {"deletion": value + shift, "insertion": value + shift})
        for method, shift in (("lime", 0.0), ("other", 0.01))
        for place, value in enumerate(level)
    ]
    lime, other = (dict(zip(yardstick.HEADER, row, strict=True)) for row in yardstick.table_of(rows, (64,)))
    assert other["deletion ↓"].endswith(" −")
    assert other["insertion ↑"].endswith(" +")
    assert not lime["deletion ↓"].endswith(("+", "−"))
    found = yardstick.summary_of(rows)[1]["less_the_reference"]["deletion"]
    assert (found.value, found.count) == (pytest.approx(0.01), 4)


def test_the_short_form_of_the_methods_runs(tmp_path):
    command = [sys.executable, "-m", "tests.benchmarks", "methods", "--short", "--images", str(tmp_path)]
    finished = subprocess.run(
        [*command, "--only", "leave_one_out"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    assert "| leave_one_out |" in finished.stdout


def case_of(level, certain, right, passed, shared=1.0, samples=64):
    return verdicts.Case("a", samples, level, certain, right, shared, passed)


def test_promises_are_counted_by_level():
    cases = [
        case_of("solid", 3, 3, True),
        case_of("solid", 1, 0, True, shared=0.5),
        case_of("usable", 0, 0, False),
        case_of("usable", 2, 2, True),
        case_of("meaningless", 0, 0, None, samples=32),
    ]
    assert verdicts.level_rows(cases) == [
        ["64", "solid", "2 (50%)", "2.0", "3 of 4 (75%)", "2 of 2 (100%)", "0.75"],
        ["64", "usable", "2 (50%)", "1.0", "2 of 2 (100%)", "1 of 2 (50%)", "1.00"],
        ["32", "meaningless", "1 (100%)", "0.0", "0 of 0", "0 of 0", "1.00"],
    ]
    assert verdicts.picture_cells(cases) == ["a", "2", "2", "0", "1", "5 of 6", "3 of 4"]
    assert verdicts.share_called_solid(cases) == 0.5
    assert np.isnan(verdicts.share_called_solid(cases[2:3]))


def test_a_linear_model_keeps_every_promise(small_lab, spec):
    lab, picture, _ = small_lab
    cases = next(verdicts.measure(Lab(lab.classifier), [picture], (32, 64), spec))
    assert [(case.samples, case.picture) for case in cases] == [(64, "small")] * 2 + [(32, "small")] * 2
    assert all(case.passed for case in cases)
    assert all(case.right == case.certain for case in cases)
    assert cases[0].certain == 2  # two superpixels are nearly all of the more probable class
    assert (cases[1].certain, cases[1].shared) == (5, 1.0)


def test_pictures_of_a_folder_are_spread_over_the_whole_list(tmp_path):
    (tmp_path / "deep").mkdir()
    for index in range(5):
        Image.new("RGB", (4, 4)).save(tmp_path / "deep" / f"{index}.png")
    (tmp_path / "notes.txt").write_text("no picture")
    assert [picture.name for picture in verdicts.in_folder(tmp_path, 3)] == ["0", "2", "4"]
    assert len(verdicts.in_folder(tmp_path, None)) == 5


def test_the_short_form_runs_and_writes_its_numbers(tmp_path):
    target = tmp_path / "numbers.json"
    command = [
        sys.executable,
        "-m",
        "tests.benchmarks",
        "sampling",
        "--short",
        "--pictures",
        "1",
        "--json",
        str(target),
    ]
    command += ["--images", str(tmp_path)]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    assert "using the three that scikit-image ships" in finished.stdout
    numbers = json.loads(target.read_text(encoding="utf-8"))
    assert set(numbers["sampling"]["curves"]) == {"balanced", "iid"}
    assert numbers["machine"]["cores"] >= 1
