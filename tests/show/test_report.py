"""The HTML report."""

from __future__ import annotations

import html
from html.parser import HTMLParser

import numpy as np
import pytest

import lime_core as lc
from lime_core.show.report import html_report

HOSTILE = '"><script>alert(1)</script>&\u202e'


def bright(images: np.ndarray) -> np.ndarray:
    share = images[:, :, :10].mean(axis=(1, 2, 3)) / 255
    return np.stack([share, 1 - share], axis=1)


@pytest.fixture(scope="module")
def image() -> lc.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (37, 53, 3), dtype=np.uint8)
    return lc.Image(pixels)


@pytest.fixture(scope="module")
def explanation(image: lc.Image) -> lc.Explanation:
    classifier = lc.CallableClassifier(bright, 20, [HOSTILE, "dark"], id=HOSTILE)
    spec = lc.ExplainSpec(segmentation=lc.Grid(2, 3), samples=64)
    return lc.explain(image, classifier, spec)


@pytest.fixture(scope="module")
def report(image: lc.Image, explanation: lc.Explanation) -> str:
    return html_report(image, explanation, title=HOSTILE)


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


def test_whatever_a_name_holds_stays_text(report: str) -> None:
    reader = Reader()
    reader.feed(report)
    assert "script" not in reader.tags
    assert not any(name.startswith("on") for name, _ in reader.attributes)


def test_it_needs_nothing_from_elsewhere(report: str) -> None:
    reader = Reader()
    reader.feed(report)
    sources = [value or "" for name, value in reader.attributes if name in ("src", "href")]
    assert sources
    assert all(source.startswith("data:image/jpeg;base64,") for source in sources)


def test_every_picture_has_an_alternative(report: str) -> None:
    reader = Reader()
    reader.feed(report)
    assert reader.tags.count("img") == 4
    assert sum(1 for name, value in reader.attributes if name == "alt" and value) == 4


def test_it_says_how_far_to_believe_each_class(image: lc.Image, explanation: lc.Explanation) -> None:
    flat = lc.CallableClassifier(lambda images: np.full((len(images), 2), 0.5), 20, ["a", "b"])
    nothing = lc.explain(image, flat, explanation.spec)
    for one in (explanation, nothing):
        told = html_report(image, one)
        for explained in one.classes:
            assert f"<strong>{explained.trust.level}</strong>" in told
            assert all(html.escape(reason) in told for reason in explained.trust.reasons)
    assert nothing.classes[0].trust.level == "meaningless"
    assert "What would help most" in html_report(image, nothing)


def test_it_tells_how_to_repeat_the_run(report: str) -> None:
    assert "--segmentation grid --grid-rows 2 --grid-columns 3" in report
    assert "64 samples" in report
    assert "SHA-256" in report
