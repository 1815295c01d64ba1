"""The last three steps: from the model's answers to the explanation."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

import lime_core as lc
from lime_core.explanation.explanation import CONFIDENT
from lime_core.masks.kernels import as_outputs, distances, kernel_weights, target_values
from lime_core.settings.spec import Sign
from pages.screens.explain import results
from pages.screens.walkthrough.stepper import Step, Walk
from pages.screens.walkthrough.steps_asking import choose_class
from pages.state.session import Session
from pages.widgets import charts, controls
from pages.widgets import labels as words
from pages.widgets import verdicts as verdict

_QUIET = {"displayModeBar": False}
_MOST_POINTS = 2000  # a browser draws no more of them smoothly
_PENALTIES = {"ridge": r" + \alpha \sum_j \beta_j^2", "lasso": r" + \alpha \sum_j |\beta_j|", "least_squares": ""}


def _weighed(walk: Walk) -> tuple[np.ndarray, np.ndarray]:
    """Return each sample's distance and weight."""
    neighborhood, spec = walk.neighborhood, walk.state.spec
    distance = distances(neighborhood.masks, neighborhood.energy, spec.distance)
    return distance, kernel_weights(distance, spec.kernel, spec.kernel_width)


def _tell_weights(walk: Walk) -> None:
    distance, weight = _weighed(walk)
    sample, spec = walk.sample, walk.state.spec
    st.markdown(
        "A picture with little hidden tells more about *this* picture than one with nearly everything hidden. So each "
        "sample gets a distance from the original, and the *kernel* turns it into a weight. For sample "
        f"{sample}, which shows {int(walk.mask.sum())} of {len(walk.mask)}:"
    )
    st.latex(_distance_formula(spec, walk.mask, distance[sample]))
    st.latex(_kernel_formula(spec, distance[sample], weight[sample]))
    effective = weight.sum() ** 2 / (weight**2).sum()
    st.markdown(
        f"All {len(weight):,} samples together count as much as {effective:,.0f} of equal weight (the *effective "
        "sample size*). A narrow kernel stays near the picture but leaves few samples that count."
    )


def _distance_formula(spec: lc.ExplainSpec, mask: np.ndarray, distance: float) -> str:
    shown, count = int(mask.sum()), len(mask)
    if spec.distance == "cosine":
        return rf"D = 1 - \sqrt{{k/S}} = 1 - \sqrt{{{shown}/{count}}} = {distance:.3f}"
    if spec.distance == "hidden_fraction":
        return rf"D = 1 - k/S = 1 - {shown}/{count} = {distance:.3f}"
    return rf"D = \sqrt{{\text{{mean squared pixel difference}}}} = {distance:.3f}"


def _kernel_formula(spec: lc.ExplainSpec, distance: float, weight: float) -> str:
    ratio = rf"{distance:.3f}^2 / {spec.kernel_width:g}^2"
    if spec.kernel == "none":
        return "w = 1"
    if spec.kernel == "gaussian":
        return rf"w = e^{{-D^2/\sigma^2}} = e^{{-{ratio}}} = {weight:.3f}"
    return rf"w = \sqrt{{e^{{-D^2/\sigma^2}}}} = \sqrt{{e^{{-{ratio}}}}} = {weight:.3f}"


def _show_weights(walk: Walk) -> None:
    distance, weight = _weighed(walk)
    told = f"Sample {walk.sample} has distance {distance[walk.sample]:.3f} and weight {weight[walk.sample]:.3f}"
    figure = charts.kernel(walk.neighborhood, walk.state.spec, mark=walk.sample)
    st.plotly_chart(figure, key="walk.kernel", config=_QUIET, alt=told)
    st.caption(f"{told}. Above: the kernel and where the samples lie on it; below: how many there are.")


def _tell_fit(walk: Walk) -> None:
    explained, spec = walk.shown.focus, walk.state.spec
    st.markdown(
        f"Now find the simplest formula that repeats the model's answers ({spec.unit}): a sum with one number, a "
        "*coefficient* β, for each superpixel that is shown. Near samples count more. This sum is the *surrogate*."
    )
    if spec.surrogate == "tree":
        st.markdown("Here a *regression tree* stands in for the sum: it asks about one superpixel after another.")
        return
    st.latex(r"\hat y_i = \beta_0 + \sum_j \beta_j z_{ij}")
    st.latex(rf"\min_\beta \; \sum_i w_i (y_i - \hat y_i)^2{_PENALTIES[spec.surrogate]}")
    j = _superpixel(walk)
    shown, hidden = _means(walk, j)
    beta, error = explained.coefficients[j], CONFIDENT * explained.std_errors[j]
    st.markdown(
        f"**Superpixel {j}.** Weighted mean of the answers where it is shown {shown:.3f}, where it is hidden "
        f"{hidden:.3f}: a difference of {shown - hidden:+.3f}. The fit looks at all superpixels at once, so that none "
        f"gets credit for its neighbours: "
    )
    st.latex(rf"\beta_{{{j}}} = {beta:+.3f}" + (rf" \pm {error:.3f}" if np.isfinite(error) else ""))
    st.markdown(
        f"**R² = {words.number(explained.r2)}** is the share of the ups and downs that the sum repeats; "
        f"{words.number(explained.r2_holdout)} for samples it was not fitted to. 1 would be all of them."
    )


def _superpixel(walk: Walk) -> int:
    return int(st.session_state.get(controls.SUPERPIXEL, _strongest(walk)))


def _strongest(walk: Walk) -> int:
    return int(np.abs(walk.shown.focus.coefficients).argmax())


def _means(walk: Walk, superpixel: int) -> tuple[float, float]:
    """Return the weighted mean target where a superpixel is shown and where it is hidden."""
    answers, (_, weight) = _targets(walk), _weighed(walk)
    inside = walk.neighborhood.masks[:, superpixel] == 1
    both = [
        float(np.average(answers[rows], weights=weight[rows])) if weight[rows].sum() > 0 else float("nan")
        for rows in (inside, ~inside)
    ]
    return both[0], both[1]


def _targets(walk: Walk) -> np.ndarray:
    return target_values(walk.neighborhood.outputs[:, [walk.shown.focus.index]], walk.state.spec)[:, 0]


def _show_fit(walk: Walk) -> None:
    explanation, explained = walk.shown.explanation, walk.shown.focus
    if not explanation.signed:
        st.plotly_chart(
            charts.coefficients(explanation, explained), key="walk.tree", config=_QUIET, alt="Importance by superpixel"
        )
        return
    count = len(explained.coefficients)
    superpixel = controls.superpixel(count, _strongest(walk))
    masks = walk.neighborhood.masks[:_MOST_POINTS]
    surrogate = explained.intercept + masks @ explained.coefficients
    figure = charts.fit(
        _targets(walk)[:_MOST_POINTS],
        surrogate,
        _weighed(walk)[1][:_MOST_POINTS],
        masks[:, superpixel] == 1,
        explanation.spec.unit,
    )
    told = f"Each point is a sample: what the surrogate says and what the model says, R² {words.number(explained.r2)}"
    st.plotly_chart(figure, key="walk.fit", config=_QUIET, alt=told)
    st.caption(
        f"Each point is one sample, the larger the more it counts; filled where superpixel {superpixel} is shown. "
        "On the dashed line the surrogate says just what the model says."
    )


def _choose_fit(state: Session) -> dict[str, Any]:
    choose_class(state)
    return results.surrogate_settings()


def _tell_explanation(walk: Walk) -> None:
    explanation, explained = walk.shown.explanation, walk.shown.focus
    lists = {sign: _listed(explanation, explained.index, sign) for sign in ("positive", "negative")}
    if explanation.signed:
        st.markdown(
            f"The coefficients *are* the explanation. For **{words.plain(explained.name)}** speak most superpixels "
            f"**{lists['positive']}**; against it **{lists['negative']}**."
        )
        total = explained.coefficients.sum()
        st.latex(
            rf"\beta_0 + \sum_j \beta_j = {explained.intercept:.2f} {total:+.2f} = {explained.surrogate_output:.2f}"
        )
        surrogate = float(as_outputs(explained.surrogate_output, explanation.spec))
        st.markdown(
            f"That ({explanation.spec.unit}) is what the surrogate says with everything shown: an output of "
            f"{surrogate:.2f}. The model itself says **{explained.probability:.2f}**."
        )
    else:
        st.markdown(f"Most important for **{words.plain(explained.name)}**: superpixels **{lists['positive']}**.")
    st.markdown(f"**How far to believe it: {verdict.word(explained.trust)}**")
    st.markdown(verdict.in_full(explained.trust))


def _listed(explanation: lc.Explanation, index: int, sign: Sign) -> str:
    """Return the K strongest superpixels that are drawn, in words."""
    return ", ".join(map(str, explanation.shown_features(index, sign=sign))) or "none"


def _show_explanation(walk: Walk) -> None:
    shown, explained = walk.shown, walk.shown.focus
    st.image(
        shown.map_of(explained.index),
        caption="Azure with a light edge speaks for it, hatched vermilion with a dark edge against it"
        if shown.explanation.spec.view == "overlay" and shown.explanation.signed
        else None,
        alt=f"{explained.name}: strongest superpixels {_listed(shown.explanation, explained.index, 'both')}",
        width="stretch",
        output_format="JPEG",
    )
    st.page_link(
        "pages/screens/explain/page.py",
        label="Go on: touch superpixels, see more classes, take it away",
        icon=":material/highlight:",
    )


def _choose_explanation(state: Session) -> dict[str, Any]:
    choose_class(state)
    values = {}
    left, right = st.columns(2)
    with left:
        values["view"] = controls.setting("view")
    with right:
        values["sign"] = controls.setting(
            "sign", choices=("positive", "both") if state.spec.surrogate == "tree" else None
        )
    most = state.result.neighborhood.superpixels if state.result is not None else state.spec.top_k
    values["top_k"] = controls.setting("top_k", high=most)
    return values


FITTING = (
    Step(
        "Weights",
        "Near samples count more than far ones.",
        "what *far* means, and how fast the weight falls.",
        lambda _: {name: controls.setting(name) for name in ("distance", "kernel", "kernel_width")},
        _tell_weights,
        _show_weights,
        needs="answers",
        leaf=True,
    ),
    Step(
        "Fit",
        "Let a simple sum imitate the model around this picture.",
        "which simple model imitates it, and how strongly large coefficients are held down.",
        _choose_fit,
        _tell_fit,
        _show_fit,
        needs="fit",
    ),
    Step(
        "Explanation",
        "The coefficients, laid over the picture.",
        "which superpixels are drawn, and how.",
        _choose_explanation,
        _tell_explanation,
        _show_explanation,
        needs="fit",
    ),
)
