"""When reduced precision is good enough; models whose answers are known stand in for both precisions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from skimage import data

import lime_core as lc
from lime_core.answers.growing import asked_twice
from lime_core.methods.lime import precision
from lime_core.methods.lime.precision import admission, stream_in
from lime_core.models import bf16_available

SPEC = lc.ExplainSpec(segmentation=lc.Grid(4, 4), samples=512, top_classes=2, fill="black", target="probability")
WEIGHTS = np.random.default_rng(0).uniform(0.2, 1, (4, 4)) / 16


@pytest.fixture(scope="module")
def chelsea():
    return lc.Image(data.chelsea())


@pytest.fixture(autouse=True)
def a_processor_with_bf16(monkeypatch):
    monkeypatch.setattr(precision, "bf16_available", lambda: True)


class Network(lc.CallableClassifier):
    """Brightness of sixteen squares, weighted, and a rough function of it that no linear surrogate explains.

    In bf16 another rough function is added, and the weight of one square is changed.
    """

    def __init__(self, engine="openvino", *, noise=0.0, shift=0.0, rough=0.02):
        super().__init__(self.answers, 32, ("bright", "dark"), id="squares")
        self.engine, self.noise, self.shift, self.rough = engine, noise, shift, rough
        self.weights_sha256 = "0" * 64
        self.pictures = 0

    def answers(self, images):
        self.pictures += len(images)
        squares = images.reshape(len(images), 4, 8, 4, 8, 3).mean(axis=(2, 4, 5), dtype=np.float64) / 255
        score = 0.1 + (squares * WEIGHTS).sum(axis=(1, 2))
        shifted = score + self.shift * (squares[:, 1, 2] > 0)
        outputs = shifted + self.rough * np.sin(1e5 * score) + self.noise * np.sin(3e5 * score + 1)
        return np.column_stack([outputs, 1 - outputs]).astype(np.float32)


def asked(choice, image, spec=SPEC, known=None, **reduced):
    """Return all that is yielded, and both networks."""
    networks = {"f32": Network(), "bf16": Network("openvino-bf16", **reduced)}
    grown = [*stream_in(choice, image, networks.__getitem__, spec, fitted=True, known=known)]
    return grown, networks


def test_what_moves_little_is_asked_in_bf16_and_the_result_says_how_far(chelsea):
    grown, networks = asked("auto", chelsea, noise=0.001)
    assert {answers.provenance.engine for answers in grown} == {"openvino-bf16"}
    assert networks["f32"].pictures < networks["bf16"].pictures / 3
    explanation = lc.fit(grown[-1], SPEC)
    note = next(note for note in explanation.notes if note.startswith("Asked in bf16"))
    # The first 64 of the samples, and 32 of the second 256.
    assert "96 of 512 samples in f32 as well" in note
    assert "which the error bars include" in note
    assert lc.Explanation.from_json(explanation.to_json()).notes == explanation.notes


@pytest.mark.parametrize("reduced", [{"noise": 0.02}, {"shift": 0.05}], ids=["noise", "shift"])
def test_what_moves_far_is_asked_in_f32_and_the_result_says_why(chelsea, reduced):
    grown, _ = asked("auto", chelsea, **reduced)
    last = grown[-1]
    assert (last.provenance.engine, last.samples, last.compared) == ("openvino", 512, None)
    np.testing.assert_array_equal(last.outputs, lc.query(chelsea, Network(), SPEC).outputs)
    assert any(note.startswith("Asked in f32: in bf16 the coefficients") for note in lc.fit(last, SPEC).notes)


def test_where_nothing_tells_how_far_bf16_moves_the_answers_a_run_ends_in_f32(chelsea):
    alone = lc.query(chelsea, Network("openvino-bf16"), SPEC)
    last = asked("auto", chelsea, known=alone)[0][-1]
    assert (last.provenance.engine, last.samples) == ("openvino", 512)
    assert any(note.startswith("Asked in f32: how far") for note in lc.fit(last, SPEC).notes)


def test_a_shift_that_a_short_run_bears_turns_a_longer_one_to_f32(chelsea):
    reduced = {"shift": 0.0006}
    short, _ = asked("auto", chelsea, **reduced)
    assert short[-1].provenance.engine == "openvino-bf16"
    longer = replace(SPEC, samples=16_384)
    grown, networks = asked("auto", chelsea, longer, short[-1], **reduced)
    assert (grown[-1].provenance.engine, grown[-1].samples) == ("openvino", 16_384)
    assert grown[0].samples <= grown[-1].samples
    # The samples that had been asked in f32 from the start are not asked again.
    np.testing.assert_array_equal(grown[-1].outputs[:64], short[-1].outputs[:64])
    assert networks["bf16"].pictures < 16_384


def test_noise_alone_is_borne_by_a_longer_run_too(chelsea):
    grown, _ = asked("auto", chelsea, replace(SPEC, samples=4096), noise=0.001)
    assert grown[-1].provenance.engine == "openvino-bf16"


def test_compared_samples_hold_the_answers_in_f32(chelsea):
    grown, networks = asked("auto", chelsea, noise=0.001)
    exact, last = lc.query(chelsea, Network(), SPEC), grown[-1]
    # About the unmodified picture only f32 is asked.
    assert {name: network.pictures for name, network in networks.items()} == {"f32": 96 + 1, "bf16": 512}
    np.testing.assert_array_equal(last.compared, np.flatnonzero(asked_twice(np.arange(512))))
    np.testing.assert_array_equal(last.masks, exact.masks)
    np.testing.assert_array_equal(last.outputs[last.compared], exact.outputs[last.compared])
    np.testing.assert_array_equal(last.original_outputs, exact.original_outputs)
    assert np.abs(last.compared_outputs - exact.outputs[last.compared]).max() == pytest.approx(0.001, rel=0.05)
    others = np.setdiff1d(np.arange(512), last.compared)
    assert (last.outputs[others] != exact.outputs[others]).any()


def test_the_same_run_gives_the_same_answers_at_once_or_in_two_parts(chelsea):
    once, _ = asked("auto", chelsea, noise=0.001)
    again, _ = asked("auto", chelsea, noise=0.001)
    half, _ = asked("auto", chelsea, replace(SPEC, samples=256), noise=0.001)
    on, _ = asked("auto", chelsea, known=half[-1], noise=0.001)
    for other in (again[-1], on[-1]):
        for name in ("masks", "outputs", "compared", "compared_outputs"):
            np.testing.assert_array_equal(getattr(other, name), getattr(once[-1], name))


def test_bf16_that_is_wanted_is_used_however_far_it_moves_and_widens_the_error_bars(chelsea):
    grown, _ = asked("bf16", chelsea, shift=0.05)
    assert grown[-1].provenance.engine == "openvino-bf16"
    exact, reduced = lc.fit(lc.query(chelsea, Network(), SPEC), SPEC), lc.fit(grown[-1], SPEC)
    assert reduced.classes[0].std_errors[6] > 2 * exact.classes[0].std_errors[6]


def test_short_runs_and_other_methods_are_asked_in_f32_only(chelsea):
    def load(name):
        assert name == "f32"
        return Network()

    short = replace(SPEC, samples=precision.LEAST_SAMPLES - 2)
    assert [*stream_in("auto", chelsea, load, short, fitted=True)][-1].notes == ()
    assert [*stream_in("auto", chelsea, load, SPEC, fitted=False)][-1].notes == ()


def test_without_bf16_in_the_processor_auto_is_f32_and_says_nothing(chelsea, monkeypatch):
    monkeypatch.setattr(precision, "bf16_available", lambda: False)
    grown, networks = asked("auto", chelsea)
    assert (grown[-1].provenance.engine, grown[-1].notes, networks["bf16"].pictures) == ("openvino", (), 0)


def test_two_different_models_are_not_compared(chelsea):
    networks = {"f32": Network(), "bf16": Network("openvino-bf16")}
    networks["bf16"].weights_sha256 = "1" * 64
    with pytest.raises(lc.ModelError, match="different weights"):
        next(stream_in("bf16", chelsea, networks.__getitem__, SPEC, fitted=True))


def test_answers_that_were_not_compared_cannot_be_judged(chelsea):
    assert admission(lc.query(chelsea, Network(), SPEC), SPEC, 512) is None


def test_compared_answers_are_kept_in_a_file(chelsea, tmp_path):
    grown, _ = asked("bf16", chelsea, noise=0.001)
    grown[-1].save_npz(tmp_path / "answers.npz")
    assert lc.Neighborhood.load_npz(tmp_path / "answers.npz") == grown[-1]


@pytest.mark.skipif(not bf16_available(), reason="this processor does not compute in bf16")
def test_bf16_of_the_built_in_model_is_held_against_f32(chelsea, lite0):
    networks = {"f32": lite0, "bf16": lc.load_classifier(precision="bf16")}
    *_, answers = stream_in("bf16", chelsea, networks.__getitem__, replace(SPEC, samples=256), fitted=True)
    assert 0 < np.abs(answers.compared_outputs - answers.outputs[answers.compared]).max() < 0.2
