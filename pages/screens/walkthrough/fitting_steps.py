"""The last three steps: from the model's answers to the explanation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

import lime_core as lc
from lime_core.masks.kernels import distances, effective_sample_size
from lime_core.settings.view import Sign
from pages.screens.walkthrough import weighted_means
from pages.screens.walkthrough.asking_steps import choose_class
from pages.screens.walkthrough.walkthrough_state import Step, WalkthroughState
from pages.state.session import Session
from pages.widgets import charts, verdict_text
from pages.widgets.result_legend import legend
from pages.widgets.sample_choice import superpixel
from pages.widgets.setting_groups import kernel_settings, surrogate_settings
from pages.widgets.text import listed, number, plain
from pages.widgets.view_settings import view_row

Floats = NDArray[np.float64]

_MOST_POINTS = 2000  # a browser draws no more of them smoothly
_PENALTIES = {"ridge": r" + \alpha \sum_j \beta_j^2", "lasso": r" + \alpha \sum_j |\beta_j|"}


def _weighted(walk: WalkthroughState) -> tuple[Floats, Floats]:
    """Return each sample's distance and weight."""
    distance = distances(walk.answers.masks, walk.answers.energy, walk.spec.distance)
    return distance, walk.spec.kernel.weights(distance)


def _describe_weights(walk: WalkthroughState) -> None:
    distance, weight = _weighted(walk)
    sample = walk.sample
    st.markdown(
        "A picture with little hidden tells more about *this* picture than one with nearly everything hidden. So each "
        "sample gets a distance from the unmodified picture, and the *kernel* turns it into a weight. For sample "
        f"{sample}, which shows {int(walk.mask.sum())} of {len(walk.mask)}:"
    )
    st.latex(_distance_formula(walk.spec.distance, walk.mask, float(distance[sample])))
    st.latex(_kernel_formula(walk.spec.kernel, float(distance[sample]), float(weight[sample])))
    st.markdown(f"{_together(walk, weight)} A narrow kernel stays near the picture but leaves few samples that count.")


def _together(walk: WalkthroughState, weight: Floats) -> str:
    """Say what all samples together count."""
    if walk.explanation is None and not weight.any():
        return f"None of the {len(weight):,} samples has any weight, so there is nothing to average: widen the kernel."
    # The fit knows it even where the weights themselves are too small for a number.
    count = effective_sample_size(weight) if walk.explanation is None else walk.explanation.effective_sample_size
    small = "" if weight.any() else " Each weight is nearly nothing; in the fit only their ratios count."
    return (
        f"All {len(weight):,} samples together count as much as {count:,.0f} of equal weight (the *effective sample "
        f"size*).{small}"
    )


def _distance_formula(name: str, mask: NDArray[np.uint8], distance: float) -> str:
    shown, count = int(mask.sum()), len(mask)
    if name == "cosine":
        return rf"D = 1 - \sqrt{{k/S}} = 1 - \sqrt{{{shown}/{count}}} = {distance:.3f}"
    if name == "hidden_fraction":
        return rf"D = 1 - k/S = 1 - {shown}/{count} = {distance:.3f}"
    return rf"D = \sqrt{{\text{{mean squared pixel difference}}}} = {distance:.3f}"


def _kernel_formula(kernel: lc.kernels.Kernel, distance: float, weight: float) -> str:
    if isinstance(kernel, lc.kernels.Gaussian):
        ratio = rf"{distance:.3f}^2 / {kernel.width:g}^2"
        return rf"w = e^{{-D^2/\sigma^2}} = e^{{-{ratio}}} = {weight:.3f}"
    if isinstance(kernel, lc.kernels.LimeKernel):
        ratio = rf"{distance:.3f}^2 / {kernel.width:g}^2"
        return rf"w = \sqrt{{e^{{-D^2/\sigma^2}}}} = \sqrt{{e^{{-{ratio}}}}} = {weight:.3f}"
    return rf"w({distance:.3f}) = {weight:.3g}"


def _show_weights(walk: WalkthroughState) -> None:
    distance, weight = _weighted(walk)
    text = f"Sample {walk.sample} has distance {distance[walk.sample]:.3f} and weight {weight[walk.sample]:.3f}"
    figure = charts.kernel(walk.answers, walk.spec, mark=walk.sample)
    st.plotly_chart(figure, key="walk.kernel", config=charts.QUIET, alt=text)
    st.caption(f"{text}. Above: the kernel, with the samples on it; below: how many samples lie at each distance.")


def _describe_fit(walk: WalkthroughState) -> None:
    surrogate, explained = walk.fitted.spec.surrogate, walk.focus
    st.markdown(
        f"Now fit the simplest formula to the model's answers ({walk.spec.unit}): a sum with one number, a "
        "*coefficient* β, for each superpixel that is shown. Near samples count more. This sum is the *surrogate*."
    )
    if not surrogate.linear:
        st.markdown(f"Here *{surrogate.noun}* takes the place of the sum.")
        return
    st.latex(r"\hat y_i = \beta_0 + \sum_j \beta_j z_{ij}")
    st.latex(rf"\min_\beta \; \sum_i w_i (y_i - \hat y_i)^2{_PENALTIES.get(surrogate.name, '')}")
    j, number_of_j = walk.superpixel, walk.ids[walk.superpixel]
    shown, hidden = weighted_means.means(walk, j)
    beta, error = explained.coefficients[j], explained.half_widths[j]
    st.markdown(
        f"**Superpixel {number_of_j}.** {weighted_means.compared(shown, hidden)} The fit looks at all superpixels at "
        "once, so that none gets credit for its neighbours:"
    )
    st.latex(rf"\beta_{{{number_of_j}}} = {beta:+.3f}" + (rf" \pm {error:.3f}" if np.isfinite(error) else ""))
    st.markdown(
        f"**R² = {number(explained.r2)}** is the share of the answers' variation that the sum reproduces; "
        f"{number(explained.r2_holdout)} for samples it was not fitted to. 1 would be all of it."
    )


def _show_fit(walk: WalkthroughState) -> None:
    explanation, explained = walk.fitted, walk.focus
    if not explanation.spec.surrogate.linear:
        figure = charts.scores(explanation, explained.index)
        st.plotly_chart(figure, key="walk.importance", config=charts.QUIET, alt="Importance by superpixel")
        return
    chosen = walk.superpixel
    superpixel(walk.ids.tolist(), chosen)
    masks = walk.answers.masks[:_MOST_POINTS]
    figure = charts.fit(
        weighted_means.targets(walk)[:_MOST_POINTS],
        explained.intercept + masks @ explained.coefficients,
        weighted_means.weights_of_fit(walk)[:_MOST_POINTS],
        masks[:, chosen] == 1,
        explanation.unit,
    )
    text = f"The surrogate's answer to each sample beside the model's, R² {number(explained.r2)}"
    st.plotly_chart(figure, key="walk.fit", config=charts.QUIET, alt=text)
    st.caption(
        f"Each point is one sample; larger points count more. Filled: superpixel {walk.ids[chosen]} is shown. On the "
        "dashed line the surrogate and the model agree."
    )


def _choose_fit(state: Session) -> dict[str, Any]:
    choose_class(state)
    return surrogate_settings()


def _describe_explanation(walk: WalkthroughState) -> None:
    explanation, explained = walk.fitted, walk.focus
    name, evidence_for = plain(explained.name), _strongest_in_words(walk, "positive")
    if explanation.signed:
        st.markdown(
            f"The coefficients *are* the explanation. Strongest evidence for **{name}**: superpixels "
            f"**{evidence_for}**. Strongest evidence against it: **{_strongest_in_words(walk, 'negative')}**."
        )
        total = explained.coefficients.sum()
        st.latex(
            rf"\beta_0 + \sum_j \beta_j = {explained.intercept:.2f} {total:+.2f} = {explained.surrogate_output:.2f}"
        )
        surrogate = float(explanation.spec.target.outputs(explained.surrogate_output))
        st.markdown(
            f"That ({explanation.unit}) is the surrogate's answer with everything shown: an output of "
            f"{surrogate:.2f}. The model itself answers **{explained.output:.2f}**."
        )
    else:
        st.markdown(f"Most important for **{name}**: superpixels **{evidence_for}**.")
    st.markdown(f"**How far to believe it: {verdict_text.word(explained.trust)}**")
    st.markdown(verdict_text.in_full(explained.trust, with_advice=not walk.state.running))


def _strongest_in_words(walk: WalkthroughState, sign: Sign) -> str:
    """Return the K strongest superpixels that are drawn, as a list."""
    features = walk.fitted.shown_features(walk.focus.index, replace(walk.spec.view, sign=sign))
    return listed(walk.shown.called(features), most=1023)


def _show_explanation(walk: WalkthroughState) -> None:
    explained = walk.focus
    st.image(
        walk.shown.picture_of(explained.index),
        caption=legend(walk.shown) or None,
        alt=f"{explained.name}: strongest superpixels {_strongest_in_words(walk, 'both')}",
        width="stretch",
    )
    st.page_link(
        "pages/screens/explain/page.py",
        label="Go on: select superpixels, see more classes, take it away",
        icon=":material/highlight:",
    )


def _choose_explanation(state: Session) -> dict[str, Any]:
    choose_class(state)
    spec = state.settings.spec
    most = state.result.neighborhood.superpixels if state.result is not None else spec.top_k
    with st.container(horizontal=True, gap="small"):
        return {"view": view_row(most, signed=spec.surrogate.signed)}


FITTING = (
    Step(
        "Weights",
        "Near samples count more than far ones.",
        "what distance means, and how fast the weight falls with it.",
        lambda _: kernel_settings(),
        _describe_weights,
        _show_weights,
        needs="answers",
        one_sample=True,
    ),
    Step(
        "Fit",
        "Let a simple sum imitate the model around this picture.",
        "which simple model imitates it, and how strongly large coefficients are held down.",
        _choose_fit,
        _describe_fit,
        _show_fit,
        needs="fit",
    ),
    Step(
        "Explanation",
        "The coefficients, laid over the picture.",
        "which superpixels are drawn, and how.",
        _choose_explanation,
        _describe_explanation,
        _show_explanation,
        needs="fit",
    ),
)
