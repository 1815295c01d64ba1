"""Random valid settings, drawn from their declarations: what is declared tomorrow is drawn tomorrow."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import lime_core as lc
from lime_core.parameters import Parameter, parameters_of


def values_of(rule: Parameter) -> st.SearchStrategy[Any]:
    """Every value that a declaration allows."""
    if rule.kind == "bool":
        return st.booleans()
    if rule.kind == "choice":
        return st.sampled_from(rule.choices)
    if rule.kind == "color":
        return st.tuples(*[st.integers(0, 255)] * 3)
    if rule.kind == "int":
        return st.integers(int(rule.low), int(rule.high))
    if rule.kind == "float":
        return st.floats(float(rule.low), float(rule.high))
    assert rule.kind == "option", f"nobody says how to draw a {rule.kind}"
    return st.one_of([options_of(rule.registry[name]) for name in rule.registry])


def options_of(cls: type) -> st.SearchStrategy[Any]:
    if cls is lc.LabelMap:
        return st.lists(st.integers(-9, 10**12), min_size=2, max_size=6).map(lambda row: lc.LabelMap(np.array([row])))
    return st.builds(cls, **{name: values_of(rule) for name, rule in parameters_of(cls).items()})


@st.composite
def specs(draw: st.DrawFn) -> lc.ExplainSpec:
    """Settings that are valid together."""
    rules = parameters_of(lc.ExplainSpec)
    own = {"classes", "view"}
    values = {name: draw(values_of(rule)) for name, rule in rules.items() if name not in own}
    if values["surrogate"].selects:
        values["selection"] = lc.selections.All()
    indices = st.lists(st.integers(0, 2000), min_size=1, max_size=5, unique=True).map(tuple)
    values["classes"] = draw(st.none() | indices)
    values["view"] = draw(options_of(lc.View))
    return lc.ExplainSpec(**values)
