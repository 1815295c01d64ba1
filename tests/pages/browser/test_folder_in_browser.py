"""The Folder screen in a real browser: a zip audited with the built-in model, stopped, opened, looked at."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

import lime_core as lc
from lime_core.audits.storage.audit_folder import ABOUT
from lime_core.audits.storage.tables import EXPLANATIONS, SCHEMAS
from lime_core.show.encoding import to_png
from pages.state.allowed_folders import FOLDERS_VARIABLE
from pages.state.gallery import EXAMPLES, example
from tests.audits.known_audit import known_audit, known_collection
from tests.pages.browser.test_browser import ARTIFACTS, MINUTES, Axe, drawn, give, saved, served
from tests.pages.browser.test_browser import browser as browser
from tests.pages.browser.test_browser import page as page

from playwright.sync_api import Browser, Page, expect  # isort: skip - only where it is installed

PICTURES = 60  # of the finished audit
# Where a point of the scatter is on the page.
POINT = """() => {
  const graph = document.querySelector('.st-key-folder-scatter .js-plotly-plot');
  const layout = graph._fullLayout, at = graph.getBoundingClientRect(), trace = graph._fullData[0];
  return {
    x: at.left + layout.xaxis._offset + layout.xaxis.d2p(trace.x[0]),
    y: at.top + layout.yaxis._offset + layout.yaxis.d2p(trace.y[0]),
    path: trace.customdata[0][0],
  };
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server whose operator allows a finished audit and its pictures."""
    root = tmp_path_factory.mktemp("allowed")
    known_audit(root / "audits" / "known", PICTURES)
    known_collection(root / "pictures", PICTURES)
    about = {
        "collection": str(root / "pictures"),
        "model": {"id": "efficientnet_lite0"},
        "spec": lc.ExplainSpec(samples=64).to_dict(),
    }
    (root / "audits" / "known" / ABOUT).write_text(json.dumps(about), encoding="utf-8")
    before = os.environ.get(FOLDERS_VARIABLE)
    os.environ[FOLDERS_VARIABLE] = os.pathsep.join([str(root / "audits"), str(root / "pictures")])
    try:
        with served() as one:
            yield one
    finally:
        os.environ.pop(FOLDERS_VARIABLE)
        if before is not None:
            os.environ[FOLDERS_VARIABLE] = before


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six photographs in a zip file, and a file that is none."""
    file = tmp_path_factory.mktemp("photographs") / "photographs.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for name in list(EXAMPLES)[:6]:
            archive.writestr(f"things/{name}.png", to_png(example(name).pixels))
        archive.writestr("things/broken.jpg", b"no picture")
    return file


def begin(page: Page, address: str, file: Path, samples: int) -> None:
    page.goto(f"{address}/folder?samples=64")
    give(page, ".st-key-folder-zip", file)
    field = page.get_by_role("spinbutton", name="Samples a picture")
    field.fill(str(samples))
    field.press("Enter")
    expect(page.get_by_text(f"{samples} samples a picture")).to_be_visible()
    drawn(page)
    page.locator(".st-key-folder-begin button").click()


def open_finished(page: Page, address: str) -> None:
    page.goto(f"{address}/folder?samples=64")
    page.get_by_text("Finished audit").first.click()
    page.locator(".st-key-folder-open button").click()
    expect(page.get_by_text("Representative pictures")).to_be_visible()
    drawn(page)


def test_a_zip_is_audited_and_a_click_opens_a_picture_without_a_new_question(
    page: Page, address: str, photographs: Path, tmp_path: Path
) -> None:
    begin(page, address, photographs, 64)
    expect(page.get_by_text("looks at in 6 pictures")).to_be_visible(timeout=3 * MINUTES)
    expect(page.get_by_text("1 skipped")).to_be_visible()
    page.get_by_role("tab", name="All pictures").click()
    expect(page.locator(".st-key-folder-cards-all img")).to_have_count(6)
    page.wait_for_selector(".st-key-folder-scatter .js-plotly-plot .nsewdrag")
    drawn(page)
    page.locator(".st-key-folder-scatter").scroll_into_view_if_needed()
    point = page.evaluate(POINT)
    page.mouse.move(point["x"], point["y"])
    page.mouse.click(point["x"], point["y"])
    expect(page.get_by_text("64 samples").first).to_be_visible()
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    name = point["path"].rsplit("/", 1)[-1]
    expect(page.get_by_role("img", name=name).first).to_be_visible()
    expect(page.get_by_text("settings have changed")).to_have_count(0)
    page.get_by_role("link", name="Folder").click()
    page.get_by_role("tab", name="Take away").click()
    assert saved(page, "folder-download-report", tmp_path).read_text(encoding="utf-8").startswith("<!doctype html>")
    taken = saved(page, "folder-download-tables", tmp_path)
    with zipfile.ZipFile(taken) as archive:
        assert {"audit.json", "about.json"} < set(archive.namelist())
    page.goto(f"{address}/folder?samples=64")
    page.get_by_text("Finished audit").first.click()
    give(page, ".st-key-folder-audit-file", taken)
    expect(page.get_by_text("looks at in 6 pictures")).to_be_visible()


def test_an_audit_is_stopped_looked_at_and_gone_on_with(page: Page, address: str, photographs: Path) -> None:
    begin(page, address, photographs, 512)
    expect(page.get_by_text("of 7 pictures ·")).to_be_visible(timeout=2 * MINUTES)
    page.locator(".st-key-folder-stop button").locator("visible=true").first.click()
    expect(page.get_by_text("Stopped after")).to_be_visible()
    expect(page.get_by_text("unfinished")).to_be_visible()
    expect(page.get_by_role("button", name="Go on from there")).to_be_visible()


def test_a_finished_audit_is_looked_at_by_keyboard(page: Page, address: str) -> None:
    open_finished(page, address)
    page.get_by_role("tab", name="Concepts").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    cards = page.locator(".st-key-folder-cards-all img")
    expect(cards).to_have_count(12)
    first = cards.first.get_attribute("alt")
    following = page.locator("[class*=st-key-folder-page-all] button").last
    following.focus()
    page.keyboard.press("Enter")
    expect(cards.first).not_to_have_attribute("alt", str(first))
    second = cards.first.get_attribute("alt")
    opening = page.locator("[class*=st-key-folder-explain-all] button").locator("visible=true").first
    opening.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="More samples")).to_be_visible()
    page.get_by_role("link", name="Folder").click()
    expect(page.get_by_role("tab", name="All pictures")).to_have_attribute("aria-selected", "true")
    expect(cards.first).to_have_attribute("alt", str(second))


def test_addresses_in_names_of_classes_and_files_become_no_links(page: Page, address: str, tmp_path: Path) -> None:
    known = known_audit(tmp_path / "audit", 4)
    named = "http://evil.example www.example.com a@example.com"
    rows = [row | {"class_name": named} for row in known.table(EXPLANATIONS).to_pylist()]
    known.write_part(EXPLANATIONS, "part-0", pa.Table.from_pylist(rows, schema=SCHEMAS[EXPLANATIONS]))
    known.write_text(ABOUT, "{}")
    file = tmp_path / "www.example.com https:__evil.example.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for part in known.path.rglob("*.*"):
            archive.write(part, part.relative_to(known.path))
    page.goto(f"{address}/folder?samples=64")
    page.get_by_text("Finished audit").first.click()
    give(page, ".st-key-folder-audit-file", file)
    expect(page.get_by_text("looks at in 4 pictures")).to_be_visible()
    page.get_by_role("tab", name="All pictures").click()
    expect(page.locator(".st-key-folder-cards-all img")).to_have_count(4)
    drawn(page)
    assert "evil" in page.locator(".st-key-folder-cards-all").inner_text()
    assert page.evaluate("[...document.querySelectorAll('a')].filter(a => /example/.test(a.href)).length") == 0


@pytest.mark.parametrize(
    ("name", "width", "height", "scheme"),
    [("light", 1440, 900, "light"), ("dark", 1440, 900, "dark"), ("phone", 390, 844, "light")],
)
def test_a_finished_audit_fits_is_photographed_and_accessible(
    browser: Browser, address: str, name: str, width: int, height: int, scheme: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    context.set_default_timeout(MINUTES)
    page = context.new_page()
    open_finished(page, address)
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"folder-audit-{name}.png")
    for tab in ("Overview", "Concepts", "Mistakes", "All pictures", "Take away"):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")
        drawn(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        nameless = "[...document.querySelectorAll('[data-testid=stMain] img')].filter(img => !img.alt).length"
        assert page.evaluate(nameless) == 0
        violations = Axe().run(page).response["violations"]
        assert {violation["id"]: [node["html"] for node in violation["nodes"]] for violation in violations} == {}
    expect(page.get_by_test_id("stException")).to_have_count(0)
    context.close()
