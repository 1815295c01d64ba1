"""Figures and pictures of trials against answers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

import lime_core as lc
from lime_core.colormaps import AGAINST, FOR
from lime_core.show.canvas import Canvas
from lime_core.trials import Answer, RealityCheck, Repeat, SanityCheck, SanityStep
from pages.screens.trust import trial_figures, trial_pictures

SEGMENTS = np.repeat(np.arange(4, dtype=np.int32)[None], 40, axis=0).repeat(20, axis=1)
PIXELS = np.full((40, 80, 3), (200, 100, 50), np.uint8)
CANVAS = Canvas(lc.Image(PIXELS), SEGMENTS)
MIDDLES = [10, 30, 50, 70]


def check(surrogate: float = 0.6) -> RealityCheck:
    kept, removed = Answer(0.7, surrogate, 0.2, 0.1, 0.3), Answer(0.05, surrogate - 0.4, 0.5, 0.4, 0.6)
    return RealityCheck(0, (1, 2), kept, removed)


def named(figure, name: str):
    return next(trace for trace in figure.data if trace.name == name)


def test_the_reality_check_shows_model_surrogate_and_the_random_band() -> None:
    figure = trial_figures.reality(check(), unmodified=0.8)
    assert list(named(figure, "model").x) == [0.7, 0.05]
    assert list(named(figure, "surrogate").x) == pytest.approx([0.6, 0.2])
    band = named(figure, "random, 5–95 %")
    assert list(band.base) == [0.1, 0.4]
    assert list(band.x) == pytest.approx([0.2, 0.2])
    assert figure.layout.shapes[0].x0 == 0.8


def test_a_surrogate_without_an_answer_is_left_out() -> None:
    figure = trial_figures.reality(check(math.nan), unmodified=0.8)
    assert "surrogate" not in [trace.name for trace in figure.data]


def test_a_curve_lies_over_its_random_band() -> None:
    share, values = np.array([0, 0.5, 1]), np.array([0.9, 0.3, 0.1])
    low, high = values - 0.1, values + 0.1
    figure = trial_figures.curve(share, values, low, high, inserting=False)
    assert [list(trace.y) for trace in figure.data] == [list(low), list(high), list(values)]
    assert figure.data[1].fill == "tonexty"
    assert "deleted" in figure.layout.xaxis.title.text


def test_the_spread_counts_the_runs_that_name_a_superpixel() -> None:
    mean, spread = np.array([0.1, -0.5, 0.3, 0.0]), np.array([0.01, 0.02, 0.03, 0.04])
    repeated = Repeat(0, (0, 1), ((1, 2), (1, 0)), 1 / 3, 0.5, 0.5, 1.0, mean, spread)
    bars = trial_figures.spread(repeated, "log-odds", np.arange(len(repeated.mean))).data[0]
    assert list(bars.x) == ["1", "2", "0"]
    assert list(bars.y) == [-0.5, 0.3, 0.1]
    assert list(bars.error_y.array) == [0.02, 0.03, 0.01]
    assert list(bars.text) == ["2/2", "1/2", "1/2"]


def test_forgetting_begins_with_the_trained_model() -> None:
    steps = (SanityStep(2, "b", 0.6, 0.4), SanityStep(4, "a", -0.1, 0.0))
    figure = trial_figures.randomised(SanityCheck(0, steps, passed=True))
    assert list(figure.data[0].x) == ["none", "2", "4"]
    assert list(figure.data[0].y) == [1.0, 0.6, -0.1]
    assert list(figure.data[1].y) == [1.0, 0.4, 0.0]


def test_what_is_singled_out_keeps_its_pixels_and_the_rest_fades() -> None:
    shown = trial_pictures.singled_out(CANVAS, (1, 3))
    assert np.array_equal(shown[20, MIDDLES[1]], PIXELS[0, 0])
    assert np.array_equal(shown[20, MIDDLES[3]], PIXELS[0, 0])
    faded = shown[20, MIDDLES[0]]
    assert faded.max() < 80
    assert np.ptp(faded.astype(int)) < 10


def test_strength_darkens_with_the_number() -> None:
    shown = trial_pictures.strength(CANVAS, np.array([0.0, 0.5, 1.0, 1.0]), 1.0)
    brightness = shown[20, MIDDLES].sum(axis=1).astype(int)
    assert brightness[0] > brightness[1] > brightness[2] == brightness[3]


def test_survivors_are_blue_and_changes_of_sign_orange() -> None:
    shown = trial_pictures.survivors(CANVAS, kept=(0,), flipped=(2,)).astype(int)
    plain = shown[20, MIDDLES[3]]
    towards = shown[20, MIDDLES[0]] - plain
    assert np.sign(towards[2]) == np.sign(FOR[2] - plain[2]) == 1
    region = shown[10:30, 45:55].reshape(-1, 3).mean(axis=0) - plain
    assert region[0] > region[2]
    assert np.sign(AGAINST[2] - plain[2]) == -1
