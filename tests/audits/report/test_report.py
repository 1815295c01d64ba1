"""The HTML report of an audit."""

from __future__ import annotations

import io
import json
import os
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from audits import known_audit as known
from audits.known_audit import known_audit, path_of
from PIL import Image as PillowImage

import lime_core as lc
from lime_core.audits.report.charts import Bar, interval_bars, scatter
from lime_core.audits.report.report import REPORT, html_report, write_report
from lime_core.audits.report.sections import shown_pictures
from lime_core.audits.report.thumbnails import Thumbnails
from lime_core.audits.report.words import held
from lime_core.audits.storage.audit_folder import ABOUT, AuditFolder
from lime_core.audits.storage.findings import Box, Findings, Mistakes, Representative
from lime_core.audits.storage.tables import SCHEMAS, SKIPPED, THUMBNAILS

HOSTILE = '"><script>alert(1)</script>&{{ 7 * 7 }}'
SPEC = lc.ExplainSpec(segmentation=lc.Grid(2, 3), samples=64)


class Reader(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += " ".join(data.split()) + " "

    def values(self, tag: str, name: str) -> list[str]:
        return [value or "" for each, attribute, value in self.attributes if (each, attribute) == (tag, name)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> AuditFolder:
    folder = known_audit(tmp_path_factory.mktemp("audit"))
    about = {
        "collection": "my pictures",
        "model": {"id": "known-audit", "weights_sha256": None},
        "precision": "f32",
        "spec": SPEC.to_dict(),
    }
    folder.write_text(ABOUT, json.dumps(about))
    return folder


@pytest.fixture(scope="module")
def page(folder: AuditFolder) -> Reader:
    return Reader(html_report(folder))


def changed(folder: AuditFolder, tmp_path: Path, **fields: Any) -> Reader:
    """Return the report of the same audit with other findings."""
    shutil.copytree(folder.path, tmp_path / "changed")
    other = AuditFolder(tmp_path / "changed")
    other.write_findings(replace(folder.findings(), **fields))
    return Reader(html_report(other))


def test_it_says_what_was_found(page: Reader) -> None:
    for sentence in (
        "What known-audit looks at",
        "20 pictures · 1 skipped · accuracy 90.0% · 3 concepts · 1 shortcut candidate",
        "Note: 1 picture could not be read.",
        "Hiding it lowers the probability of “cat” by 0.4 more than hiding random superpixels of the same size does",
        "(95 %: 0.32 to 0.48; p = 0.001 after correction)",
        "All of it lies in the corner.",
        "once nothing can be added, all concepts count as new again",
        "the 2 pictures cover 100%; as many random ones 80% on average (50% to 100% in 95 % of draws)",
        "“dog” taken for “cat”: 2 pictures",
        "Evidence for the wrong class: concept 0 (100%).",
        "5 correct predictions with most of the evidence on a shortcut candidate.",
        "without 1 superpixel “cat” becomes “dog”",
        "3 pictures that are wrong, or right for the wrong reason; 2 changed.",
        "The explanations of 2 pictures say nothing about the model",
        "solid (9)",
        "dog/broken.jpg It is not an image.",
    ):
        assert sentence in page.text, sentence


def test_it_says_how_to_repeat_it(page: Reader) -> None:
    command = (
        "python -m lime_core audit 'my pictures' --model known-audit --precision f32 --samples 64 --segmentation grid"
    )
    assert command in page.text
    assert "The model is not one of the catalog" in page.text
    assert "grid (rows 2, columns 3)" in page.text
    assert "model: weights sha256 not set" in page.text


def test_it_needs_nothing_from_elsewhere(page: Reader) -> None:
    assert "script" not in page.tags
    assert "link" not in page.tags
    sources = page.values("img", "src")
    assert sources
    assert all(source.startswith("data:image/jpeg;base64,") for source in sources)
    assert all(target.startswith("#") for target in page.values("a", "href"))
    assert {target[1:] for target in page.values("a", "href")} <= set(page.values("h2", "id"))


def test_every_picture_has_an_alternative(page: Reader) -> None:
    alternatives = page.values("img", "alt")
    assert len(alternatives) == page.tags.count("img")
    assert all(alternatives)


def test_whatever_a_name_holds_stays_text(folder: AuditFolder, tmp_path: Path) -> None:
    concept = folder.findings().concepts[0]
    hostile = replace(concept, class_name=HOSTILE, classes=((HOSTILE, 1.0),), suspicions=(HOSTILE,))
    confusion = replace(folder.findings().mistakes.confusions[0], true=HOSTILE, predicted=HOSTILE)
    shutil.copytree(folder.path, tmp_path / "changed")
    other = AuditFolder(tmp_path / "changed")
    other.write_text(ABOUT, json.dumps({"model": HOSTILE, "spec": HOSTILE, HOSTILE: [HOSTILE]}))
    row = {"picture": HOSTILE, "reason": HOSTILE}
    other.write_part(SKIPPED, "part-0", pa.Table.from_pylist([row], schema=SCHEMAS[SKIPPED]))
    wrong = replace(folder.findings().mistakes, confusions=(confusion,))
    other.write_findings(replace(folder.findings(), concepts=(hostile,), mistakes=wrong, notes=(HOSTILE,)))
    page = Reader(html_report(other))
    assert "script" not in page.tags
    assert not any(name.startswith("on") for _, name, _ in page.attributes)
    for sentence in (
        f"What {HOSTILE} looks at",
        f"speaks for “{HOSTILE}”",
        f"Note: {HOSTILE}",
        f"“{HOSTILE}” taken for",
    ):
        assert sentence in page.text


def test_a_concept_says_in_how_many_pictures_it_speaks_for_its_class(folder: AuditFolder) -> None:
    concept = replace(folder.findings().concepts[0], pictures=5)
    assert held(replace(concept, patches=concept.patches[:1])) == "in 1 picture for this class and 4 more for others"
    pictures = len({patch.picture for patch in concept.patches})
    assert held(replace(concept, pictures=pictures)) == f"in {pictures} pictures for this class"


def test_it_is_written_whole_beside_the_findings(folder: AuditFolder, tmp_path: Path) -> None:
    shutil.copytree(folder.path, tmp_path / "audit")
    other = AuditFolder(tmp_path / "audit")
    path = write_report(other)
    assert path == tmp_path / "audit" / REPORT
    assert path.read_text(encoding="utf-8") == html_report(other)


def test_an_audit_without_findings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(lc.LimeError, match="holds no findings"):
        write_report(AuditFolder(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_thumbnail_is_a_sentence(folder: AuditFolder, tmp_path: Path) -> None:
    shutil.copytree(folder.path, tmp_path / "audit")
    other = AuditFolder(tmp_path / "audit")
    rows = [{**row, "thumbnail": row["thumbnail"][:40]} for row in other.table(THUMBNAILS).to_pylist()]
    other.write_part(THUMBNAILS, "part-0", pa.Table.from_pylist(rows, schema=SCHEMAS[THUMBNAILS]))
    with pytest.raises(lc.LimeError, match=r"The stored JPEG of .* is damaged"):
        html_report(other)


def test_a_thumbnail_that_would_take_much_memory_is_a_sentence(folder: AuditFolder, tmp_path: Path) -> None:
    shutil.copytree(folder.path, tmp_path / "audit")
    other, large = AuditFolder(tmp_path / "audit"), io.BytesIO()
    PillowImage.new("RGB", (513, 8)).save(large, "JPEG")
    rows = [{**row, "thumbnail": large.getvalue()} for row in other.table(THUMBNAILS).to_pylist()]
    other.write_part(THUMBNAILS, "part-0", pa.Table.from_pylist(rows, schema=SCHEMAS[THUMBNAILS]))
    with pytest.raises(lc.LimeError, match=r"The stored JPEG of .* is 513×8; at most 512"):
        html_report(other)


@pytest.mark.parametrize("about", [None, "[]", "{", '{"spec": {"samples": -1}}', '{"model": 7, "spec": null}'])
def test_settings_that_are_not_known_are_left_out(folder: AuditFolder, tmp_path: Path, about: str | None) -> None:
    shutil.copytree(folder.path, tmp_path / "audit")
    (tmp_path / "audit" / ABOUT).unlink()
    if about is not None:
        (tmp_path / "audit" / ABOUT).write_text(about, encoding="utf-8")
    page = Reader(html_report(AuditFolder(tmp_path / "audit")))
    assert "python -m lime_core" not in page.text
    assert "Shortcut candidates" in page.text


def test_findings_of_nothing_are_said(folder: AuditFolder, tmp_path: Path) -> None:
    page = changed(
        folder,
        tmp_path,
        accuracy=float("nan"),
        representative=Representative((), (), ()),
        concepts=(),
        shortcut_candidates=(),
        mistakes=Mistakes((), (), (), ()),
    )
    for sentence in (
        "None was found.",
        "There are no concepts to cover, so no pictures were picked.",
        "No group of superpixels was found.",
        "The true classes are not known.",
        "No picture was asked about.",
    ):
        assert sentence in page.text
    assert "img" not in page.tags


def test_what_was_not_looked_for_is_said_after_an_interrupt(folder: AuditFolder, tmp_path: Path) -> None:
    page = changed(folder, tmp_path, complete=False, shortcut_candidates=(), mistakes=Mistakes((), (), (), ()))
    for sentence in (
        "This audit is not complete:",
        "None was tested.",
        "They were not looked for, since the audit was interrupted.",
    ):
        assert sentence in page.text
    assert "No prediction is wrong" not in page.text


def test_an_audit_of_many_pictures_stays_small_and_says_what_it_leaves_out(tmp_path: Path) -> None:
    folder = known_audit(tmp_path, pictures=400)
    found = folder.findings()
    concept, candidate = found.concepts[0], found.shortcut_candidates[0]
    many: Findings = replace(
        found,
        concepts=tuple(replace(concept, number=number) for number in range(60)),
        shortcut_candidates=tuple(replace(candidate, concept=number) for number in range(30)),
    )
    folder.write_findings(many)
    rows = [{"picture": f"{number}.jpg", "reason": "It is not an image."} for number in range(150)]
    folder.write_part(SKIPPED, "part-0", pa.Table.from_pylist(rows, schema=SCHEMAS[SKIPPED]))
    page = Reader(html_report(folder))
    assert len(shown_pictures(many)) < 60
    assert page.tags.count("img") == 40 * 8 + 20 * 6 + 2 * 2 + 6 + 6 + 6 + 12  # as many of each as there is room for
    for sentence in (
        "Shown are 20 of 30 candidates",
        "Shown are 40 of 60 concepts",
        "Shown are 100 of 150 pictures",
        "Shown are 6 of 57 pictures",
    ):
        assert sentence in page.text, sentence


def test_bars_share_one_axis() -> None:
    one = known.known_findings().concepts[0].take_away
    assert one is not None
    other = replace(one, effect=-0.2, interval=(-0.4, 0.0), random_effect=float("nan"))
    first, second = interval_bars([one, other])
    assert first.zero == second.zero
    assert second.low < second.effect < second.high == second.zero < first.low < first.effect < first.high
    assert second.low == pytest.approx(6)
    assert first.high == pytest.approx(Bar.width - 6)
    endless = interval_bars([replace(one, interval=(float("-inf"), float("inf")))])[0]
    assert (endless.low, endless.high) == pytest.approx((6, Bar.width - 6))
    assert interval_bars([]) == []


def test_each_picture_is_a_mark_in_the_chart() -> None:
    rows = [
        {"probability": 0.5, "r2_holdout": 1.0, "level": "solid"},
        {"probability": 1.0, "r2_holdout": -3.0, "level": "meaningless"},
        {"probability": 0.0, "r2_holdout": None, "level": "solid"},
        {"probability": 0.0, "r2_holdout": float("nan"), "level": "usable"},
    ]
    points, left_out = scatter(rows)
    assert [(each.level, each.count) for each in points] == [("solid", 1), ("meaningless", 1)]
    assert points[0].path == "M200 0h0"
    assert points[1].path.startswith("M400 280")
    assert left_out == 2


def test_superpixels_are_marked_where_they_are(folder: AuditFolder) -> None:
    thumbnail = Thumbnails(folder, [path_of(0)]).get(path_of(0))
    assert thumbnail is not None
    segments = known.segments()
    np.testing.assert_array_equal(thumbnail.segments, segments)
    np.testing.assert_allclose(
        thumbnail.patch(known.box_of(known.STICKER)).reshape(-1, 3).mean(0), (255, 255, 0), atol=25
    )
    inner = np.zeros_like(segments, bool)
    inner[40:80, 70:80] = inner[5:25, 35:55] = True
    lit = thumbnail.lit([known.STICKER])
    away = inner & (segments != known.STICKER)
    np.testing.assert_array_equal(lit[inner & ~away], thumbnail.pixels[inner & ~away])
    assert (lit[away].astype(int).sum(axis=1) < thumbnail.pixels[away].astype(int).sum(axis=1)).all()
    gone = thumbnail.without([known.STICKER])
    np.testing.assert_array_equal(gone[away], thumbnail.pixels[away])
    assert not np.array_equal(gone[inner & ~away], thumbnail.pixels[inner & ~away])
    framed = thumbnail.with_boxes([Box(10, 20, 30, 50)])
    differs = np.argwhere((framed != thumbnail.pixels).any(axis=2))
    assert differs.min(axis=0).tolist() == [8, 18]
    assert differs.max(axis=0).tolist() == [31, 51]
    assert Thumbnails(folder, [path_of(0)]).get(path_of(1)) is None
    assert thumbnail.patch(Box(59, 89, 500, 500)).shape == (1, 1, 3)
    assert thumbnail.patch(Box(60, 90, 60, 90)).size > 0


def _browser() -> str | None:
    given = os.environ.get("LIMELIGHT_BROWSER")
    return given or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
def test_it_opens_in_a_browser_with_no_network(folder: AuditFolder, tmp_path: Path, scheme: Any, width: int) -> None:
    api = pytest.importorskip("playwright.sync_api")
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    if _browser() is None and os.environ.get("LIMELIGHT_REQUIRE_BROWSER") != "1":
        pytest.skip("no Chromium found; install one, or set LIMELIGHT_BROWSER to its path")
    file = tmp_path / REPORT
    file.write_text(html_report(folder), encoding="utf-8")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_browser(), args=["--no-sandbox"])
        try:
            context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True)
            page = context.new_page()
            asked: list[str] = []
            said: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            page.on("console", lambda message: said.append(message.text))
            page.goto(file.as_uri())
            assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()]
            assert said == []
            loaded = "[...document.images].every(image => image.complete && image.naturalWidth > 0)"
            assert page.evaluate(loaded)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")  # no sideways scrolling
            violations = axe.Axe().run(page).response["violations"]
            assert {each["id"]: [node["html"] for node in each["nodes"]] for each in violations} == {}
        finally:
            browser.close()


def test_the_command_opens_the_folder_in_a_zip_file_and_is_left_out_for_pictures_one_by_one(
    folder: AuditFolder, tmp_path: Path
) -> None:
    shutil.copytree(folder.path, tmp_path / "audit")
    other = AuditFolder(tmp_path / "audit")
    about = json.loads((folder.path / ABOUT).read_bytes())
    other.write_text(ABOUT, json.dumps({**about, "collection_kind": "zip file", "collection_folder": "test"}))
    assert "lime_core audit 'zip://test::my pictures' --model" in Reader(html_report(other)).text
    other.write_text(ABOUT, json.dumps({**about, "collection_kind": "pictures one by one"}))
    assert "lime_core audit" not in Reader(html_report(other)).text
