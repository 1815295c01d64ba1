"""The rules by which an audit of planted shortcuts is scored, against cases worked out by hand."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest

import lime_core as lc
from lime_core.audits.storage.findings import Box, Concept, Patch, Representative, ShortcutCandidate
from tests.benchmarks import audits
from tests.benchmarks.audit_scores import Share, is_on, measure_learned, score, score_pick
from tests.benchmarks.audit_sets import data_sets
from tests.benchmarks.report import Report
from tests.planted import KINDS, SHARES, plant


def mask_of(top, left, bottom, right, shape=(100, 100)):
    mask = np.zeros(shape, bool)
    mask[top:bottom, left:right] = True
    return mask


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        (Box(top=0, left=0, bottom=20, right=20), True),  # the shortcut itself
        (Box(top=0, left=0, bottom=5, right=5), True),  # a part of it
        (Box(top=0, left=0, bottom=100, right=100), True),  # all of it, and much more
        (Box(top=10, left=10, bottom=60, right=60), True),  # a quarter of it
        (Box(top=10, left=11, bottom=60, right=60), False),  # a little less
        (Box(top=50, left=50, bottom=60, right=60), False),
    ],
)
def test_a_box_is_on_a_shortcut_that_shares_a_quarter_of_the_smaller_one(box, expected):
    assert is_on(mask_of(0, 0, 20, 20), box) is expected


def test_nothing_is_on_a_shortcut_that_is_not_there():
    assert not is_on(np.zeros((10, 10), bool), Box(top=0, left=0, bottom=5, right=5))


def candidate(class_name, boxes):
    return ShortcutCandidate(class_name, 0, tuple(boxes), 0.4, (0.3, 0.5), 0.001, ("On the border.",))


def concept(boxes):
    patches = tuple(Patch(path, 0, box, 1.0) for path, box in boxes)
    return Concept(0, "a", (("a", 1.0),), 2, 0.5, 0.0, 0.0, 1.0, patches, None, None, float("nan"), True, ())


CORNER, CENTER = Box(top=0, left=0, bottom=20, right=20), Box(top=40, left=40, bottom=60, right=60)


@pytest.mark.parametrize(
    ("class_name", "boxes", "purity", "matches"),
    [
        ("a", [("a/1", CORNER), ("a/2", CORNER)], 1.0, True),
        ("b", [("a/1", CORNER), ("a/2", CORNER)], 1.0, False),
        ("a", [("a/1", CORNER), ("a/2", CENTER)], 0.5, True),
        ("a", [("a/1", CORNER), ("a/2", CENTER), ("a/3", CORNER)], 1 / 3, False),
        ("a", [], 0.0, False),
    ],
)
def test_a_candidate_is_the_shortcut_in_the_right_class_with_half_of_its_boxes(class_name, boxes, purity, matches):
    masks = {"a/1": mask_of(0, 0, 20, 20), "a/2": mask_of(0, 0, 20, 20)}
    scored = score(candidate(class_name, boxes), concept(boxes), "a", masks)
    assert scored.purity == pytest.approx(purity)
    assert scored.matches is matches


def test_a_box_that_is_on_everything_is_not_enough():
    whole = Box(top=0, left=0, bottom=100, right=100)
    masks = {"a/1": mask_of(0, 0, 20, 20)}
    scored = score(candidate("a", [("a/1", whole)]), concept([("a/1", CENTER)] * 2), "a", masks)
    assert (scored.purity, scored.matches) == (0, False)


def test_random_picks_show_the_shortcut_as_often_as_chance_says():
    representative = Representative(("a", "b"), (0.5, 0.9), ((0.3, 0.1, 0.6), (0.6, 0.4, 0.8)))
    pick = score_pick(representative, frozenset({"b", "c"}), 5)
    # Of the ten pairs of five pictures, three are without both.
    assert (pick.shows, pick.random_shows) == (True, pytest.approx(0.7))
    assert (pick.coverage, pick.random_mean, pick.random_high) == (0.9, 0.6, 0.8)
    assert score_pick(representative, frozenset(), 5).shows is None
    assert score_pick(Representative((), (), ()), frozenset({"b"}), 5).random_shows == 0


def test_a_share_has_the_interval_of_clopper_and_pearson():
    # 10 of 10: the lower bound is 0.025 ** (1 / 10).
    assert Share(10, 10).interval == (pytest.approx(0.025**0.1), 1.0)
    assert str(Share(0, 0)) == "none"


def yellow_share(images):
    return ((images[..., 0] > 200) & (images[..., 1] > 180) & (images[..., 2] < 90)).mean(axis=(1, 2))


def classifier(gain):
    """Takes every picture with a yellow sticker for a cross, as strongly as `gain` says; the others are all alike."""

    def see(images):
        cross = 0.2 + gain * (yellow_share(images) > 0.008)
        return np.stack([cross, 1 - cross - 0.1, np.full(len(cross), 0.1)], axis=1)

    return lc.CallableClassifier(see, (224, 224), ("cross", "disc", "triangle"), id="known")


def test_a_model_that_looks_at_the_sticker_has_learned_it_and_one_that_looks_no_more_than_the_control_has_not(tmp_path):
    seed = next(
        seed for seed in range(20) if plant(None, 1, "shapes", seed, tmp_path, per_class=1).class_name == "cross"
    )
    planted = plant("sticker", 1.0, "shapes", seed, tmp_path / "set", per_class=4)
    learned = measure_learned(planted, "sticker", classifier(0.6), classifier(0.0), planted.paths)
    assert learned.shift.value == pytest.approx(0.6, abs=0.06)
    assert learned.fall.value == 1
    assert learned.clearly
    assert learned.moves
    same = measure_learned(planted, "sticker", classifier(0.6), classifier(0.6), planted.paths)
    assert same.shift == learned.shift
    assert (same.shift_above.value, same.fall_above.value) == (0, 0)
    assert not same.moves
    used_to_it = measure_learned(planted, "sticker", classifier(0.0), classifier(-0.15), planted.paths)
    assert used_to_it.shift_above.value == pytest.approx(0.15, abs=0.02)
    assert not used_to_it.moves


def row(name, **changes):
    values = {
        "name": name,
        "kind": "sticker",
        "share": 1.0,
        "base": "shapes",
        "class_name": "cross",
        "pictures": 30,
        "holding": 10,
        "accuracy": 0.9,
        "learned": None,
        "moves": True,
        "clearly": True,
        "candidates": [],
        "found": False,
        "pick": {"coverage": 0.9, "random_mean": 0.7, "random_high": 0.8, "shows": True, "random_shows": 0.5},
        "concepts": 4,
    }
    return audits.Row(**values | changes)


def scored(matches):
    return asdict(score(candidate("cross" if matches else "disc", []), concept([]), "cross", {})) | {"matches": matches}


def test_recall_counts_what_was_learned_and_false_discoveries_count_all_candidates():
    rows = [
        row("a", found=True, candidates=[scored(True), scored(True)]),
        row("b", candidates=[scored(False)]),
        row("c", clearly=False),
        row("d", kind=None, clearly=False, moves=False, candidates=[scored(False)]),
    ]
    found = audits.summary(rows)
    assert found["recall where clearly learned"].startswith("1 of 2 ")
    assert found["recall where the class moves"].startswith("1 of 3 ")
    assert found["false among candidates"].startswith("2 of 4 ")
    assert found["data sets with a false candidate"].startswith("2 of 4 ")
    assert found["controls with a candidate"].startswith("1 of 1 ")


def test_an_earlier_run_is_gone_on_with_only_if_it_asked_as_often(tmp_path):
    file = tmp_path / "found.json"
    found = Report(file)
    found.keep(samples=256, audits=[asdict(row("a", candidates=[scored(True)]))])
    assert audits.rows_of(file, 256) == [row("a", candidates=json.loads(json.dumps([scored(True)])))]
    with pytest.raises(SystemExit, match="256 calls, not of 128"):
        audits.rows_of(file, 128)
    assert audits.rows_of(None, 256) == []


def test_the_plan_has_every_kind_share_and_base_and_controls():
    plan = data_sets()
    names = [one.name for one in plan]
    assert len(names) == len(set(names)) >= 20
    assert {(one.kind, one.share) for one in plan} >= {(kind, share) for kind in KINDS for share in SHARES}
    assert sum(one.kind is None for one in plan) >= 4
