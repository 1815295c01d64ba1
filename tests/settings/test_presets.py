"""The table of other people's settings, once more and independently, so that neither can drift."""

from __future__ import annotations

import dataclasses

import pytest

import lime_core as lc
from lime_core.parameters import parameters_of

QUICKSHIFT = lc.Quickshift(kernel_size=4, max_dist=200, ratio=0.2)

TABLE = {
    "lime": {
        "segmentation": QUICKSHIFT, "fill": "segment_mean", "samples": 1000, "sampler": "lime",
        "include_original": True, "distance": "cosine", "kernel": "lime", "kernel_width": 0.25, "surrogate": "ridge",
        "alpha": 1.0, "normalize_weights": False, "top_k": 5, "sign": "positive", "view": "outline",
    },
    "paper": {
        "segmentation": QUICKSHIFT, "fill": "grey", "samples": 1000, "distance": "l2_pixels", "kernel": "gaussian",
        "selection": "lasso_path", "max_features": 10, "top_classes": 3, "view": "hide_rest",
    },
    "tutorial": {
        "segmentation": QUICKSHIFT, "fill": "grey", "samples": 150, "keep_probability": 0.5,
        "include_original": False, "distance": "cosine", "kernel": "lime", "kernel_width": 0.25,
        "surrogate": "least_squares", "top_k": 4, "view": "hide_rest",
    },
    "matlab-blog": {
        "segmentation": lc.Slic(n_segments=75, compactness=10), "fill": "black", "samples": 1000, "sampler": "iid",
        "keep_probability": 0.8, "distance": "hidden_fraction", "kernel": "gaussian", "kernel_width": 0.35,
        "surrogate": "least_squares", "sign": "positive", "view": "jet", "smoothing": 8.0, "opacity": 0.5,
    },
    "matlab-script": {
        "segmentation": lc.Slic(n_segments=75, compactness=10), "fill": "black", "samples": 1000,
        "sampler": "mixed_rate",
        "max_hide_rate": 0.8, "distance": "hidden_fraction", "kernel": "gaussian", "kernel_width": 0.35,
        "surrogate": "least_squares", "view": "jet",
    },
    "imagelime": {
        "segmentation": lc.Slic(n_segments=49, compactness=10), "fill": "image_mean", "samples": 2048, "kernel": "none",
        "surrogate": "tree", "view": "heatmap",
    },
    "imagelime-linear": {
        "segmentation": lc.Slic(n_segments=49, compactness=10), "fill": "image_mean", "samples": 2048, "kernel": "none",
        "surrogate": "lasso",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_a_preset_has_its_authors_settings(name):
    spec = lc.preset(name)
    assert {setting: value_of(spec, setting) for setting in TABLE[name]} == TABLE[name]


def value_of(spec, setting):
    """A field, options by their name but segmentations whole; or a parameter of a chosen option by its flat name."""
    for field in parameters_of(spec):
        value = getattr(spec, field)
        if field == setting:
            return value if field == "segmentation" else getattr(value, "name", value)
        rules = parameters_of(value) if dataclasses.is_dataclass(value) else {}
        for attribute, rule in rules.items():
            if rule.flat == setting:
                return getattr(value, attribute)
    raise KeyError(setting)


def test_every_preset_stands_in_the_table_and_the_default_is_the_default():
    assert set(lc.PRESETS) == {*TABLE, "default"}
    assert lc.preset("default") == lc.ExplainSpec()


def test_an_unknown_preset_names_the_known_ones():
    with pytest.raises(lc.SpecError, match=r"matlab-blog.*got 'limes'"):
        lc.preset("limes")
