"""Which superpixels are among the K strongest for sure, and how that is told and stored."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from known_attributions import of_pixels
from known_neighborhoods import additive, answers_to_masks

import lime_core as lc
from lime_core.explanation.documents import judged_document
from lime_core.explanation.top_k import TopK, certain_top
from lime_core.surrogates.order import Estimates, Order

SCORES = np.array([0.5, -0.4, 0.1, 0.09, -0.08, 0.0])


def order(std_error):
    return Estimates(SCORES, np.eye(6) * std_error**2, np.full(6, np.nan)).order()


@pytest.fixture(scope="module")
def explanation():
    weights = np.array([0.4, 0.2, -0.2, 0.1, 0.1, 0.02, 0.0, 0.0, 0.0, -0.4])
    return lc.fit(answers_to_masks(additive(weights, 0.1), 10, 512, lc.ExplainSpec(target="probability", top_k=3)))


@pytest.mark.parametrize(
    ("k", "sign", "sure", "possible"),
    [
        (1, "positive", (0,), ()),
        (2, "positive", (0,), (2, 3)),
        (3, "positive", (0, 2, 3), ()),
        (5, "positive", (0, 2, 3), (5,)),
        (1, "negative", (1,), ()),
        (2, "negative", (1, 4), ()),
        (6, "negative", (1, 4), (5,)),
        (1, "both", (0,), ()),
        (2, "both", (0, 1), ()),
        (3, "both", (0, 1), (2, 3, 4)),
        (5, "both", (0, 1, 2, 3, 4), ()),
        (6, "both", (0, 1, 2, 3, 4), (5,)),
    ],
)
def test_sure_and_possible_follow_from_what_can_be_told_apart(k, sign, sure, possible):
    """With errors of 0.006 scores are told apart from about 0.03 on: 0.1, 0.09 and -0.08 are not, by size."""
    top = certain_top(order(0.006), SCORES, k, sign)
    assert (top.sure, top.possible) == (sure, possible)


@pytest.mark.parametrize("sign", ["positive", "negative", "both"])
@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 6])
def test_without_noise_the_sure_ones_are_the_strongest(k, sign):
    top = certain_top(order(0.0), SCORES, k, sign)
    strength = {"positive": SCORES, "negative": -SCORES, "both": np.abs(SCORES)}[sign]
    assert top.sure == tuple(each for each in np.argsort(-strength)[:k].tolist() if strength[each] > 0)
    assert set(top.possible) <= {5}


def test_of_what_nothing_is_known_everything_is_possible():
    top = certain_top(Order.unknown(6), SCORES, 2, "both")
    assert (top.sure, top.possible) == ((), (0, 1, 2, 3, 4, 5))


@pytest.mark.parametrize(
    ("top", "words", "group"),
    [
        (TopK(5, "both", (2, 0), (1,)), "for sure: 30, 10; perhaps: 20", "5 strongest"),
        (TopK(2, "positive", (2, 0), ()), "for sure: 30, 10", "2 strongest for the class"),
        (TopK(1, "negative", (), (2, 1)), "for sure: none; perhaps: 30, 20", "1 strongest against the class"),
    ],
)
def test_words(top, words, group):
    assert (top.members([10, 20, 30]), top.strongest) == (words, group)


def test_a_long_list_is_cut_in_words():
    words = TopK(3, "both", (), tuple(range(20))).members(range(20))
    assert words == "for sure: none; perhaps: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 8 more"


def test_a_fit_tells_the_k_strongest(explanation):
    assert explanation.certain_top(0, 2, "both") == TopK(2, "both", (0, 9), ()) or explanation.certain_top(
        0, 2, "both"
    ) == TopK(2, "both", (9, 0), ())
    assert explanation.certain_top(0, 1).sure == (0,)
    assert explanation.certain_top(0, 1, "negative").sure == (9,)
    assert set(explanation.certain_top(0, 4, "both").sure) == {0, 1, 2, 9}
    assert set(explanation.certain_top(0, 5, "both").possible) == {3, 4}


def test_refusals(explanation):
    with pytest.raises(lc.SpecError, match="k must be at least 1; got 0"):
        explanation.certain_top(0, 0)
    with pytest.raises(lc.SpecError, match="sign must be one of positive, negative, both; got 'up'"):
        explanation.certain_top(0, 1, "up")
    with pytest.raises(lc.SpecError, match="Class 5 was not explained"):
        explanation.certain_top(5, 1)


def test_a_method_without_joint_error_bars_tells_nothing():
    assert of_pixels(np.ones((4, 4))).certain_top(7, 3) is None


def same(one, other):
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in Order.__slots__)


def test_order_is_read_back_from_json_and_npz(explanation):
    file = io.BytesIO()
    explanation.save_npz(file)
    file.seek(0)
    for read in (lc.Explanation.from_json(explanation.to_json()), lc.Explanation.load_npz(file)):
        assert same(read[0].order, explanation[0].order)
        assert read[0].order.signs.dtype == np.int32
        assert read.certain_top(0, 5, "both") == explanation.certain_top(0, 5, "both")


def test_json_lists_the_superpixels_for_the_k_of_the_run(explanation):
    row = json.loads(explanation.to_json())["classes"][0]
    top = explanation.certain_top(0, 3, "both")
    assert row["trust"]["top_k"] == 3
    assert (row["sure"], row["possible"]) == (list(top.sure), list(top.possible))


def test_files_of_older_versions_have_no_order(explanation):
    document = json.loads(explanation.to_json())
    for row in document["classes"]:
        del row["order"], row["sure"], row["possible"]
    read = lc.Explanation.from_json(json.dumps(document))
    assert read[0].order is None
    assert read.certain_top(0, 5) is None
    assert judged_document(read[0])["sure"] is None


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("best_by_value", [1] * 9),
        ("worst_by_size", [11] + [1] * 9),
        ("best_by_size", [0] + [1] * 9),
        ("signs", [2] + [0] * 9),
        ("signs", [0.5] + [0] * 9),
        ("worst_by_value", "12345"),
        ("worst_by_value", [[1] * 10]),
    ],
)
def test_a_damaged_order_is_refused(explanation, name, values):
    document = json.loads(explanation.to_json())
    document["classes"][0]["order"][name] = values
    with pytest.raises(lc.LimeError, match=f"{name} of an order must hold 10 whole numbers"):
        lc.Explanation.from_json(json.dumps(document))


def test_an_attribution_keeps_its_order_too(explanation):
    item = explanation[0]
    plain = lc.ClassAttribution(
        index=0, name="a", output=0.5, scores=item.scores, std_errors=item.std_errors, order=item.order
    )
    shared = {
        name: getattr(explanation, name) for name in ("segments", "signed", "unit", "calls", "provenance", "spec")
    }
    attribution = lc.Attribution(classes=(plain,), method="other", **shared)
    assert same(lc.Attribution.from_json(attribution.to_json())[0].order, item.order)
    without = replace(attribution, classes=(replace(plain, order=None),))
    assert lc.Attribution.from_json(without.to_json())[0].order is None
