"""Weights that the server cannot fetch are one drop away."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

import lime_core as lc
from lime_core.models import CATALOG, fetch, is_available
from tests.pages.conftest import FakeModel, explained, finish, open_page, state_of, texts

BODY = b"\x89HDF\r\n\x1a\n" + bytes(range(256)) * 4096
CARD = replace(
    CATALOG["resnet50"],
    parameters=1000,
    weights_hash=hashlib.md5(BODY, usedforsecurity=False).hexdigest(),
    weights_url="http://127.0.0.1:1/tiny.h5",
)


@pytest.fixture(autouse=True)
def a_small_model_that_cannot_be_fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, model: FakeModel) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("LIMELIGHT_WEIGHTS", raising=False)
    monkeypatch.setitem(CATALOG, "resnet50", CARD)

    def load(name: str, **options: object) -> lc.Classifier:
        fetch(CATALOG[name])
        return model.ready(name, **options)

    model.load = load


def test_a_dropped_file_makes_the_model_work(tmp_path: Path) -> None:
    page = open_page(model="resnet50", samples="64")
    page.file_uploader(key="weights.resnet50").upload("any name", BODY, "").run()
    assert not page.error
    assert is_available(CARD)
    assert not [one for one in page.file_uploader if one.key.startswith("weights.")]
    page.button(key="explain").click().run()
    finish(page)
    assert state_of(page).result.question.model == "resnet50"


def test_what_cannot_be_fetched_is_said_in_a_line_without_folders_of_the_server(tmp_path: Path) -> None:
    page = open_page(model="resnet50", samples="64")
    page.button(key="explain").click().run()
    assert state_of(page).job.wait(60)
    page.run()
    said = [error.value for error in page.error]
    assert said
    for one in said:
        assert one == r"The weights of ResNet50 are not available\: there is no connection to the server\."
    assert str(tmp_path) not in texts(page)
    assert page.button(key="load_again")
    page.file_uploader(key="weights.resnet50").upload("any name", BODY, "").run()
    page.button(key="explain").click().run()
    finish(page)


def test_another_file_is_refused_in_words_beside_the_model_it_was_meant_for() -> None:
    page = open_page(model="resnet50", samples="64")
    page.file_uploader(key="weights.resnet50").upload("any name", BODY[:-1], "").run()
    assert "its checksum differs from the published one" in texts(page)
    assert not is_available(CARD)
    page.selectbox(key="model").set_value("vgg16").run()
    assert "its checksum differs" not in texts(page)


def test_a_model_without_a_published_sum_takes_no_file() -> None:
    explained(samples="64")
    page = open_page(model="mobilenet_v2")
    assert page.button(key="fetch")
    assert not [one for one in page.file_uploader if one.key.startswith("weights.")]


def test_weights_that_are_too_large_to_drop_are_the_operators_to_bring() -> None:
    page = open_page(model="vgg16")
    assert not [one for one in page.file_uploader if one.key.startswith("weights.")]
    assert page.button(key="fetch").label.endswith("553 MB")
