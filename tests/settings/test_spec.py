from __future__ import annotations

import dataclasses
import json
from dataclasses import replace

import numpy as np
import pytest

import lime_core as lc
from lime_core.parameters import parameters_of


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"samples": 1}, r"samples must be in 2\.\.100000; got 1"),
        ({"samples": 10.5}, "samples must be a whole number"),
        ({"samples": True}, "samples must be a whole number"),
        ({"samples": "many"}, "got 'many'"),
        ({"kernel_width": 0}, "kernel_width must be in"),
        ({"kernel_width": float("nan")}, "kernel_width must be"),
        ({"alpha": float("inf")}, "alpha must be"),
        ({"fill": "magenta"}, "fill must be one of image_mean, segment_mean"),
        ({"fill_color": (1, 2)}, "three whole numbers"),
        ({"fill_color": (1, 2, 256)}, "three whole numbers"),
        ({"include_original": 1}, "must be True or False"),
        ({"segmentation": "slic"}, "segmentation must be one of Slic"),
        ({"classes": ()}, "classes must be"),
        ({"classes": (1, 1)}, "distinct"),
        ({"classes": (-1,)}, "classes must be"),
        ({"classes": 5}, "classes must be"),
        ({"keep_probability": 0.8}, "needs sampler 'iid'"),
        ({"surrogate": "tree", "selection": "forward"}, "selects by itself"),
        ({"surrogate": "tree", "sign": "negative"}, "no negative importance"),
    ],
)
def test_a_setting_out_of_range_is_refused_with_what_is_allowed(changes, message):
    with pytest.raises(lc.SpecError, match=message):
        replace(lc.ExplainSpec(), **changes)


def test_numpy_numbers_become_plain_ones():
    spec = lc.ExplainSpec(samples=np.int64(64), alpha=1, classes=np.array([3, 1]))
    assert type(spec.samples) is int
    assert type(spec.alpha) is float
    assert spec.classes == (3, 1)
    assert spec.digest("query") == lc.ExplainSpec(samples=64).digest("query")


@pytest.mark.parametrize("name", lc.PRESETS)
def test_every_preset_survives_json(name):
    spec = lc.preset(name)
    assert lc.ExplainSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


def test_a_label_map_survives_json():
    spec = lc.ExplainSpec(segmentation=lc.LabelMap(np.arange(12).reshape(3, 4)), classes=(2, 1))
    assert lc.ExplainSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


@pytest.mark.parametrize(
    "values",
    [{"smples": 10}, {"segmentation": {"method": "magic"}}, {"segmentation": {"method": "slic", "n": 3}}],
)
def test_unknown_names_are_refused(values):
    with pytest.raises(lc.SpecError):
        lc.ExplainSpec.from_dict(values)


def test_every_field_is_declared_and_changes_the_digest_of_its_own_stage_only():
    stages = ("segmentation", "query", "fit", "view")
    base = lc.ExplainSpec(sampler="iid")
    rules = parameters_of(lc.ExplainSpec)
    assert set(rules) == {field.name for field in dataclasses.fields(lc.ExplainSpec)}
    for name, rule in rules.items():
        changed = replace(base, **{name: another_value(rule, getattr(base, name))})
        differs = [stage for stage in stages if changed.digest(stage) != base.digest(stage)]
        assert differs == [rule.stage], name


def another_value(rule, value):
    if rule.kind == "choice":
        return next(choice for choice in rule.choices if choice != value and choice not in ("tree", "lime", "balanced"))
    if rule.kind == "bool":
        return not value
    if rule.kind == "color":
        return (1, 2, 3)
    if rule.kind == "other":
        return lc.Grid() if isinstance(value, lc.Slic) else (1,)
    return (
        value + 1 if rule.kind == "int" and value + 1 <= rule.high else value / 2 if rule.kind == "float" else value - 1
    )


def test_settings_of_two_methods_with_equal_fields_do_not_collide():
    slic, watershed = lc.Slic(n_segments=20), lc.Watershed(markers=20)
    assert replace(lc.ExplainSpec(), segmentation=slic).digest("segmentation") != replace(
        lc.ExplainSpec(), segmentation=watershed
    ).digest("segmentation")
