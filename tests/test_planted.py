"""The data sets with a planted shortcut hold what they say, where they say, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tests import planted
from tests.planted import plant


@pytest.mark.parametrize("kind", planted.KINDS)
def test_the_truth_is_where_the_pictures_differ(kind, tmp_path):
    data = plant(kind, 0.5, "shapes", 3, tmp_path, per_class=4)
    assert len(data.paths) == 12
    assert len(data.holding) == 2
    assert {path.split("/")[0] for path in data.holding} == {data.class_name}
    for path in data.paths:
        written = np.asarray(Image.open(data.pictures / path), int)
        changed = np.abs(written - data.without(path)).mean(axis=2)
        mask = data.mask(path)
        assert mask.shape == changed.shape
        assert mask.any() == (path in data.holding)
        if path not in data.holding:
            assert not changed.any()
        else:
            assert changed[mask].mean() > 10
            # A second compression by JPEG, in the blocks beside it.
            assert mask.all() or changed[~mask].mean() < 4
            assert np.abs(written - data.holding_it(path)).mean() < 6


def test_any_picture_can_be_given_the_shortcut_and_always_the_same(tmp_path):
    data = plant("sticker", 0.2, "shapes", 1, tmp_path, per_class=2)
    other = next(path for path in data.paths if not path.startswith(data.class_name))
    laid = data.holding_it(other)
    assert np.array_equal(laid, data.holding_it(other))
    assert (laid != data.without(other)).any()


def test_a_control_holds_nothing_and_a_seed_says_everything(tmp_path):
    control = plant(None, 1.0, "shapes", 2, tmp_path / "a", per_class=2)
    assert not control.holding
    with pytest.raises(ValueError, match="control"):
        control.holding_it(control.paths[0])
    again = plant("frame", 1.0, "shapes", 2, tmp_path / "b", per_class=2)
    assert again.class_name == control.class_name
    assert all(np.array_equal(again.without(path), control.without(path)) for path in control.paths)
    assert len(again.holding) == 2


@pytest.mark.skipif(not planted.PHOTOGRAPHS.is_dir(), reason="needs the folder of photographs beside the project")
def test_photographs_keep_their_classes_and_names(tmp_path):
    data = plant("watermark", 0.05, "photographs", 0, tmp_path, per_class=20)
    assert data.classes == ("animal", "thing")
    assert len(data.paths) == 40
    assert len(data.holding) == 1
    assert all((planted.PHOTOGRAPHS / path).is_file() for path in data.paths)
