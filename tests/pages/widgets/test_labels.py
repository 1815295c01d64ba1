"""Names for people: every setting and choice has one, and a change is said in a line."""

from __future__ import annotations

from dataclasses import replace

import pytest

import lime_core as lc
from lime_core.masks.fills import FILLS
from lime_core.masks.samplers import SAMPLERS
from lime_core.parameters import parameters_of
from lime_core.superpixels import SEGMENTATIONS
from lime_core.surrogates.families import SURROGATES
from lime_core.surrogates.selection import SELECTIONS
from pages.state.widget_state import SPEC_RULES
from pages.widgets import labels


@pytest.mark.parametrize(
    "registry", [FILLS, SAMPLERS, SEGMENTATIONS, SELECTIONS, SURROGATES], ids=lambda each: each.kind
)
def test_every_choice_that_is_offered_has_a_name(registry) -> None:
    assert set(registry.offered) <= set(labels.CHOICES)


def test_every_setting_has_a_name() -> None:
    assert set(SPEC_RULES) <= set(labels.LABELS)


@pytest.mark.parametrize(
    "registry", [FILLS, SAMPLERS, SEGMENTATIONS, SELECTIONS, SURROGATES], ids=lambda each: each.kind
)
def test_every_parameter_of_what_is_offered_has_a_name(registry) -> None:
    for name in registry.offered:
        for field, rule in parameters_of(registry[name]).items():
            assert rule.kind == "other" or labels.parameter_name(name, field, rule) in labels.LABELS


def test_a_field_of_another_option_does_not_take_the_name() -> None:
    assert labels.label("frosted.sigma") == "Sigma"


def test_what_has_no_name_is_spelled_after_itself() -> None:
    assert labels.label("tile_side") == "Tile side"
    assert labels.choice("chequered_squares") == "chequered squares"


def test_a_change_is_said_with_the_parameters_of_options() -> None:
    before = lc.ExplainSpec()
    after = replace(before, samples=64, fill=lc.fills.Color(color=(1, 2, 3)), top_k=3, segmentation=lc.Grid(rows=4))
    assert labels.changes(before, after) == (
        "Superpixels by SLIC → Grid",
        "Rows – → 4",
        "Columns – → 7",
        "Samples 1000 → 64",
        "Hidden superpixels become blurred → one colour",
        "Fill colour – → 1, 2, 3",
        "K 5 → 3",
    )


def test_nothing_is_said_without_a_change() -> None:
    assert labels.changes(lc.ExplainSpec(), lc.ExplainSpec()) == ()
