"""Groups of superpixels, and the parts of one thing."""

from __future__ import annotations

import numpy as np

from lime_core.audits.discovery import groups as groups_module
from lime_core.audits.discovery.concepts import place_of
from lime_core.audits.discovery.groups import grouped, joined, means_of


def directions(number, members, spread, seed=0):
    """Unit vectors around some orthogonal directions, and the direction of each."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(number), members)
    points = np.eye(number, 20)[truth] + rng.normal(0, spread, (len(truth), 20))
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32), truth


def test_what_lies_together_is_one_group():
    points, truth = directions(6, 20, 0.05)
    groups = grouped(points, 0)
    assert len({(group, kind) for group, kind in zip(groups, truth, strict=True)}) == 6
    assert set(groups) == set(range(6))


def test_noise_is_shared_out_so_that_every_patch_has_a_group():
    points, _ = directions(3, 20, 0.05)
    noise, _ = directions(20, 4, 0.6, seed=1)
    groups = grouped(np.concatenate([points, noise]), 0)
    assert groups.min() == 0
    assert set(groups) == set(range(groups.max() + 1))


def test_groups_do_not_depend_on_chance_and_few_patches_are_no_trouble():
    points, _ = directions(4, 10, 0.3)
    np.testing.assert_array_equal(grouped(points, 3), grouped(points, 3))
    assert grouped(points[:2], 0).tolist() == [0, 0]


def test_patches_beyond_those_that_were_fitted_go_to_the_nearest_group(monkeypatch):
    monkeypatch.setattr(groups_module, "MOST_FITTED", 60)
    points, truth = directions(3, 60, 0.05)
    groups = grouped(points, 0)
    assert len({(group, kind) for group, kind in zip(groups, truth, strict=True)}) == 3


def test_a_single_patch_apart_from_all_others_is_no_error(monkeypatch):
    """Silhouettes are averaged over a sample of the patches, which such a one is rarely in."""
    monkeypatch.setattr(groups_module, "MOST_SCORED", 20)
    points, _ = directions(1, 100, 0.01)
    points[40] = np.eye(20, dtype=np.float32)[7]
    groups = grouped(points, 0)
    assert (groups == groups[40]).sum() == 1


def test_the_mean_of_a_part_is_of_unit_length():
    points, truth = directions(3, 10, 0.1)
    means = means_of(points, truth)
    np.testing.assert_allclose(np.linalg.norm(means, axis=1), 1, rtol=1e-6)
    assert ((points @ means.T).argmax(axis=1) == truth).all()


def test_groups_that_lie_beside_each_other_in_most_pictures_are_parts_of_one_thing():
    # In each of eight pictures part 0 and part 1 touch; part 2 is far away, and beside part 0 in two pictures only.
    pictures = np.repeat(np.array([f"{index}.png" for index in range(8)], dtype=object), 3)
    parts = np.tile([0, 1, 2], 8)
    boxes = np.tile([[0, 0, 10, 10], [0, 10, 10, 20], [50, 50, 60, 60]], (8, 1))
    boxes[[2, 5]] = [10, 0, 20, 9]
    numbers = joined(parts, np.array([0.9, 0.9, 0.9]), pictures, boxes)
    assert numbers[0] == numbers[1] != numbers[2]
    of_all_sorts = joined(parts, np.array([0.9, 0.1, 0.9]), pictures, boxes)
    assert len(set(of_all_sorts)) == 3


def test_the_place_of_a_superpixel_is_that_of_its_middle():
    size = (100, 200)
    assert place_of(np.array([40, 80, 60, 120]), size) == "centre"
    assert place_of(np.array([0, 80, 30, 120]), size) == "border"
    assert place_of(np.array([40, 180, 60, 200]), size) == "border"
    assert place_of(np.array([80, 0, 100, 40]), size) == "corner"
