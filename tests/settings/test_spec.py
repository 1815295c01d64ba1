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
        ({"fill": "color", "fill_color": (1, 2)}, "three whole numbers"),
        ({"fill": "color", "fill_color": (1, 2, 256)}, "three whole numbers"),
        ({"fill": "color", "fill_color": (0.5, 0.5, 0.5)}, "three whole numbers"),
        ({"fill": "color", "fill_color": (True, 0, 0)}, "three whole numbers"),
        ({"fill": "color", "fill_color": "123"}, "three whole numbers"),
        ({"fill": "color", "fill_color": b"123"}, "three whole numbers"),
        ({"include_original": 1}, "must be True or False"),
        ({"segmentation": "voronoi"}, "segmentation must be one of slic, quickshift"),
        ({"fill": lc.Slic()}, "fill must be one of image_mean, segment_mean"),
        ({"view": "mosaic"}, "view must be one of overlay, outline"),
        ({"view": 3}, "view must be a View, or one of overlay"),
        ({"opacity": 2}, r"opacity must be in 0\.\.1; got 2"),
        ({"top_k": 0}, r"top_k must be in 1\.\.1023; got 0"),
        ({"smples": 10}, "Unknown settings: smples"),
        ({"classes": ()}, "classes must be"),
        ({"classes": (1, 1)}, "distinct"),
        ({"classes": (-1,)}, "classes must be"),
        ({"classes": 5}, "classes must be"),
        ({"keep_probability": 0.8}, "needs sampler 'iid'"),
        ({"surrogate": "tree", "selection": "forward"}, "selects by itself"),
    ],
)
def test_a_setting_out_of_range_is_refused_with_what_is_allowed(changes, message):
    with pytest.raises(lc.SpecError, match=message):
        replace(lc.ExplainSpec(), **changes)


def test_numpy_numbers_become_plain_ones():
    spec = lc.ExplainSpec(samples=np.int64(64), alpha=1, classes=np.array([3, 1]))
    assert type(spec.samples) is int
    assert type(spec.surrogate.alpha) is float
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
    [
        {"smples": 10},
        {"view": {"topk": 3}},
        {"fill": {"name": "grey", "sigma": 3}},
        {"segmentation": {"name": "magic"}},
        {"segmentation": {"name": "slic", "n": 3}},
    ],
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


def test_every_parameter_of_an_option_changes_the_digest_of_the_stage_of_its_field():
    for field, rule in parameters_of(lc.ExplainSpec).items():
        for option in (rule.registry or {}).values():
            for name, inner in parameters_of(option).items():
                if option is not lc.LabelMap:
                    changed = replace(option(), **{name: another_value(inner, getattr(option(), name))})
                    one, other = (lc.ExplainSpec(**{field: value}) for value in (option(), changed))
                    assert one.digest(rule.stage) != other.digest(rule.stage), (option.name, name)
                    assert inner.stage == rule.stage, (option.name, name)


def another_value(rule, value):
    if rule.kind == "choice":
        return next(choice for choice in rule.choices if choice != value)
    if rule.kind == "option":
        return next(name for name in rule.registry.offered if name not in (value.name, "tree", "label_map"))
    if rule.kind == "group":
        return lc.View(opacity=0.25)
    if rule.kind == "bool":
        return not value
    if rule.kind == "color":
        return (1, 2, 3)
    if rule.kind == "other":
        return (1,)
    return (
        value + 1 if rule.kind == "int" and value + 1 <= rule.high else value / 2 if rule.kind == "float" else value - 1
    )


def test_settings_of_two_methods_with_equal_fields_do_not_collide():
    slic, watershed = lc.Slic(n_segments=20), lc.Watershed(markers=20)
    assert replace(lc.ExplainSpec(), segmentation=slic).digest("segmentation") != replace(
        lc.ExplainSpec(), segmentation=watershed
    ).digest("segmentation")
