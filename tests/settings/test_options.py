"""Every option of every registry, and their parameters under flat names."""

from __future__ import annotations

import copy
import inspect
import json
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

import lime_core as lc
from lime_core.parameters import parameters_of

REGISTRIES = {name: rule.registry for name, rule in parameters_of(lc.ExplainSpec).items() if rule.registry is not None}
LABELS = np.arange(12).reshape(3, 4)
OPTIONS = [(field, name) for field, registry in REGISTRIES.items() for name in registry]


def made(field, name):
    """An option with its defaults, and the same with every parameter at another value."""
    cls = REGISTRIES[field][name]
    if cls is lc.LabelMap:
        return lc.LabelMap(LABELS), lc.LabelMap(LABELS.T)
    plain = cls()
    values = {parameter: another(rule, getattr(plain, parameter)) for parameter, rule in parameters_of(cls).items()}
    return plain, cls(**values)


def another(rule, value):
    if rule.kind == "color":
        return (1, 2, 3)
    step = 1 if rule.kind == "int" else value / 3 or 0.1
    return value + step if rule.high is None or value + step <= rule.high else value - step


def test_every_kind_of_option_is_a_setting():
    assert set(REGISTRIES) == {"segmentation", "sampler", "fill", "target", "kernel", "surrogate", "selection"}


@pytest.mark.parametrize(("field", "name"), OPTIONS)
def test_an_option_survives_its_dictionary_and_json(field, name):
    for option in made(field, name):
        values = json.loads(json.dumps(option.to_dict()))
        assert values.pop("name") == name
        assert type(option).from_dict(values) == option
        assert hash(type(option).from_dict(values)) == hash(option)
        assert REGISTRIES[field].make({"name": name, **values}) == option


@pytest.mark.parametrize(("field", "name"), OPTIONS)
def test_a_spec_with_it_survives_json_and_copies(field, name):
    for option in made(field, name):
        spec = lc.ExplainSpec(**{field: option})
        assert getattr(spec, field) is option
        assert lc.ExplainSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec
        assert copy.deepcopy(spec) == spec
        assert hash(copy.deepcopy(spec)) == hash(spec)


@pytest.mark.parametrize(("field", "name"), [each for each in OPTIONS if each[1] != "label_map"])
def test_a_plain_name_is_the_option_with_its_defaults(field, name):
    assert getattr(lc.ExplainSpec(**{field: name}), field) == REGISTRIES[field][name]()


@pytest.mark.parametrize(("field", "name"), OPTIONS)
def test_an_option_is_frozen_and_refuses_unknown_parameters(field, name):
    plain, changed = made(field, name)
    assert (plain == changed) == (not parameters_of(plain))
    with pytest.raises((FrozenInstanceError, AttributeError, TypeError)):  # TypeError: CPython, of slotted subclasses
        plain.magic = 1
    if name != "label_map":
        with pytest.raises(lc.SpecError, match=f"Unknown settings of {name}: magic"):
            type(plain).from_dict({"magic": 1})


@pytest.mark.parametrize("field", REGISTRIES)
def test_a_registry_reads_like_a_dictionary(field):
    registry = REGISTRIES[field]
    assert dict(registry).keys() == set(registry)
    assert all(registry[name].name == name for name in registry)
    assert "magic" not in registry
    assert len(registry) == len(list(registry))
    assert set(registry.offered) <= set(registry)


@pytest.mark.parametrize("field", REGISTRIES)
@pytest.mark.parametrize("value", ["magic", 3, None, {"name": "magic"}, {}, [], object])
def test_what_is_no_option_is_refused_with_the_names_on_offer(field, value):
    with pytest.raises(lc.SpecError, match=f"{field} must be one of {next(iter(REGISTRIES[field]))}"):
        lc.ExplainSpec(**{field: value})


# Flat names

FLAT = [
    ({"kernel_width": 0.5}, "kernel", lc.kernels.LimeKernel(width=0.5)),
    ({"kernel": "gaussian", "kernel_width": 0.5}, "kernel", lc.kernels.Gaussian(width=0.5)),
    ({"alpha": 1}, "surrogate", lc.surrogates.Ridge(alpha=1.0)),
    ({"surrogate": "lasso", "alpha": 1}, "surrogate", lc.surrogates.Lasso(alpha=1.0)),
    ({"sampler": "iid", "keep_probability": 0.7}, "sampler", lc.samplers.Iid(keep_probability=0.7)),
    ({"sampler": "mixed_rate", "max_hide_rate": 0.5}, "sampler", lc.samplers.MixedRate(max_hide_rate=0.5)),
    ({"fill": "color", "fill_color": [1, 2, 3]}, "fill", lc.fills.Color(color=(1, 2, 3))),
    ({"fill_blur_sigma": 3}, "fill", lc.fills.Blur(sigma=3.0)),
    ({"selection": "forward", "max_features": 4}, "selection", lc.selections.Forward(max_features=4)),
    ({"log_odds_cut": 1e-5}, "target", lc.targets.LogOdds(cut=1e-5)),
    ({"top_k": 3}, "view", lc.View(top_k=3)),
    ({"sign": "negative"}, "view", lc.View(sign="negative")),
    ({"hide_unsure": False}, "view", lc.View(hide_unsure=False)),
    ({"view": "jet", "opacity": 0.25, "smoothing": 3}, "view", lc.View("jet", opacity=0.25, smoothing=3.0)),
]


@pytest.mark.parametrize(("settings", "field", "expected"), FLAT)
def test_a_flat_name_sets_the_parameter_of_the_chosen_option(settings, field, expected):
    assert getattr(lc.ExplainSpec(**settings), field) == expected
    assert getattr(replace(lc.ExplainSpec(), **settings), field) == expected


def test_a_flat_name_leaves_the_other_parameters_and_settings_as_they_are():
    spec = lc.ExplainSpec(view=lc.View("jet", opacity=0.25), segmentation=lc.Grid(2, 3), seed=4)
    changed = replace(spec, top_k=2)
    assert changed.view == lc.View("jet", top_k=2, opacity=0.25)
    assert replace(changed, view=spec.view) == spec
    assert spec.view.top_k == 5


def test_an_object_and_a_flat_name_go_together():
    assert lc.ExplainSpec(fill=lc.fills.Blur(sigma=3), fill_blur_sigma=4).fill.sigma == 4


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"keep_probability": 0.8}, r"keep_probability=0\.8 needs sampler 'iid'; the sampler is 'balanced'"),
        ({"max_hide_rate": 0.5}, "needs sampler 'mixed_rate'"),
        ({"fill_color": (1, 2, 3)}, "needs fill 'color'; the fill is 'blur'"),
        ({"fill": "grey", "fill_blur_sigma": 3}, "needs fill 'blur'; the fill is 'grey'"),
        ({"max_features": 3}, "needs selection 'auto' or 'highest_weights' or 'forward' or 'backward' or 'lasso_path'"),
        ({"kernel": "none", "kernel_width": 0.5}, "needs kernel 'lime' or 'gaussian'; the kernel is 'none'"),
        ({"surrogate": "tree", "alpha": 1}, "needs surrogate 'ridge' or 'lasso'; the surrogate is 'tree'"),
        ({"target": "probability", "log_odds_cut": 1e-5}, "needs target 'log_odds'; the target is 'probability'"),
    ],
)
def test_a_flat_name_whose_owner_is_not_chosen_is_refused_with_its_owner(settings, message):
    with pytest.raises(lc.SpecError, match=message):
        lc.ExplainSpec(**settings)
    with pytest.raises(lc.SpecError, match=message):
        replace(lc.ExplainSpec(), **settings)


@pytest.mark.parametrize(
    "color", [(0.5, 0.5, 0.5), "123", b"123", (1, 2), (1, 2, 3, 4), (1, 2, 256), (-1, 0, 0), 7, None]
)
def test_a_colour_is_three_whole_numbers_and_nothing_else(color):
    for make in (lambda: lc.fills.Color(color=color), lambda: lc.ExplainSpec(fill="color", fill_color=color)):
        with pytest.raises(lc.SpecError, match="fill_color must be three whole numbers"):
            make()


def test_a_colour_may_be_numpy_numbers():
    assert lc.fills.Color(np.array([1, 2, 3], np.uint8)).to_dict()["color"] == [1, 2, 3]


def test_flat_names_can_be_read_where_there_is_one_owner():
    spec = lc.ExplainSpec(kernel_width=0.5, top_k=3)
    assert (spec.kernel_width, spec.top_k, spec.unit) == (0.5, 3, "log-odds")
    assert lc.ExplainSpec(kernel="none").kernel_width is None


def test_settings_are_keywords_that_help_can_name():
    assert {"samples", "kernel_width", "top_k", "fill_color", "view"} <= set(
        inspect.signature(lc.ExplainSpec).parameters
    )
    with pytest.raises(TypeError):
        lc.ExplainSpec(lc.Slic())
