"""The whole journey in a real browser on a real server.

Skipped where no Chromium is found, unless LIMELIGHT_REQUIRE_BROWSER=1. Screenshots are left in ``artifacts/``.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urljoin, urlsplit
from urllib.request import urlopen

import numpy as np
import pytest

from lime_core.__main__ import main
from lime_core.models import imagenet_class_names
from lime_core.show.encoding import to_png
from pages.state.gallery import example

ROOT = Path(__file__).parents[3]
ARTIFACTS = ROOT / "artifacts"
SCREENS = {
    "explain": "Click the picture",
    "trust": "Reality check",
    "methods": "What they share",
    "folder": "Zip file of pictures",
    "compare": "Where they differ",
    "walkthrough": "The choice here",
}
METHODS = "".join(f"&methods={name}" for name in ("lime", "banzhaf", "leave_one_out", "grad_cam"))  # few, of each kind
MINUTES = 300_000  # milliseconds that the slowest step may take on a busy machine
SAMPLES = 128
FEW = 64  # where any answer will do; what one page has asked costs the next one nothing
DROP_ZONE = 'data-testid="stFileUploaderDropzone"'


def _browser() -> str | None:
    given = os.environ.get("LIMELIGHT_BROWSER")
    return given or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


REQUIRED = os.environ.get("LIMELIGHT_REQUIRE_BROWSER") == "1"
try:
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import Browser, Page, WebSocketRoute, expect, sync_playwright
except ImportError:
    if REQUIRED:
        raise
    pytest.skip("playwright or axe-playwright-python is not installed", allow_module_level=True)
if _browser() is None and not REQUIRED:
    pytest.skip("no Chromium found; install one, or set LIMELIGHT_BROWSER to its path", allow_module_level=True)


expect.set_options(timeout=MINUTES)


@contextmanager
def served() -> Iterator[str]:
    """Run a server of our own with the built-in model; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    command += ["--server.address", "127.0.0.1", "--server.headless", "true", "--server.fileWatcherType", "none"]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(f"http://127.0.0.1:{port}/_stcore/health", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The server that most tests share."""
    with served() as one:
        yield one


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert server.poll() is None, "the server ended"
        try:
            with urlopen(address, timeout=2):  # noqa: S310 - our own server
                return
        except URLError:
            time.sleep(0.2)
    raise AssertionError("the server did not start")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=_browser(), args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A wide, light page; it must end without an exception on it."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    context.set_default_timeout(MINUTES)
    opened = context.new_page()
    yield opened
    expect(opened.get_by_test_id("stException")).to_have_count(0)
    context.close()


def settled(page: Page) -> Page:
    """Wait until nothing runs, loads or is drawn any more."""
    expect(page.get_by_text("R²").first).to_be_visible(timeout=MINUTES)
    drawn(page)
    return page


def drawn(page: Page) -> None:
    """Wait until the script has ended and every element has replaced its placeholder."""
    # The first end of the script may be the one that begins a run.
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    expect(page.get_by_test_id("stProgress")).to_have_count(0)
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)


def visit(page: Page, address: str, screen: str, mark: str) -> None:
    """Open a screen and wait for `mark`; a visit alone asks one model for one explanation, so Compare is pressed."""
    page.goto(f"{address}/{screen}?samples={FEW}{METHODS if screen == 'methods' else ''}")
    if screen in ("compare", "methods"):
        page.locator(f".st-key-{screen} button").click()
    expect(page.get_by_text(mark).first).to_be_visible()
    drawn(page)


def give(page: Page, uploader: str, file: Path) -> None:
    """Choose a file, once the page is at rest: Streamlit forgets an upload that begins just when a run of it begins."""
    chooser = page.locator(f"{uploader} input[type=file]")
    expect(chooser).to_be_attached()
    drawn(page)
    chooser.set_input_files(file)


def saved(page: Page, key: str, folder: Path) -> Path:
    """Press a download button and return the file."""
    with page.expect_download() as waiting:
        # A button with a help text is there twice, once for phones.
        page.locator(f".st-key-{key} button").locator("visible=true").first.click()
    target = folder / waiting.value.suggested_filename
    waiting.value.save_as(target)
    return target


def test_the_whole_journey(page: Page, address: str, tmp_path: Path) -> None:
    picture = tmp_path / "coffee cup.png"
    picture.write_bytes(to_png(example("coffee").pixels))

    page.goto(f"{address}/?samples={SAMPLES}&seed=3&slic-n-segments=30")
    settled(page)
    page.get_by_text("Upload", exact=True).click()
    give(page, ".st-key-upload", picture)
    # The uploader shows the name at once; the picture itself shows that the page has it.
    expect(page.get_by_role("img", name="coffee cup.png")).to_be_visible()
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    page.locator(".st-key-explain button").click()
    expect(page.get_by_role("heading", name="espresso")).to_be_visible()
    settled(page)

    slider = page.locator('input[aria-label="K"]')
    slider.focus()
    slider.press("ArrowLeft")
    slider.press("ArrowLeft")
    expect(slider).to_have_value("3")
    settled(page)

    page.frame_locator("iframe").first.locator("#image").click(position={"x": 180, "y": 130})
    expect(page.get_by_text("what showing it adds")).to_be_visible()
    page.get_by_role("button", name="Hide it").click()
    expect(page.get_by_text("superpixels hidden the model answers")).to_be_visible()

    page.get_by_role("tab", name="Take away").click()
    settled(page)
    downloaded = json.loads(saved(page, "download-json", tmp_path).read_text(encoding="utf-8"))
    assert saved(page, "download-png", tmp_path).read_bytes().startswith(b"\x89PNG")
    assert saved(page, "download-report", tmp_path).read_text(encoding="utf-8").startswith("<!doctype html>")
    with np.load(saved(page, "download-neighborhood", tmp_path)) as stored:
        assert len(stored["masks"]) == SAMPLES

    command = page.get_by_text("python -m lime_core explain").inner_text().split()
    output = tmp_path / "out"
    flags = command[5 : command.index("--output")]
    assert main(["explain", str(picture), *flags, "--output", str(output), "--quiet"]) == 0
    repeated = json.loads((output / "explanation.json").read_text(encoding="utf-8"))
    assert downloaded["spec"] == repeated["spec"]
    assert command[command.index("--top-k") + 1] == "3"
    assert downloaded["provenance"]["image_sha256"] == repeated["provenance"]["image_sha256"]
    assert [one["index"] for one in downloaded["classes"]] == [one["index"] for one in repeated["classes"]]
    for ours, theirs in zip(downloaded["classes"], repeated["classes"], strict=True):
        np.testing.assert_allclose(ours["coefficients"], theirs["coefficients"], atol=1e-5)


def test_the_link_in_the_page_restores_its_settings(page: Page, address: str) -> None:
    page.goto(f"{address}/?samples=64&picture=coffee&segmentation=grid&grid-rows=4&top-k=2")
    settled(page)
    page.get_by_role("tab", name="Take away").click()
    link = page.get_by_text("picture=coffee").inner_text()
    page.goto(link)
    settled(page)
    expect(page.get_by_text("28 superpixels").first).to_be_visible()
    expect(page.get_by_role("heading", name="espresso")).to_be_visible()


def test_a_popover_is_drawn_when_it_opens_and_keeps_what_was_set_when_it_closes(page: Page, address: str) -> None:
    page.goto(f"{address}/?samples=64")
    settled(page)
    sampling, seed = page.get_by_role("button", name="Sampling"), page.get_by_role("spinbutton", name="Seed")
    expect(seed).to_have_count(0)
    sampling.click()
    seed.fill("7")
    # Closed before the page has answered.
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page.get_by_text("settings have changed")).to_be_visible()
    drawn(page)
    sampling.click()
    expect(seed).to_have_value("7")
    expect(page.get_by_role("img", name="One perturbed picture")).to_be_visible()
    page.keyboard.press("Escape")
    drawn(page)
    page.get_by_role("button", name="What the model sees").click()
    expect(page.get_by_role("img", name="The picture at the model's size")).to_be_visible()


def test_a_click_on_explain_beside_an_open_popover_asks_for_what_was_typed_in_it(page: Page, address: str) -> None:
    page.goto(f"{address}/?samples=64&tab=Take+away")
    settled(page)
    for seed in ("11", "12", "13"):
        page.get_by_role("button", name="Sampling").click()
        page.get_by_role("spinbutton", name="Seed").fill(seed)
        # This closes the popover, ends the typing and presses the button at once.
        page.locator(".st-key-explain button").click()
        expect(page.get_by_text(f"--seed {seed}")).to_be_visible()
        settled(page)
        expect(page.get_by_text("settings have changed")).to_have_count(0)


def test_more_samples_are_asked_for_and_shown(page: Page, address: str) -> None:
    page.goto(f"{address}/?samples=64")
    settled(page)
    page.get_by_role("button", name="More samples").click()
    expect(page.get_by_text("128 samples").first).to_be_visible()
    drawn(page)
    expect(page.get_by_role("button", name="More samples")).to_be_visible()


def test_a_preset_reaches_every_widget_before_the_next_click(page: Page, address: str) -> None:
    page.goto(f"{address}/?samples=64&seed=7")
    settled(page)
    page.get_by_role("combobox", name="Preset").click()
    page.get_by_role("option", name="LIME paper (2016)").click()
    expect(page.get_by_role("combobox", name="View")).to_have_value("Hide the rest")
    expect(page.get_by_role("combobox", name="Evidence")).to_have_value("for")
    drawn(page)
    page.get_by_role("button", name="Sampling").click()
    expect(page.get_by_role("spinbutton", name="Seed")).to_have_value("0")
    page.keyboard.press("Escape")
    drawn(page)
    page.locator(".st-key-explain button").click()
    expect(page.get_by_text("settings have changed")).to_have_count(0)
    expect(page.get_by_role("combobox", name="Evidence")).to_have_value("for")


def test_a_superpixel_can_be_chosen_without_a_mouse(page: Page, address: str) -> None:
    page.goto(f"{address}/?samples=64")
    settled(page)
    page.get_by_role("tab", name="Superpixels").focus()
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "CANVAS":
            break
    # The first key makes a cell current, the second leaves the header.
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+Space")
    expect(page.get_by_text("what showing it adds")).to_be_visible()


@pytest.mark.parametrize(
    ("name", "width", "height", "scheme"),
    [("light", 1440, 900, "light"), ("dark", 1440, 900, "dark"), ("phone", 390, 844, "light")],
)
def test_the_screen_fits_and_is_photographed(
    browser: Browser, address: str, name: str, width: int, height: int, scheme: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    context.set_default_timeout(MINUTES)
    page = context.new_page()
    page.goto(f"{address}/?samples=512")
    settled(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"explain-{name}.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    nameless = "[...document.querySelectorAll('[data-testid=stMain] img')].filter(img => !img.alt).length"
    assert page.evaluate(nameless) == 0
    # The clickable picture is a component that has no alternative text of its own.
    expect(page.locator('[role="img"][aria-label*="strongest superpixels"]')).to_have_count(1)
    if width >= 1440:
        for label in ("Explain", "More samples"):
            box = page.get_by_role("button", name=label).first.bounding_box()
            assert box is not None
            assert box["y"] + box["height"] <= height
    context.close()


@pytest.mark.parametrize(
    ("screen", "mark"),
    [(screen, mark) for screen, mark in SCREENS.items() if screen != "explain"],
)
@pytest.mark.parametrize(
    ("name", "width", "height", "scheme"),
    [("light", 1440, 900, "light"), ("dark", 1440, 900, "dark"), ("phone", 390, 844, "light")],
)
def test_every_other_screen_fits_and_is_photographed(
    browser: Browser, address: str, screen: str, mark: str, name: str, width: int, height: int, scheme: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    context.set_default_timeout(MINUTES)
    page = context.new_page()
    visit(page, address, screen, mark)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"{screen}-{name}.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    nameless = "[...document.querySelectorAll('[data-testid=stMain] img')].filter(img => !img.alt).length"
    assert page.evaluate(nameless) == 0
    context.close()


@pytest.mark.parametrize(
    ("screen", "mark"),
    [
        ("trust", "Reality check"),
        ("methods", "press Compare"),
        ("folder", "Zip file of pictures"),
        ("walkthrough", "The choice here"),
    ],
)
def test_the_very_first_visitor_of_a_server_may_come_by_a_deep_link(page: Page, screen: str, mark: str) -> None:
    with served() as fresh:
        page.goto(f"{fresh}/{screen}?samples=64")
        expect(page.get_by_text(mark).first).to_be_visible()
        drawn(page)
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.get_by_role("link", name="Compare models")).to_be_visible()


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(browser: Browser, address: str, screen: str, scheme: str) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=scheme)
    context.set_default_timeout(MINUTES)
    page = context.new_page()
    visit(page, address, screen, SCREENS[screen])
    violations = Axe().run(page).response["violations"]
    found = {(violation["id"], node["html"]) for violation in violations for node in violation["nodes"]}
    # Streamlit gives its drop zone, which only a mouse uses, a role and a name at once; the button inside has its own.
    assert {
        (rule, html) for rule, html in found if (rule, DROP_ZONE in html) != ("presentation-role-conflict", True)
    } == set()
    context.close()


def test_the_page_asks_no_other_host(page: Page, address: str) -> None:
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    page.on("websocket", lambda socket: addresses.append(socket.url))
    for screen, mark in SCREENS.items():
        visit(page, address, screen, mark)
    hosts = {urlsplit(url).netloc for url in addresses if urlsplit(url).scheme in ("http", "https", "ws", "wss")}
    assert hosts == {urlsplit(address).netloc}


def test_the_icon_of_the_tab_is_the_projects_own(page: Page, address: str) -> None:
    page.goto(f"{address}/?samples=64")
    settled(page)
    icon = page.locator('link[rel="shortcut icon"]').get_attribute("href")
    assert icon is not None
    with urlopen(urljoin(page.url, icon)) as file:  # noqa: S310 - our own server
        assert file.read().startswith(b"\x89PNG")


def test_another_method_can_be_chosen(page: Page, address: str) -> None:
    page.goto(f"{address}/?samples=64&method=leave_one_out")
    expect(page.get_by_text("model calls").first).to_be_visible()
    drawn(page)
    expect(page.get_by_role("heading", name="Egyptian cat")).to_be_visible()
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / "explain-leave-one-out.png")


def test_the_walkthrough_can_be_walked_by_keyboard(page: Page, address: str) -> None:
    page.goto(f"{address}/?samples=64")
    settled(page)
    page.get_by_role("link", name="Walkthrough").click()
    for heading in (
        "1. Picture",
        "2. Superpixels",
        "3. Hiding",
        "4. Answers",
        "5. Weights",
        "6. Fit",
        "7. Explanation",
    ):
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
        drawn(page)
        assert [violation["id"] for violation in Axe().run(page).response["violations"]] == []
        page.keyboard.press("n")
    page.keyboard.press("p")
    expect(page.get_by_role("heading", name="6. Fit")).to_be_visible()


@pytest.mark.parametrize("ending", ["onnx", "tflite", "keras"])
def test_the_built_in_network_brought_as_a_file_gives_the_built_in_models_explanation(
    page: Page, address: str, tmp_path: Path, lite0_files: dict[str, Path], ending: str
) -> None:
    def explained(title: str) -> dict[str, Any]:
        page.locator(".st-key-explain button").click()
        expect(page.get_by_role("heading", name=f"{title} says Egyptian cat")).to_be_visible()
        settled(page)
        return json.loads(saved(page, "download-json", tmp_path).read_text(encoding="utf-8"))

    page.goto(f"{address}/?samples={SAMPLES}&precision=f32&tab=Take+away")
    settled(page)
    built_in = explained("EfficientNet-Lite0")
    page.get_by_role("button", name="Your own model").click()
    labels = tmp_path / "labels.txt"
    labels.write_text("\n".join(imagenet_class_names()), encoding="utf-8")
    give(page, ".st-key-own-labels", labels)
    expect(page.get_by_text("1,000 names: tench, goldfish, great white shark, …")).to_be_visible()
    give(page, ".st-key-own-file", lite0_files[ending])
    page.get_by_role("button", name="Use this model").click()
    expect(page.get_by_text("It is the model in the list now")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".st-key-own-use")).not_to_be_visible()
    drawn(page)
    own = explained(f"lite0.{ending}")
    assert own["provenance"]["model"] == f"lite0.{ending}"
    for ours, theirs in zip(own["classes"], built_in["classes"], strict=True):
        assert (ours["index"], ours["name"]) == (theirs["index"], theirs["name"])
        assert abs(ours["probability"] - theirs["probability"]) < 1e-4
        strongest = [np.argsort(-np.array(one["coefficients"]))[:5].tolist() for one in (ours, theirs)]
        assert strongest[0] == strongest[1]


class LateMessages:
    """What a server has sent to a page; the page gets it late when it is kept back."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.keep_back = False
        self._page: WebSocketRoute | None = None

    def between(self, page: WebSocketRoute) -> None:
        """Stand between a page and its server."""
        self._page = page
        page.connect_to_server().on_message(self._take)

    def deliver(self) -> None:
        """Give the page what was kept back, and from now on everything at once."""
        self.keep_back = False
        kept, self.messages = self.messages, []
        for message in kept:
            self._take(message)

    def _take(self, message: str | bytes) -> None:
        assert isinstance(message, bytes)
        if self.keep_back:
            self.messages.append(message)
        elif self._page is not None:
            self._page.send(message)


def test_what_is_done_before_a_slow_connection_shows_the_model_does_not_take_it_back(
    page: Page, address: str, lite0_files: dict[str, Path]
) -> None:
    late = LateMessages()
    page.route_web_socket("**/_stcore/stream", late.between)
    page.goto(f"{address}/?samples={FEW}&precision=f32")
    settled(page)
    page.get_by_role("button", name="Your own model").click()
    give(page, ".st-key-own-file", lite0_files["onnx"])
    use = page.get_by_role("button", name="Use this model")
    expect(use).to_be_visible()
    drawn(page)
    late.keep_back = True
    use.click()
    for _ in range(MINUTES // 100):
        if any(b"It is the model in the list now" in message for message in late.messages):
            break
        page.wait_for_timeout(100)
    else:
        raise AssertionError("the server has not taken the model")
    page.wait_for_timeout(500)  # the server draws the rest of the page
    page.keyboard.press("Escape")
    page.wait_for_timeout(100)
    late.deliver()
    drawn(page)
    page.locator(".st-key-explain button").click()
    expect(page.get_by_role("heading", name="lite0.onnx says")).to_be_visible()


def test_a_model_file_may_be_larger_than_a_picture(page: Page, address: str, tmp_path: Path) -> None:
    large = tmp_path / "large.onnx"
    large.write_bytes(bytes(60_000_000))
    page.goto(f"{address}/?samples={SAMPLES}")
    settled(page)
    page.get_by_role("button", name="Your own model").click()
    give(page, ".st-key-own-file", large)
    expect(page.get_by_text("is no model file that can be read")).to_be_visible()
