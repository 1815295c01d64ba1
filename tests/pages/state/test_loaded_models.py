"""Few classifiers stay in memory: the least recently used ones go, those in use stay."""

from __future__ import annotations

import threading

import pytest

import lime_core as lc
from lime_core.models import CATALOG
from pages.state import load_job
from pages.state.background_job import BackgroundJob
from pages.state.loaded_models import LoadedModels

SECONDS = 30
FIVE = list(CATALOG)[:5]


class User(BackgroundJob):
    """Uses some models until it is let go."""

    def __init__(self, models: LoadedModels, names: list[str]) -> None:
        super().__init__("user")
        self.models, self.names = models, names
        self.has_all, self.may_end = threading.Event(), threading.Event()

    def work(self) -> None:
        self.classifiers = [self.models.wait_for(name, "f32", self) for name in self.names]
        self.has_all.set()
        assert self.may_end.wait(SECONDS)

    def clean_up(self) -> None:
        self.models.release(self)


@pytest.fixture(autouse=True)
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every model costs nothing; the list says which were loaded."""
    loaded: list[str] = []

    def load(name: str, **_: object) -> lc.Classifier:
        loaded.append(name)
        return lc.CallableClassifier(lambda images: images.mean(axis=(1, 2)) / 255, 16, ["a", "b", "c"], id=name)

    monkeypatch.setattr(load_job.lc, "load_classifier", load)
    return loaded


def names(models: LoadedModels) -> list[str]:
    return [model for model, _ in models.ready]


def test_the_least_recently_used_ones_go() -> None:
    models = LoadedModels(most=3)
    for name in FIVE[:3]:
        assert models.load(name).wait(SECONDS)
    models.load(FIVE[0])
    assert models.load(FIVE[3]).wait(SECONDS)
    assert names(models) == [FIVE[2], FIVE[0], FIVE[3]]
    assert models.classifier(FIVE[1]) is None


def test_a_look_is_no_use(loads: list[str]) -> None:
    models = LoadedModels(most=1)
    assert models.loading(FIVE[0]) is None
    assert models.classifier(FIVE[0]) is None
    assert loads == []


def test_each_precision_counts() -> None:
    models = LoadedModels(most=1)
    for precision in ("f32", "bf16"):
        assert models.load(FIVE[0], precision).wait(SECONDS)
    assert models.ready == ((FIVE[0], "bf16"),)


def test_those_in_use_stay_and_go_when_their_job_has_ended() -> None:
    models = LoadedModels(most=2)
    user = User(models, FIVE[:4]).start()
    assert user.has_all.wait(SECONDS)
    assert sorted(names(models)) == sorted(FIVE[:4])
    assert models.load(FIVE[4]).wait(SECONDS)
    assert set(FIVE[:4]) <= set(names(models))
    user.may_end.set()
    assert user.wait(SECONDS)
    assert len(names(models)) == 2


def test_a_model_that_two_jobs_use_is_loaded_once(loads: list[str]) -> None:
    models = LoadedModels(most=1)
    users = [User(models, FIVE[:2]).start() for _ in range(2)]
    assert all(user.has_all.wait(SECONDS) for user in users)
    assert sorted(loads) == sorted(FIVE[:2])
    assert users[0].classifiers[0] is users[1].classifiers[0]
    for user in users:
        user.may_end.set()
        assert user.wait(SECONDS)


def test_a_job_that_cannot_have_its_model_holds_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    models = LoadedModels(most=1)
    load = load_job.lc.load_classifier

    def refuse(name: str, **options: object) -> lc.Classifier:
        if name == FIVE[1]:
            raise lc.WeightsError("There is no connection.")
        return load(name, **options)

    monkeypatch.setattr(load_job.lc, "load_classifier", refuse)
    user = User(models, FIVE[:2]).start()
    assert user.wait(SECONDS)
    assert isinstance(user.error, lc.WeightsError)
    assert models.load(FIVE[2]).wait(SECONDS)
    assert names(models) == [FIVE[2]]
