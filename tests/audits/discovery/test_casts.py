"""Colour casts over the pictures of a class."""

from __future__ import annotations

import numpy as np
import pytest
from audits.thumbnail_audits import folder_of, photograph

import lime_core as lc
from lime_core.audits.discovery.casts import cast_groups
from lime_core.audits.discovery.concepts import Explained, Group, counted_once, members_of
from lime_core.audits.discovery.patches import Components, Patches
from lime_core.audits.discovery.proof import Bench, Held
from lime_core.audits.discovery.views import View, recoloured, touching, turned

CAST = np.array([0.3, 0.05, -0.35])


def pictures_of(classes, tinted, each=20):
    rng = np.random.default_rng(0)
    found = {}
    for number, name in enumerate(classes):
        for index in range(each):
            pixels = photograph(rng) // 2 + 40
            found[f"{name}/{index:02d}.jpg"] = recoloured(pixels, CAST) if number == tinted else pixels
    return found


def groups_in(tmp_path, classes, tinted):
    pictures = pictures_of(classes, tinted)
    explained = {
        path: Explained(path.split("/")[0], classes.index(path.split("/")[0]), True, (120, 160)) for path in pictures
    }
    count = len(pictures)
    patches = Patches(
        pictures=np.array(sorted(pictures), dtype=object),
        classes=np.array([explained[path].predicted for path in sorted(pictures)]),
        superpixels=np.zeros(count, int),
        coefficients=np.ones(count),
        boxes=np.tile([0, 0, 30, 30], (count, 1)),
        descriptions=np.ones((count, 1), np.float32),
        components=Components(np.zeros(1, np.float32), np.ones((1, 1), np.float32)),
    )
    return patches, cast_groups(folder_of(tmp_path, pictures), patches, explained, float(count), 0)


@pytest.mark.parametrize("classes", [("a", "b"), ("a", "b", "c")])
def test_the_class_with_a_cast_is_found_and_no_other(tmp_path, classes):
    patches, (group,) = groups_in(tmp_path, classes, tinted=1)
    assert group.class_index == 1
    np.testing.assert_allclose(group.cast, CAST, atol=0.1)
    assert len(group.rows) >= 18
    assert all(path.startswith("b/") for path in patches.pictures[group.rows])


def test_without_a_cast_there_is_no_group(tmp_path):
    assert groups_in(tmp_path, ("a", "b"), tinted=None)[1] == []


def test_another_cast_is_as_strong_and_keeps_the_brightness():
    for seed in range(10):
        other = turned(CAST, np.random.default_rng(seed))
        assert np.linalg.norm(other) == pytest.approx(np.linalg.norm(CAST))
        assert other.sum() == pytest.approx(0)
        assert other @ CAST <= 0.51 * CAST @ CAST


def test_undoing_and_adding_a_cast_moves_a_model_of_colour_as_far_as_it_should():
    def warmth(images):
        means = images.reshape(len(images), -1, 3).mean(axis=1)
        p = np.log(means[:, 0] / means[:, 2])
        return np.stack([p, -p], axis=1)

    labels = (np.indices((32, 32))[0] // 8).astype(np.int32)
    rng = np.random.default_rng(0)

    def view(cast):
        pixels = recoloured(rng.integers(80, 120, (32, 32, 3), dtype=np.uint8), cast)
        return View("a.png", pixels, labels, pixels, labels, touching(labels))

    bench = Bench(
        lc.CallableClassifier(warmth, 32, ["warm", "cold"], id="warmth", outputs="values"),
        lc.ExplainSpec(target="probability"),
    )
    held = [Held(view(CAST), np.ones((32, 32), bool), CAST) for _ in range(6)]
    plain = [view(np.zeros(3)) for _ in range(6)]
    for found in (
        bench.take_away(held, [], 0, np.random.default_rng(1)),
        bench.add(held, plain, plain, 0, np.random.default_rng(1)),
    ):
        assert found.concept_effect == pytest.approx(0.65, abs=0.03)
        assert found.random_effect < 0.4
        assert found.interval[0] > 0


def test_a_superpixel_counts_once_and_a_cast_has_no_evidence():
    def group(rows, **more):
        return Group(np.array(rows), np.zeros(1, int), 0, ((0, 1.0),), 0.5, 1.0, 0.0, 0.0, 0.9, **more)

    rows = 4
    patches = Patches(
        pictures=np.array(["a.png", "a.png", "b.png", "b.png"], dtype=object),
        classes=np.zeros(rows, int),
        superpixels=np.array([0, 1, 0, 1]),
        coefficients=np.ones(rows),
        boxes=np.zeros((rows, 4), int),
        descriptions=np.ones((rows, 1), np.float32),
        components=Components(np.zeros(1, np.float32), np.ones((1, 1), np.float32)),
    )
    groups = [group([0, 1, 2, 3], cast=(0.3, 0.0, -0.3)), group([0, 1, 3]), group([1, 2], edges=True)]
    members = members_of(patches, groups)
    assert len(members) == 9
    once = {(row["picture"], row["superpixel"]): row["concept"] for row in counted_once(members, groups).to_pylist()}
    assert once == {("a.png", 0): 1, ("a.png", 1): 2, ("b.png", 0): 2, ("b.png", 1): 1}
    assert len(counted_once(members, groups)) == 4
    assert len(counted_once(members[:0], groups)) == 0
