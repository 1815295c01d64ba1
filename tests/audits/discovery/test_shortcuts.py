"""What speaks against a concept being the thing itself, and the boxes of candidates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lime_core.audits.discovery.concepts import Explained, Group
from lime_core.audits.discovery.patches import Components, Patches
from lime_core.audits.discovery.shortcuts import boxes_of, is_piece, moves_much, whole_pictures
from lime_core.audits.discovery.suspicions import suspicions
from lime_core.audits.storage.findings import Box, Experiment

PICTURES = [f"{index:02d}.png" for index in range(20)]
MIDDLE, CORNER = (40, 40, 60, 60), (80, 80, 100, 100)


def patches_at(boxes_by_picture):
    pairs = [(path, box) for path, boxes in boxes_by_picture.items() for box in boxes]
    count = len(pairs)
    return Patches(
        pictures=np.array([path for path, _ in pairs], dtype=object),
        classes=np.zeros(count, int),
        superpixels=np.arange(count),
        coefficients=np.ones(count),
        boxes=np.array([box for _, box in pairs]),
        descriptions=np.ones((count, 1), np.float32),
        components=Components(np.zeros(1, np.float32), np.ones((1, 1), np.float32)),
    )


def group_of(patches, *, border=0.0, likeness=0.3, **more):
    share = ((0, 1.0),)
    rows = np.arange(len(patches))
    return Group(rows, np.zeros(1, int), 0, share, 0.5, 1 - border, border, 0.0, likeness, **more)


def explained_of(wrong=()):
    return {path: Explained("a", 0, path not in wrong, (100, 100)) for path in PICTURES}


def scattered(seed):
    top, left = np.random.default_rng(seed).integers(20, 60, 2)
    return (top, left, top + 20, left + 20)


def test_a_thing_in_the_middle_of_most_pictures_is_not_suspicious():
    patches = patches_at({path: [scattered(index)] for index, path in enumerate(PICTURES[:15])})
    assert suspicions(group_of(patches), patches, explained_of()) == ()
    few = patches_at({path: [scattered(index)] for index, path in enumerate(PICTURES[:5])})
    assert suspicions(group_of(few), few, explained_of()) == (), "kinds of a thing are in few pictures, and differ"


@pytest.mark.parametrize(
    ("boxes", "settings", "word"),
    [
        ({path: [CORNER] for path in PICTURES}, {}, "one of the corners in 20 of its 20"),
        (
            {
                path: [(10, 5 * i, 20, 5 * i + 5), (80, 5 * i, 90, 5 * i + 5)][i % 2 :]
                for i, path in enumerate(PICTURES)
            },
            {},
            "borders and corners in 20 of its 20",
        ),
        ({path: [(68, 10 + 4 * i, 88, 30 + 4 * i)] for i, path in enumerate(PICTURES[:15])}, {}, "bottom"),
        ({path: [scattered(i)] for i, path in enumerate(PICTURES[:5])}, {"likeness": 0.9}, "5 of the 20"),
        ({path: [scattered(i)] for i, path in enumerate(PICTURES)}, {"edges": True}, "edge"),
        ({path: [scattered(i)] for i, path in enumerate(PICTURES)}, {"cast": (0.3, 0.0, -0.3)}, "cast"),
    ],
)
def test_each_reason_is_said(boxes, settings, word):
    patches = patches_at(boxes)
    reasons = suspicions(group_of(patches, **settings), patches, explained_of())
    assert len(reasons) == 1
    assert word in reasons[0]


def test_a_few_pictures_may_have_it_at_their_borders_by_chance():
    at_the_border = {
        path: [(4, 40, 14, 60)] if index % 2 else [(86, 40, 96, 60)] for index, path in enumerate(PICTURES)
    }
    for pictures, expected in ((16, 0), (17, 1)):  # 0.75 to the power of 17 is 0.75 %, a sixth of 5 %
        patches = patches_at(dict(list(at_the_border.items())[:pictures]))
        assert len(suspicions(group_of(patches), patches, explained_of())) == expected
    corners = [(4, 4, 14, 14), (84, 84, 94, 94), (4, 84, 14, 94), (84, 4, 94, 14)]
    for pictures, expected in ((3, 0), (4, 1)):  # 0.25 to the power of 4 is 0.4 %
        patches = patches_at({path: [corners[index]] for index, path in enumerate(PICTURES[:pictures])})
        assert len(suspicions(group_of(patches), patches, explained_of())) == expected


def test_what_is_more_often_in_wrong_predictions_is_suspicious():
    patches = patches_at({path: [scattered(index)] for index, path in enumerate(PICTURES[:11])})
    assert suspicions(group_of(patches), patches, explained_of(wrong=PICTURES[9:12])) == (), "that may be chance"
    reasons = suspicions(group_of(patches), patches, explained_of(wrong=PICTURES[:9]))
    assert reasons == ("It is in 9 of the 9 pictures that are wrongly taken for the class, and in 2 of the 11 others.",)


def test_the_box_is_around_the_strongest_patch_and_those_that_touch_it():
    patches = patches_at({"a.png": [CORNER, (70, 60, 80, 90), (0, 0, 10, 10)]})
    assert boxes_of(patches, np.arange(3)) == (("a.png", Box(top=70, left=60, bottom=100, right=100)),)
    explained = {"a.png": Explained(None, 0, None, (100, 120))}
    assert whole_pictures(patches, np.arange(3), explained) == (("a.png", Box(top=0, left=0, bottom=100, right=120)),)


def test_a_piece_touches_the_whole_in_most_of_its_pictures():
    beside, apart = (0, 20, 10, 30), (50, 50, 60, 60)
    boxes = {path: [(0, 0, 10, 20), beside if index < 6 else apart] for index, path in enumerate(PICTURES[:10])}
    patches = patches_at(boxes)
    rows = np.arange(len(patches))
    whole, most = (replace(group_of(patches), rows=rows[part::2]) for part in (0, 1))
    assert is_piece(most, whole, patches)
    assert not is_piece(replace(most, rows=most.rows[2:]), whole, patches), "it is apart in half of its pictures"
    assert not is_piece(replace(most, class_index=1), whole, patches), "it speaks for another class"
    assert not is_piece(most, replace(whole, cast=(0.1, 0.0, 0.0)), patches), "a cast touches everything"
    elsewhere = patches_at(
        {path: [(0, 0, 10, 20)] for path in PICTURES[:5]} | {path: [beside] for path in PICTURES[5:]}
    )
    first, second = (replace(group_of(elsewhere), rows=np.arange(20)[part]) for part in (slice(5), slice(5, 20)))
    assert not is_piece(second, first, elsewhere), "they are never in one picture"


@pytest.mark.parametrize(
    ("effect", "unit", "much"),
    [(0.24, "log-odds", False), (0.26, "log-odds", True), (0.06, "probability", True), (0.001, "value", True)],
)
def test_a_small_effect_is_not_much_in_units_whose_size_is_known(effect, unit, much):
    assert moves_much(Experiment(effect, (0.0, 1.0), effect, 0.0, 0.001, 20, unit)) is much
