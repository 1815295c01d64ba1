"""Results show themselves in a notebook, and what strangers wrote in them stays text."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import PIL.Image
import pytest
from known_answers import colorful_image, known_answer, linear

import lime_core as lc

HOSTILE = "<script>alert('cat')</script>\"><img src=x onerror=alert(1)> & co"
SPEC = lc.ExplainSpec(
    segmentation=lc.Grid(2, 3), samples=64, fill="black", target="probability", surrogate="least_squares"
)
WEIGHTS = np.array([0.3, -0.2, 0.1, 0.0, 0.05, 0.02])


class Page(HTMLParser):
    """The tags of a fragment, whether they are all closed, and its text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.open, self.words = set(), set(), [], []
        self.feed(html)
        self.close()
        assert self.open == []
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope="module")
def explanation():
    image = colorful_image()
    return lc.explain(image, known_answer(linear(WEIGHTS, 0.3), image, SPEC), SPEC)


def with_name(result, name):
    return replace(result, classes=tuple(replace(item, name=name) for item in result.classes))


def test_an_explanation_shows_its_classes_their_verdict_and_their_strongest_superpixels(explanation):
    page = Page(with_name(explanation, "tabby")._repr_html_())
    assert "tabby" in page.text
    assert "solid" in page.text
    assert "65 model calls" in page.text
    assert "probability" in page.text
    assert "+0.3" in page.text
    assert "-0.2" in page.text


BLACK_BOX = lc.CallableClassifier(lambda images: images, 20)


@pytest.mark.parametrize("method", [name for name, each in lc.METHODS.items() if each.obstacle(BLACK_BOX) is None])
def test_hostile_names_stay_text(method):
    image = colorful_image()
    inner = known_answer(linear(np.stack([WEIGHTS, -WEIGHTS]), 0.3), image, SPEC)
    classifier = lc.CallableClassifier(inner.predict, inner.input_size, (HOSTILE, "dog"), outputs="probabilities")
    result = lc.attribute(image, classifier, method=method, spec=SPEC)
    result = replace(result, unit=HOSTILE, method=HOSTILE, provenance=replace(result.provenance, model=HOSTILE))
    page = Page(result._repr_html_())
    assert page.tags <= {"div", "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "span"}
    assert page.attributes <= {"style", "class"}
    assert page.text.count("<script>alert('cat')</script>") == 4


def test_a_hostile_verdict_of_a_document_stays_text(explanation):
    document = json.loads(explanation.to_json())
    document["classes"][0]["trust"]["level"] = HOSTILE
    try:
        result = lc.Explanation.from_json(json.dumps(document))
    except lc.LimeError:
        return  # refusing it is as good
    assert not {"script", "img"} & Page(result._repr_html_()).tags


def test_a_result_without_verdict_superpixels_or_scores_shows_itself_too(explanation):
    unjudged = replace(explanation, classes=tuple(replace(item, verdict=None) for item in explanation.classes))
    assert "not judged" in Page(unjudged._repr_html_()).text
    zero = replace(explanation, classes=(replace(explanation.classes[0], scores=np.zeros(6)),))
    assert "solid" in Page(zero._repr_html_()).text
    (item,) = explanation.classes
    pixels = lc.ClassAttribution(index=0, name="cat", output=0.5, scores=np.zeros((61, 87)), verdict=item.verdict)
    fields = ("signed", "unit", "calls", "method", "provenance", "spec")
    shared = {name: getattr(explanation, name) for name in fields}
    assert "cat" in Page(lc.Attribution(classes=(pixels,), segments=None, **shared)._repr_html_()).text


def test_importance_without_a_sign_shows_itself(explanation):
    image = colorful_image()
    spec = replace(SPEC, surrogate="tree")
    tree = lc.explain(image, known_answer(linear(WEIGHTS, 0.3), image, spec), spec)
    assert "importance" in Page(tree._repr_html_()).text


def test_a_picture_shows_itself_as_a_png():
    image = colorful_image()
    assert np.array_equal(np.asarray(PIL.Image.open(io.BytesIO(image._repr_png_()))), image.pixels)
