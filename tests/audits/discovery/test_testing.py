"""What the experiments prove of concepts that were chosen by their evidence, where the truth is known."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import lime_core as lc
from lime_core.audits.discovery import testing
from lime_core.audits.discovery.concepts import Explained, Group
from lime_core.audits.discovery.grouping import Grouping
from lime_core.audits.discovery.patches import Components, Patches
from lime_core.audits.discovery.proof import Bench, Held
from lime_core.audits.discovery.views import View, touching

SIDE, CELL = 48, 8
ACROSS = SIDE // CELL
LABELS = np.repeat(np.repeat(np.arange(ACROSS**2).reshape(ACROSS, ACROSS), CELL, 0), CELL, 1).astype(np.int32)
TOUCHING = touching(LABELS)
MARK = 255  # of green, in the superpixels that hold the concept


def view_of(path, red, marked):
    """Return a picture whose superpixels have so much red, and some of which are marked in green."""
    green = np.zeros(ACROSS**2)
    green[marked] = MARK
    pixels = np.zeros((SIDE, SIDE, 3), np.uint8)
    pixels[..., 0], pixels[..., 1] = red[LABELS], green[LABELS]
    return View(path, pixels, LABELS, pixels, LABELS, TOUCHING)


class Green:
    """A finder that sees what is marked in green."""

    def least(self, descriptions, own):
        return 0.5

    def seen(self, view, own, least=0.5):
        marked = np.bincount(LABELS.ravel(), (view.pixels[..., 1] == MARK).ravel()) > CELL**2 / 2
        return np.flatnonzero(marked & np.isin(0, own)).tolist()

    def held(self, view, superpixels, own):
        return Held(view, np.isin(LABELS, list(superpixels)))


def experimenter(views, of_class, members, outputs):
    """Return a tester of one group: the `members`, pairs of a picture and a superpixel."""
    others = sorted(of_class - {path for path, _ in members})  # explained for the class as well
    count, rows = len(members), len(members) + len(others)
    patches = Patches(
        pictures=np.array([*(path for path, _ in members), *others], dtype=object),
        classes=np.zeros(rows, int),
        superpixels=np.array([number for _, number in members] + [0] * len(others)),
        coefficients=np.ones(rows),
        boxes=np.zeros((rows, 4), int),
        descriptions=np.ones((rows, 1), np.float32),
        components=Components(np.zeros(1, np.float32), np.ones((1, 1), np.float32)),
    )
    group = Group(np.arange(count), np.zeros(1, int), 0, ((0, 1.0),), 0.5, 1.0, 0.0, 0.0, 0.9)
    explained = {view.path: Explained(None, int(view.path not in of_class), None, (SIDE, SIDE)) for view in views}
    classifier = lc.CallableClassifier(outputs, SIDE, ["red", "other"], id="red", outputs="values")
    return testing.Tester(
        Grouping(patches, [group], [()], np.ones((1, 1), np.float32)),
        explained,
        SimpleNamespace(get={view.path: view for view in views}.get),
        Green(),
        Bench(classifier, lc.ExplainSpec(target="probability")),
        seed=0,
    )


def mean_of_red(images):
    value = images[..., 0].mean(axis=(1, 2)) / 255
    return np.stack([value, 1 - value], axis=1)


def test_what_the_model_ignores_is_not_proven_because_it_was_chosen_where_it_had_evidence():
    """The mark is anywhere; its group holds those of them that happen to be on one of the three reddest superpixels."""
    rng = np.random.default_rng(0)
    proven = 0
    for _ in range(40):
        red = rng.integers(0, 255, (80, ACROSS**2))
        marks = rng.integers(ACROSS**2, size=80)
        views = [view_of(f"{index:02d}", red[index], marks[index] if index < 60 else []) for index in range(80)]
        of_class = {view.path for view in views[:60]}
        reddest = np.argsort(-red[:60], axis=1)[:, :3]
        members = [(f"{index:02d}", int(marks[index])) for index in range(60) if marks[index] in reddest[index]]
        if len(members) >= 4:
            (proof,) = experimenter(views, of_class, members, mean_of_red).test(lambda *_: None)
            proven += proof.proven
    assert proven <= 2


def marks_count(images):
    value = np.minimum((images[..., 1] == MARK).sum(axis=(1, 2)) / (3 * CELL**2), 1)
    return np.stack([value, 1 - value], axis=1)


def test_a_concept_is_found_in_pictures_where_other_things_had_more_evidence():
    rng = np.random.default_rng(1)
    marks = rng.integers(ACROSS**2, size=12)
    views = [
        view_of(f"{index:02d}", rng.integers(0, 255, ACROSS**2), marks[index] if index < 12 else [])
        for index in range(40)
    ]
    members = [(f"{index:02d}", int(marks[index])) for index in range(4)]
    (proof,) = experimenter(views, {view.path for view in views[:20]}, members, marks_count).test(lambda *_: None)
    assert proof.proven
    assert proof.take_away.pictures == 12
    assert proof.take_away.effect == pytest.approx(1 / 3)


def test_a_neighbour_of_a_stronger_concept_moves_nothing_alone():
    rng = np.random.default_rng(2)
    views = [view_of(f"{index:02d}", rng.integers(0, 255, ACROSS**2), [8]) for index in range(12)]
    paths = {view.path for view in views}
    tester = experimenter(views, paths, [(path, 8) for path in sorted(paths)], marks_count)
    (group,) = tester.grouping.groups
    assert tester.alone(0, [group]) is None, "nothing of it is left"
    other = Group(group.rows[:0], np.ones(1, int), 0, ((0, 1.0),), 0.1, 1.0, 0.0, 0.0, 0.9)
    left = tester.alone(0, [other])
    assert left.effect == pytest.approx(1 / 3)
    assert left.pictures == 12
