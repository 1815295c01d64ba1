"""One class and one line that registers it are all that a choice with parameters takes."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
from known_answers import colorful_image, known_answer, linear

import lime_core as lc
from lime_core.masks.fills import FILLS, Fill
from lime_core.masks.kernels import KERNELS, Kernel
from lime_core.masks.samplers import SAMPLERS, Sampler
from lime_core.parameters import parameter, parameters_of
from lime_core.settings.flags import add_spec_flags, command_line, flags_of, spec_from_flags
from lime_core.superpixels import SEGMENTATIONS, Segmentation
from lime_core.surrogates import problem as problems
from lime_core.surrogates.families import SURROGATES, Surrogate
from lime_core.surrogates.targets import TARGETS, Target

STAGES = ("segmentation", "query", "fit", "view")
BASE = lc.ExplainSpec(segmentation=lc.Grid(2, 3), fill="black", samples=64, target="probability")


@dataclass(frozen=True, slots=True)
class Stripes(Fill):
    """Stripes of one colour on black: a parameter of every kind."""

    name: ClassVar[str] = "stripes"

    line_width: int = parameter(4, "Width of a stripe, px.", low=1, high=64)
    brightness: float = parameter(0.1, "Brightness of the stripes.", low=0, high=1)
    slanted: bool = parameter(True, "Turn the stripes by half a right angle.")
    along: str = parameter("rows", "Direction of the stripes.", choices=("rows", "columns"))
    ink: tuple[int, int, int] = parameter((9, 9, 9), "Colour of the stripes.", kind="color", flat="stripe_ink")

    def paint(self, pixels, labels, seed=0):
        rows, columns = np.indices(labels.shape)
        position = (rows if self.along == "rows" else columns) + (columns if self.slanted else 0)
        striped = (position // self.line_width % 2)[..., None] * np.array(self.ink)
        return (striped * self.brightness).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class FewHidden(Sampler):
    """The same number of superpixels hidden in every mask."""

    name: ClassVar[str] = "few_hidden"

    hidden: int = parameter(2, "Superpixels hidden in each mask.", low=1, high=1022)

    def draw(self, samples, superpixels, seed):
        random = np.random.default_rng(seed)
        order = random.random((samples, superpixels)).argsort(axis=1)
        return (order >= self.hidden).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Marginal(Surrogate):
    """The mean with a superpixel shown less the mean with it hidden, drawn towards zero."""

    name: ClassVar[str] = "marginal"

    shrinkage: float = parameter(0.0, "Share taken off every coefficient.", low=0, high=1, stage="fit")

    def fit(self, problem, selection):
        masks, targets, mask_mean, target_mean = problem.centred()
        weighted = masks * problem.weights[:, None]
        coefficients = (1 - self.shrinkage) * (weighted.T @ targets / (weighted * masks).sum(axis=0)[:, None]).T
        supports = tuple(np.arange(masks.shape[1]) for _ in coefficients)
        return problems.linear(coefficients, target_mean - coefficients @ mask_mean, supports)


@dataclass(frozen=True, slots=True)
class Bands(Segmentation):
    """Horizontal bands."""

    name: ClassVar[str] = "bands"
    coarser: ClassVar[str] = "lower bands"
    finer: ClassVar[str] = "raise bands"

    bands: int = parameter(6, "Bands from top to bottom.", low=1, high=1023, stage="segmentation")

    def cut(self, pixels):
        height, width = pixels.shape[:2]
        return np.repeat((np.arange(height) * self.bands // height)[:, None], width, axis=1)


@dataclass(frozen=True, slots=True)
class Step(Kernel):
    """Weight 1 within a radius, and none beyond."""

    name: ClassVar[str] = "step"

    radius: float = parameter(1.0, "Distance up to which samples count.", low=0, high=10, stage="fit")

    def weights(self, distance):
        return (distance <= self.radius).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Power(Target):
    """A power of the output."""

    name: ClassVar[str] = "power"
    unit: ClassVar[str] = "power of the output"

    exponent: float = parameter(1.0, "Exponent.", low=0.1, high=10, stage="fit")

    def values(self, outputs):
        return outputs.astype(np.float64) ** self.exponent

    def outputs(self, values):
        return np.asarray(values, np.float64) ** (1 / self.exponent)


REGISTERED = {
    "kernel": (KERNELS, Step, {"radius": 0.5}, {"step-radius": ["0.5"]}),
    "target": (TARGETS, Power, {"exponent": 2.0}, {"power-exponent": ["2.0"]}),
    "fill": (FILLS, Stripes, {"line_width": 7}, {"stripes-line-width": ["7"]}),
    "sampler": (SAMPLERS, FewHidden, {"hidden": 1}, {"few-hidden-hidden": ["1"]}),
    "surrogate": (SURROGATES, Marginal, {"shrinkage": 0.25}, {"marginal-shrinkage": ["0.25"]}),
    "segmentation": (SEGMENTATIONS, Bands, {"bands": 8}, {"bands-bands": ["8"]}),
}


@pytest.fixture(params=REGISTERED)
def registered(request):
    """Field, class, changed parameters and their flags of an option that is registered for one test."""
    registry, option, changes, flags = REGISTERED[request.param]
    registry.register(option)
    yield request.param, option, changes, flags
    registry.unregister(option.name)


def test_a_registered_option_explains_by_its_plain_name(registered):
    field, option, _, _ = registered
    image, spec = colorful_image(), replace(BASE, **{field: option.name})
    assert getattr(spec, field) == option()
    weights = np.array([0.3, 0.1, 0.0, 0.0, 0.0, 0.05])
    explanation = lc.explain(image, known_answer(linear(weights), image, spec), spec)
    assert getattr(explanation.spec, field) == option()
    assert explanation.top_features(0, 1) == (0,)
    assert explanation[0].trust is not None


def test_a_registered_option_has_flags_and_they_go_there_and_back(registered):
    field, option, changes, flags = registered
    changed = option(**changes)
    assert spec_from_flags(flags) == lc.ExplainSpec(**{field: changed})  # its flag alone says which one is meant
    spec = replace(BASE, **{field: changed})
    written = flags_of(spec)
    assert flags.items() <= written.items()
    assert written[field] == [option.name]
    assert spec_from_flags(written) == spec
    assert f"--{next(iter(flags))}" in command_line(spec, "cat.jpg")


def test_a_registered_option_stands_in_the_help(registered):
    option = registered[1]
    parser = argparse.ArgumentParser(argument_default=argparse.SUPPRESS)
    add_spec_flags(parser)
    text = " ".join(parser.format_help().split())
    assert option.name in text
    for rule in parameters_of(option).values():
        assert rule.help in text


def test_a_registered_option_survives_json(registered):
    field, option, changes, _ = registered
    spec = replace(BASE, **{field: option(**changes)})
    assert lc.ExplainSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


def test_a_registered_option_and_its_parameters_have_digests_of_their_own_in_their_stage_only(registered):
    field, option, changes, _ = registered
    stage = parameters_of(lc.ExplainSpec)[field].stage
    plain, changed = (replace(BASE, **{field: value}) for value in (option(), option(**changes)))
    for each in STAGES:
        digests = {spec.digest(each) for spec in (BASE, plain, changed)}
        assert len(digests) == (3 if each == stage else 1)


def test_a_registered_option_refuses_what_is_out_of_range_and_what_it_does_not_have(registered):
    field, option, changes, _ = registered
    name = next(iter(changes))
    with pytest.raises(lc.SpecError, match=f"{name} must be in"):
        option(**{name: 10_000})
    with pytest.raises(lc.SpecError, match=f"Unknown settings of {option.name}: magic"):
        lc.ExplainSpec.from_dict({field: {"name": option.name, "magic": 1}})


def test_what_is_no_longer_registered_is_refused():
    for field, (registry, option, changes, flags) in REGISTERED.items():
        registry.register(option)
        registry.unregister(option.name)
        for value in (option.name, option(**changes)):
            with pytest.raises(lc.SpecError, match=f"{field} must be one of"):
                replace(BASE, **{field: value})
        with pytest.raises(lc.SpecError, match="Unrecognized arguments"):
            spec_from_flags(flags)


def test_a_kernel_without_a_width_that_is_too_narrow_is_named_and_its_verdict_changes_no_width():
    KERNELS.register(Step)
    try:
        spec = replace(BASE, segmentation=lc.Grid(4, 5), kernel=Step(radius=0.0), normalize_weights=False)
        image = colorful_image()
        classifier = known_answer(linear(np.arange(20) / 400), image, spec)
        with pytest.raises(lc.SpecError, match=r"Step\(radius=0\.0\) gives every sample a weight of nothing"):
            lc.explain(image, classifier, spec)
        trust = lc.explain(image, classifier, replace(spec, include_original=True))[0].trust
        assert (trust.level, trust.advice, trust.changes) == ("meaningless", "Use a wider kernel.", {})
    finally:
        KERNELS.unregister("step")


def test_two_options_cannot_share_a_name():
    @dataclass(frozen=True, slots=True)
    class OtherBlur(Stripes):
        name: ClassVar[str] = "blur"

    with pytest.raises(lc.SpecError, match="a fill named 'blur' already"):
        FILLS.register(OtherBlur)
    assert FILLS.register(FILLS["blur"]) is FILLS["blur"]  # the same one again changes nothing


@pytest.mark.parametrize(
    ("changes", "flags"),
    [
        ({"brightness": 1 / 3}, {"stripes-brightness": [repr(1 / 3)]}),
        ({"slanted": False}, {"no-stripes-slanted": []}),
        ({"along": "columns"}, {"stripes-along": ["columns"]}),
        ({"ink": (1, 2, 3)}, {"stripe-ink": ["1", "2", "3"]}),
        ({}, {}),
    ],
)
def test_a_parameter_of_every_kind_has_a_flag(changes, flags):
    FILLS.register(Stripes)
    try:
        spec = lc.ExplainSpec(fill=Stripes(**changes))
        assert flags_of(spec) == {"fill": ["stripes"], **flags}
        assert spec_from_flags(flags_of(spec)) == spec
        # A flat name is a setting of its own.
        assert lc.ExplainSpec(fill="stripes", stripe_ink=(1, 2, 3)).fill.ink == (1, 2, 3)
    finally:
        FILLS.unregister("stripes")
