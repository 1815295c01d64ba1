"""A link restores every setting, and says what it cannot restore."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from numpy.typing import NDArray

import lime_core as lc
from lime_core.answers.scene import cut
from pages.shell import links
from tests.pages.conftest import FakeModel, explained, fine, open_page, opened, state_of, texts

RICH = lc.ExplainSpec(
    segmentation=lc.Quickshift(max_dist=50.0, ratio=0.5),
    samples=96,
    sampler="iid",
    keep_probability=0.7,
    fill="color",
    fill_color=(1, 2, 3),
    kernel_width=3.5,
    classes=(967, 285),
    hide_unsure=False,
    view="heatmap",
    top_k=4,
)


@pytest.mark.parametrize("spec", [RICH, *lc.PRESETS.values()])
def test_a_link_gives_the_same_settings_back(spec: lc.ExplainSpec) -> None:
    wanted = links.LinkedSettings("coffee", "resnet50", "bf16", spec)
    address = links.link("http://localhost:8501/?old=1", wanted)
    back = links.follow(parse_qs(urlsplit(address).query, keep_blank_values=True))
    assert replace(back, spec=back.spec or lc.ExplainSpec()) == wanted


def test_an_opened_link_sets_the_widgets(model: FakeModel) -> None:
    query = links.query_of(links.LinkedSettings("coffee", "resnet101", None, RICH))
    page = open_page()
    page = type(page).from_file(page._script_path, default_timeout=60)
    for name, values in query.items():
        page.query_params[name] = values
    fine(page.run())
    state = state_of(page).settings
    assert state.spec == RICH
    assert (state.picture.example, state.model) == ("coffee", "resnet101")
    assert opened(page, "superpixels").selectbox(key="spec.segmentation").value == "quickshift"


def test_a_link_to_an_own_picture_leaves_it_out() -> None:
    assert "picture" not in links.query_of(links.LinkedSettings(None, "resnet50", None, RICH))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("samples", "1", "samples must be in 2"),
        ("samples", "many", "'many'"),
        ("picture", "../../etc/passwd", "picture must be one of"),
        ("model", "<script>", "There is no model"),
        ("precision", "f64", "precision must be one of auto, f32, bf16"),
        ("kernel-width", "inf", "kernel_width must be"),
        ("nonsense", "1", "--nonsense"),
        # A link is written by strangers: it must not make the server read a file.
        ("label-map", "/etc/passwd", "--label-map"),
    ],
)
def test_a_bad_link_is_said_and_the_page_works(model: FakeModel, name: str, value: str, said: str) -> None:
    page = explained(**{name: value})
    assert said in texts(page).replace("\\", "")
    assert "says *Egyptian cat*" in texts(page)


def test_a_costly_link_waits_for_the_button(model: FakeModel) -> None:
    page = fine(open_page(samples="50000"))
    assert model.pictures == 0
    assert state_of(page).settings.spec == replace(lc.ExplainSpec(), samples=50_000)


@pytest.mark.parametrize("name", ["tab", "embed", "embed_options"])
def test_a_reload_with_what_is_no_setting_changes_no_setting(model: FakeModel, name: str) -> None:
    usual = state_of(explained()).settings
    page = explained(**{name: {"tab": "Samples", "embed": "true", "embed_options": "dark_theme"}[name]})
    assert replace(state_of(page).settings, picture=None) == replace(usual, picture=None)
    assert state_of(page).result.neighborhood.samples == 512


def test_a_tab_does_not_hide_the_settings_of_a_link(model: FakeModel) -> None:
    page = explained(tab="Samples", samples="64")
    assert state_of(page).settings.spec == replace(lc.ExplainSpec(), samples=64)


@pytest.mark.parametrize("screen", ["explain", "trust", "methods", "compare", "walkthrough"])
def test_a_link_to_a_cut_that_takes_minutes_cuts_nothing_before_the_button(
    model: FakeModel, monkeypatch: pytest.MonkeyPatch, screen: str
) -> None:
    cuts: list[lc.ExplainSpec] = []

    def counted(image: lc.Image, size: tuple[int, int], spec: lc.ExplainSpec) -> NDArray[np.int32]:
        cuts.append(spec)
        return cut(image, size, replace(spec, segmentation=lc.Grid()))

    monkeypatch.setattr("pages.state.server.cut", counted)
    page = fine(open_page(quickshift_kernel_size="20"))
    page.switch_page(f"pages/screens/{screen}/page.py").run()
    assert cuts == []
    assert model.pictures == 0
    fine(page.switch_page("pages/screens/explain/page.py").run())
    assert "waits for *Explain*" in texts(page)
    page.number_input(key="spec.samples").set_value(64).run()
    page.button(key="explain").click().run()
    assert state_of(page).job.wait(60)
    fine(page.run())
    assert len(cuts) > 0
    assert "waits for *Explain*" not in texts(page)
    assert model.pictures == 65
