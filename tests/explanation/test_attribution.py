"""What every method gives: scores of superpixels or of pixels, there and back through JSON."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import lime_core as lc
from lime_core.answers.origin import Provenance
from lime_core.explanation.verdict import Verdict

SEGMENTS = np.repeat(np.array([[0, 0, 1], [2, 2, 2]], np.int32), 2, axis=0)  # 4×3: four, two and six pixels
PIXELS = np.arange(12, dtype=np.float64).reshape(4, 3) - 4
SUPERPIXELS = np.array([0.5, -0.25, 0.125])


def attribution(scores, std_errors=None, *, segments=SEGMENTS, verdict=None, signed=True, name="cat"):
    """One class with these scores, and a second with half of them."""
    items = [
        lc.ClassAttribution(index=index, name=name, output=output, scores=values, std_errors=errors, verdict=verdict)
        for index, output, values, errors in (
            (7, 0.75, scores, std_errors),
            (3, 0.125, scores / 2, None if std_errors is None else std_errors / 2),
        )
    ]
    return lc.Attribution(
        classes=tuple(items),
        segments=segments,
        signed=signed,
        unit="log-odds",
        calls=13,
        method="gradient",
        provenance=Provenance("a model", None, "callable", (4, 3), "0" * 64, {"python": "3"}, {"query": 0.5}),
        spec=lc.ExplainSpec(segmentation=lc.Grid(2, 2), seed=4),
        notes=("a note",),
    )


VERDICT = Verdict(
    level="usable",
    reasons=("One.", "Two."),
    advice="Use more samples: 320.",
    changes={"samples": 320},
    top_k=3,
    top_k_frequency=np.array([1.0, np.nan, 0.5]),
    stability=0.5,
    nonlinear_share=float("nan"),
    samples_per_superpixel=4.0,
    gap=float("inf"),
    interaction=None,
)

CASES = {
    "superpixels": attribution(SUPERPIXELS),
    "superpixels with error bars": attribution(SUPERPIXELS, np.array([0.1, np.nan, np.inf])),
    "pixels": attribution(PIXELS),
    "pixels with error bars": attribution(PIXELS, np.abs(PIXELS) / 3),
    "pixels alone": attribution(PIXELS, segments=None),
    "judged": attribution(SUPERPIXELS, verdict=VERDICT),
    "without a sign": attribution(np.abs(SUPERPIXELS), signed=False),
}


@pytest.mark.parametrize("name", CASES)
def test_json_gives_back_the_same_attribution(name):
    before = CASES[name]
    text = before.to_json()
    json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    back = lc.Attribution.from_json(text)
    assert back.to_json() == text
    for field in ("signed", "unit", "calls", "method", "provenance", "spec", "notes"):
        assert getattr(back, field) == getattr(before, field), field
    assert (back.segments is None) == (before.segments is None)
    assert back.segments is None or np.array_equal(back.segments, before.segments)
    for one, other in zip(back.classes, before.classes, strict=True):
        assert (one.index, one.name, one.output) == (other.index, other.name, other.output)
        assert one.scores.dtype == np.float64
        assert np.array_equal(one.scores, other.scores)
        assert (one.std_errors is None) == (other.std_errors is None)
        assert one.std_errors is None or np.array_equal(one.std_errors, other.std_errors, equal_nan=True)
        assert (one.verdict is None) == (other.verdict is None)
        assert one.verdict is None or str(one.verdict.to_dict()) == str(other.verdict.to_dict())


def test_scores_of_pixels_are_averaged_over_superpixels():
    means = [PIXELS[index == SEGMENTS].mean() for index in range(3)]
    assert CASES["pixels"].scores(7) == pytest.approx(means)
    assert CASES["pixels"].scores(3) == pytest.approx(np.array(means) / 2)
    assert CASES["superpixels"].scores(7) is CASES["superpixels"][7].scores


def test_the_strongest_superpixels_of_a_pixel_map_are_those_of_its_means():
    means = CASES["pixels"].scores(7)
    order = np.argsort(-np.abs(means))
    assert CASES["pixels"].top_features(7, 3, "both") == tuple(order)
    assert CASES["pixels"].shown_features(7, lc.View(top_k=1, sign="positive")) == (int(means.argmax()),)


def test_a_heatmap_shows_pixels_as_they_are_and_under_a_view_superpixels():
    assert np.array_equal(CASES["pixels"].heatmap(7), PIXELS.astype(np.float32))
    assert np.array_equal(CASES["pixels alone"].heatmap(7), PIXELS.astype(np.float32))
    shown = CASES["pixels"].heatmap(7, view=lc.View(top_k=3))
    assert np.array_equal(shown, CASES["pixels"].scores(7).astype(np.float32)[SEGMENTS])
    assert np.array_equal(CASES["superpixels"].heatmap(7), SUPERPIXELS.astype(np.float32)[SEGMENTS])


@pytest.mark.parametrize(
    "question",
    [
        lambda item: item.superpixels,
        lambda item: item.scores(7),
        lambda item: item.top_features(7, 1),
        lambda item: item.shown_scores(7, lc.View()),
        lambda item: item.heatmap(7, view=lc.View()),
    ],
)
def test_pixels_alone_have_no_superpixels_and_say_so(question):
    with pytest.raises(lc.SpecError, match="'gradient' gives scores of pixels and has no superpixels"):
        question(CASES["pixels alone"])


def test_what_is_sure_excludes_zero_or_has_no_error_bar():
    assert CASES["superpixels"][7].sure.tolist() == [True, True, True]
    assert CASES["superpixels with error bars"][7].sure.tolist() == [True, True, False]
    shown = CASES["superpixels with error bars"].shown_scores(7, lc.View())
    assert shown.tolist() == [0.5, -0.25, 0.0]
    everything = CASES["superpixels with error bars"].shown_scores(7, lc.View(hide_unsure=False))
    assert everything.tolist() == SUPERPIXELS.tolist()


def test_questions_leave_the_scores_as_they_are():
    scores = SUPERPIXELS.copy()
    subject = attribution(scores)
    subject.shown_scores(7, lc.View(top_k=1))
    subject.heatmap(7, view=lc.View(top_k=1))
    assert np.array_equal(scores, SUPERPIXELS)


def test_a_class_that_was_not_explained_is_refused():
    with pytest.raises(lc.SpecError, match=r"Class 1 was not explained; explained are \[7, 3\]"):
        _ = CASES["superpixels"][1]


def test_a_result_that_has_not_been_judged_says_so():
    with pytest.raises(lc.SpecError, match="class 7 has not been judged"):
        _ = CASES["superpixels"][7].trust
    assert CASES["judged"][7].trust is VERDICT


def test_attributions_are_keyword_only_and_frozen():
    with pytest.raises(TypeError):
        lc.ClassAttribution(7, "cat", 0.75, SUPERPIXELS)
    with pytest.raises(AttributeError):
        CASES["superpixels"].calls = 3


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "null", "3", '{"format": "other"}', '{"format": "limelight-attribution/1"}'],
)
def test_a_damaged_json_is_a_plain_error(text):
    with pytest.raises(lc.LimeError):
        lc.Attribution.from_json(text)


def test_the_json_of_one_kind_is_not_read_as_another():
    with pytest.raises(lc.LimeError, match="limelight-attribution/1"):
        lc.Explanation.from_json(CASES["superpixels"].to_json())


@pytest.mark.parametrize("field", ["scores", "segments"])
def test_an_array_that_unpacks_to_more_than_it_states_is_refused(field):
    document = json.loads(CASES["pixels"].to_json())
    (document if field == "segments" else document["classes"][0])[field]["shape"] = [1, 1]
    with pytest.raises(lc.LimeError, match="holds"):
        lc.Attribution.from_json(json.dumps(document))


def test_replacing_a_class_keeps_the_rest():
    subject = CASES["superpixels"]
    changed = replace(subject, classes=subject.classes[:1])
    assert [item.index for item in changed.classes] == [7]
    assert changed.spec is subject.spec
