"""What holds of all settings, tried on random valid ones."""

from __future__ import annotations

import argparse
import dataclasses
import json
import shlex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from valid_specs import specs

import lime_core as lc
from lime_core.cli.parser import build_parser
from lime_core.parameters import Option, parameters_of
from lime_core.settings.flags import add_spec_flags, command_line, flags_of, spec_from, spec_from_flags


def writable(spec: lc.ExplainSpec) -> lc.ExplainSpec:
    """The settings without what no flag can say: a label map, and what only a method makes use of."""
    changes = {}
    for name in parameters_of(spec):
        value = getattr(spec, name)
        if isinstance(value, Option) and (isinstance(value, lc.LabelMap) or not value.offered):
            changes[name] = getattr(lc.ExplainSpec(), name)
    return dataclasses.replace(spec, **changes)


@given(specs())
def test_settings_survive_json(spec):
    document = json.loads(json.dumps(spec.to_dict(), allow_nan=False))
    again = lc.ExplainSpec.from_dict(document)
    assert again == spec
    assert hash(again) == hash(spec)
    assert again.to_dict() == spec.to_dict()
    assert again.digest("segmentation", "query", "fit", "view") == spec.digest("segmentation", "query", "fit", "view")


@given(specs())
def test_settings_survive_their_flags(spec):
    spec = writable(spec)
    flags = flags_of(spec)
    assert all(isinstance(text, str) for texts in flags.values() for text in texts)
    assert spec_from_flags(flags) == spec
    assert flags_of(spec_from_flags(flags)) == flags


@given(specs())
@settings(max_examples=30)
def test_settings_survive_the_command_that_repeats_them(spec):
    spec = writable(spec)
    words = shlex.split(command_line(spec, "a cat.png"))[3:]
    options = build_parser().parse_args(words)
    assert options.image == "a cat.png"
    assert spec_from(options, lc.preset(options.preset)) == spec


@given(specs())
def test_the_default_has_no_flags_and_every_flag_makes_a_difference(spec):
    assert flags_of(lc.ExplainSpec()) == {}
    for flag, texts in flags_of(writable(spec)).items():
        assert not texts or all(texts), flag


@given(specs(), st.sampled_from(["default", "lime", "matlab-blog", "imagelime"]))
@settings(max_examples=30)
def test_flags_that_are_not_given_leave_a_preset_as_it_is(spec, name):
    parser = argparse.ArgumentParser(argument_default=argparse.SUPPRESS)
    add_spec_flags(parser)
    assert spec_from(parser.parse_args([]), lc.preset(name)) == lc.preset(name)
    assert spec_from(parser.parse_args([]), spec) == spec


NUMBERS = [(name, rule) for name, rule in parameters_of(lc.ExplainSpec).items() if rule.kind in ("int", "float")]


@given(st.data(), st.sampled_from(NUMBERS))
def test_a_number_outside_its_range_is_refused_with_the_whole_range(data, declared):
    name, rule = declared
    if rule.kind == "int":
        outside = st.integers(max_value=int(rule.low) - 1) | st.integers(min_value=int(rule.high) + 1)
    else:
        outside = st.floats(max_value=rule.low, exclude_max=True) | st.floats(min_value=rule.high, exclude_min=True)
    value = data.draw(outside)
    with pytest.raises(lc.SpecError) as refused:
        lc.ExplainSpec(**{name: value})
    low, high = str(refused.value).split(" in ")[1].split(";")[0].split("..")
    assert (float(low), float(high)) == (rule.low, rule.high)
    assert repr(value) in str(refused.value)
