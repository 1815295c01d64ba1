"""The view is not part of an explanation: moving it refits nothing."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from known_answers import TWELVE, colorful_image, known_answer, linear

import lime_core as lc

SPEC = lc.ExplainSpec(segmentation=TWELVE, samples=128, fill="black", target="probability")
VIEWS = {
    "opacity": lc.View(opacity=0.1),
    "kind": lc.View("jet", smoothing=2),
    "sign": lc.View(sign="negative"),
    "unsure": lc.View(hide_unsure=False),
}


@pytest.fixture(scope="module")
def neighborhood():
    image = colorful_image()
    random = np.random.default_rng(0).normal(size=2**12)

    def model(masks):
        noise = random[(masks @ 2 ** np.arange(12)).astype(int)]
        return linear(np.linspace(-0.04, 0.05, 12), 0.4)(masks) + 0.02 * noise[:, None]

    return lc.query(image, known_answer(model, image, SPEC), SPEC)


@pytest.mark.parametrize("name", VIEWS)
def test_a_fit_under_another_view_is_the_same_to_the_letter(neighborhood, name):
    spec = replace(SPEC, view=VIEWS[name])
    assert lc.fit(neighborhood, spec).to_json() == lc.fit(neighborhood, SPEC).to_json()
    for stages in (("segmentation", "query"), ("segmentation", "query", "fit")):
        assert spec.digest(*stages) == SPEC.digest(*stages)
    assert spec.digest("view") != SPEC.digest("view")


@pytest.mark.parametrize("k", [1, 3, 12])
def test_k_moves_the_verdict_and_nothing_else(neighborhood, k):
    usual, other = lc.fit(neighborhood, SPEC), lc.fit(neighborhood, replace(SPEC, top_k=k))
    assert (usual[0].trust.top_k, other[0].trust.top_k) == (5, k)
    assert other[0].trust.top_k_frequency.sum() == pytest.approx(k)
    assert other.spec == usual.spec
    documents = [json.loads(one.to_json()) for one in (usual, other)]
    for document in documents:
        for row in document["classes"]:
            del row["trust"], row["sure"], row["possible"]  # those of the K of the verdict
    assert documents[0] == documents[1]


def test_an_explanation_remembers_the_default_view_whatever_it_was_made_under(neighborhood):
    spec = replace(SPEC, view=lc.View("jet", top_k=2, sign="negative", opacity=0.1))
    explanation = lc.fit(neighborhood, spec)
    assert explanation.spec.view == lc.View()
    assert explanation.spec == replace(spec, view=lc.View())
    asked = replace(neighborhood, spec=replace(neighborhood.spec, view=spec.view))
    assert lc.fit(asked).spec.view == lc.View()


def test_the_heatmap_is_every_coefficient_and_with_a_view_what_the_view_shows(neighborhood):
    explanation = lc.fit(neighborhood)
    coefficients, segments = explanation[0].coefficients, explanation.segments
    assert np.array_equal(explanation.heatmap(0), coefficients.astype(np.float32)[segments])
    view = lc.View(top_k=3, sign="positive", hide_unsure=False)
    three = set(explanation.top_features(0, 3))
    expected = np.where(np.isin(np.arange(12), list(three)), coefficients, 0).astype(np.float32)
    assert np.array_equal(explanation.heatmap(0, view=view), expected[segments])
    assert np.array_equal(explanation.shown_scores(0, view).astype(np.float32), expected)


@pytest.mark.parametrize("sign", ["positive", "negative", "both"])
def test_scores_without_a_sign_are_shown_whatever_sign_is_asked_for(neighborhood, sign):
    explanation = lc.fit(neighborhood, replace(SPEC, surrogate="tree"))
    shown = explanation.shown_features(0, lc.View(top_k=4, sign=sign))
    assert shown == explanation.top_features(0, 4, "both")
    assert len(shown) == 4


def test_a_view_is_its_name_its_dictionary_or_itself():
    view = lc.View("heatmap", top_k=3)
    assert lc.View.make(view) is view
    assert lc.View.make("heatmap") == lc.View(name="heatmap")
    assert lc.View.make(json.loads(json.dumps(view.to_dict()))) == view
