"""The HTML report."""

from __future__ import annotations

import argparse
import html
import shlex
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from known_attributions import HEIGHT, WIDTH, of_pixels
from known_attributions import image as known_image

import lime_core as lc
from lime_core.settings.flags import add_spec_flags, spec_from
from lime_core.show import html_report, render
from lime_core.trials import SanityCheck, SanityStep, with_trials

HOSTILE = '"><script>alert(1)</script>&\u202e{{ 7 * 7 }}'


def bright(images: np.ndarray) -> np.ndarray:
    share = 0.5 + 20 * (images[:, :, :10].mean(axis=(1, 2, 3)) / 255 - 0.5)
    return np.stack([share, 1 - share], axis=1)


@pytest.fixture(scope="module")
def image() -> lc.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (37, 53, 3), dtype=np.uint8)
    return lc.Image(pixels)


@pytest.fixture(scope="module")
def classifier() -> lc.CallableClassifier:
    return lc.CallableClassifier(bright, 20, [HOSTILE, "dark"], id=HOSTILE)


@pytest.fixture(scope="module")
def explanation(image: lc.Image, classifier: lc.CallableClassifier) -> lc.Explanation:
    return lc.explain(image, classifier, lc.ExplainSpec(segmentation=lc.Grid(2, 3), samples=64))


@pytest.fixture(scope="module")
def without_one(image: lc.Image, classifier: lc.CallableClassifier) -> lc.Attribution:
    """By leaving one superpixel out at a time."""
    return lc.attribute(image, classifier, method="leave_one_out", spec=lc.ExplainSpec(segmentation=lc.Grid(2, 3)))


@pytest.fixture(scope="module")
def report(image: lc.Image, explanation: lc.Explanation) -> str:
    return html_report(image, explanation, title=HOSTILE)


class Reader(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def test_whatever_a_name_holds_stays_text(report: str) -> None:
    reader = Reader(report)
    assert "script" not in reader.tags
    assert not any(name.startswith("on") for name, _ in reader.attributes)
    assert f"{HOSTILE}, 53×37 pixels" in reader.text  # the title
    assert f"{HOSTILE} · " in reader.text  # the class
    assert f"Why {HOSTILE} says" in reader.text  # the model
    assert any(name == "alt" and HOSTILE in (value or "") for name, value in reader.attributes)


def test_it_needs_nothing_from_elsewhere(report: str) -> None:
    reader = Reader(report)
    sources = [value or "" for name, value in reader.attributes if name in ("src", "href")]
    assert sources
    assert all(source.startswith("data:image/jpeg;base64,") for source in sources)
    assert "default-src 'none'" in report


def test_every_picture_has_an_alternative(report: str) -> None:
    reader = Reader(report)
    assert reader.tags.count("img") == 4
    assert sum(1 for name, value in reader.attributes if name == "alt" and value) == 4


def test_it_says_how_far_to_believe_each_class(image: lc.Image, explanation: lc.Explanation) -> None:
    flat = lc.CallableClassifier(lambda images: np.full((len(images), 2), 0.5), 20, ["a", "b"])
    nothing = lc.explain(image, flat, explanation.spec)
    for judged in (explanation, nothing):
        page = html_report(image, judged)
        for item in judged.classes:
            assert f"<strong>{item.trust.level}</strong>" in page
            assert all(html.escape(reason) in page for reason in item.trust.reasons)
    assert nothing.classes[0].trust.level == "meaningless"
    assert "What would help most" in html_report(image, nothing)


def test_what_trials_have_shown_is_in_the_report(image: lc.Image, explanation: lc.Explanation) -> None:
    sanity = SanityCheck(0, (SanityStep(9, "stem", 0.9, 1.0),), passed=False)
    first, second = (item.index for item in explanation.classes)
    page = html_report(image, with_trials(explanation, {first: {"sanity": sanity}}))
    assert "<strong>meaningless</strong>" in page
    assert "hardly changes when all weights of the model are random" in Reader(page).text
    assert "Not tried: reality check, deletion and insertion, repeat, other settings." in page
    passed = html_report(image, with_trials(explanation, {second: {"sanity": replace(sanity, passed=True)}}))
    assert "Passed: sanity check." in passed


def test_a_verdict_is_one_sentence_before_its_numbers(image: lc.Image, explanation: lc.Explanation) -> None:
    text = Reader(html_report(image, explanation)).text
    assert "solid: No weakness found." in text
    assert text.index("No weakness found.") < text.index("R² 1.00 held out") < text.index("± 95 %")


def test_a_class_that_was_not_judged_says_so() -> None:
    page = html_report(known_image(), of_pixels(np.ones((HEIGHT, WIDTH))))
    assert "Not judged." in page


def test_it_tells_how_to_repeat_the_run(report: str) -> None:
    assert "--segmentation grid --grid-rows 2 --grid-columns 3" in report
    assert "64 samples" in report
    assert "SHA-256" in report


def test_the_command_of_any_method_is_understood(image: lc.Image, without_one: lc.Attribution) -> None:
    text = Reader(html_report(image, without_one, view=lc.View("jet", smoothing=3.0))).text
    line = next(line for line in text.splitlines() if "--method leave_one_out" in line)
    parser = argparse.ArgumentParser(argument_default=argparse.SUPPRESS)
    add_spec_flags(parser, files=False)
    options, _ = parser.parse_known_args(shlex.split(line))
    spec = spec_from(options, lc.ExplainSpec())
    assert spec.segmentation == lc.Grid(2, 3)
    assert spec.view == lc.View("jet", smoothing=3.0)


def test_settings_are_listed_in_words(report: str) -> None:
    text = Reader(report).text
    for setting in ("grid (rows 2, columns 3)", "blur (sigma 12)", "lime (width 0.25)", "log_odds (cut 0.0001)"):
        assert setting in text
    assert "{" not in text.replace(HOSTILE, "").replace(_style(report), "")


def _style(page: str) -> str:
    return page[page.index("<style>") + len("<style>") : page.index("</style>")]


def test_the_classes_are_drawn_and_described_as_the_view_asks(image: lc.Image, explanation: lc.Explanation) -> None:
    view = lc.View("heatmap", top_k=2)
    page = html_report(image, explanation, view=view)
    assert "Blue: evidence for the class. Orange: evidence against it. At most 2 superpixels are shown." in page
    assert "heatmap (top_k 2," in page
    assert "--view heatmap" in page
    assert page != html_report(image, explanation)


@pytest.mark.parametrize("name", ["overlay", "outline", "hide_rest", "heatmap", "jet"])
def test_an_attribution_by_another_method_is_drawn_and_reported(
    name: Any, image: lc.Image, without_one: lc.Attribution
) -> None:
    view = lc.View(name)
    for item in without_one.classes:
        assert not np.array_equal(render(image, without_one, item.index, view), image.pixels)
    page = html_report(image, without_one, view=view)
    text = Reader(page).text
    assert "Leave one out · 7 model calls · 6 superpixels" in text
    assert "--method leave_one_out" in text
    for absent in ("R²", "± 95 %", "samples ·", "unknown ·"):
        assert absent not in text
    for item in without_one.classes:
        assert f"<strong>{item.trust.level}</strong>" in page


def test_scores_of_pixels_are_reported_as_a_heat_map() -> None:
    page = html_report(known_image(), of_pixels(np.linspace(-1, 1, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH)))
    reader = Reader(page)
    assert reader.tags.count("img") == 2  # the picture, and the map of the one class
    assert "Orange: evidence against it." in reader.text
    assert "numbered superpixels" not in page
    with pytest.raises(lc.SpecError, match="draws superpixels"):
        html_report(known_image(), of_pixels(np.ones((HEIGHT, WIDTH))), view=lc.View())


def test_the_report_says_which_superpixels_are_among_the_strongest(
    image: lc.Image, explanation: lc.Explanation, without_one: lc.Attribution
) -> None:
    page = html_report(image, explanation, view=lc.View(top_k=2))
    for item in explanation.classes:
        top = explanation.certain_top(item.index, 2, "both")
        assert top is not None
        assert f"Among the 2 strongest {top.members(explanation.superpixel_ids)} (95 %)." in page
    assert "for sure" not in html_report(image, without_one)
