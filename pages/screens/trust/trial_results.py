"""The results of trials: the finding in a sentence, on the picture, and in numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from lime_core.explanation.verdict import Level
from lime_core.superpixels import resize_pixels
from lime_core.trials import Answer, Curves, RealityCheck, Repeat, SanityCheck, WhatIf, finding_of
from pages.screens.trust import trial_figures, trial_pictures
from pages.state.server import server
from pages.widgets import labels, tables
from pages.widgets.charts import QUIET
from pages.widgets.result_view import ResultView
from pages.widgets.text import listed, number

_GOOD, _MIXED, _BAD = ":material/check_circle:", ":material/help:", ":material/cancel:"
_ICONS: Mapping[Level, str] = {"solid": _GOOD, "usable": _MIXED, "doubtful": _BAD, "meaningless": _BAD}


def reality(shown: ResultView, check: RealityCheck) -> None:
    """Show the model's output for the strongest superpixels alone, and for the picture without them."""
    count, focus = len(check.features), shown.focus
    verdict = "matter to the model" if check.passed else "matter to the model no more than random ones"
    if not check.comparable:
        verdict = "cannot be told from random ones, of which there are too few different sets"
    icon = _icon("reality", shown, check)
    st.markdown(
        f"{icon} The strongest superpixels {verdict}. "
        f"With only the {count} strongest shown the model says **{check.kept.model:.2f}**, "
        f"{_compared(check.kept)}; without them it still says **{check.removed.model:.2f}**, "
        f"{_compared(check.removed)}."
    )
    kept = np.zeros((1, shown.attribution.superpixels), np.uint8)
    kept[0, list(check.features)] = 1
    left, middle, right = st.columns([3, 3, 6], gap="small")
    for column, mask, answer, text in (
        (left, kept, check.kept, f"Only the {count} strongest"),
        (middle, 1 - kept, check.removed, "All but them"),
    ):
        caption = f"{text}: model {answer.model:.2f}"
        column.image(_perturbed(shown, mask), caption=caption, alt=caption, width="stretch")
    numbers = "; ".join(
        f"{name}: model {answer.model:.2f}, {_surrogate(answer)}random {answer.random_mean:.2f}"
        for name, answer in (("shown alone", check.kept), ("hidden", check.removed))
    )
    with right:
        st.plotly_chart(trial_figures.reality(check, focus.output), key="reality", config=QUIET, alt=numbers)
        st.caption(numbers)


def _surrogate(answer: Answer) -> str:
    return "" if math.isnan(answer.surrogate) else f"surrogate {number(answer.surrogate)}, "


def _compared(answer: Answer) -> str:
    band = f"{answer.random_low:.2f} to {answer.random_high:.2f}"
    if answer.model > answer.random_high:
        return f"more than with random ones ({band})"
    if answer.model < answer.random_low:
        return f"less than with random ones ({band})"
    return f"about the same as with random ones ({band})"


def _perturbed(shown: ResultView, mask: NDArray[np.uint8]) -> bytes:
    """Return what the model sees of a mask, in the shape of the picture, as a JPEG file."""

    def draw() -> NDArray[np.uint8]:
        question, attribution = shown.result.question, shown.attribution
        scene = server().scene(question.image, attribution.provenance.input_size, attribution.spec)
        return resize_pixels(scene.perturbed(mask)[0], shown.image.pixels.shape[:2])

    return shown.picture(draw, "perturbed", mask.tobytes())


def curves(shown: ResultView, result: Curves) -> None:
    """Show both curves with their areas."""
    good = (result.falls_fast, result.rises_fast)
    how = "better than" if all(good) else "partly better than" if any(good) else "no better than"
    icon = _icon("curves", shown, result)
    st.markdown(
        f"{icon} The ranking is {how} a random one. Deletion area **{result.deletion_area:.3f}** (smaller is better), "
        f"insertion area **{result.insertion_area:.3f}** (larger is better), random orders "
        f"{result.random_area:.3f} ({result.random_area_low:.3f} to {result.random_area_high:.3f})."
    )
    low, high = result.random_low, result.random_high
    # Inserting at random is deleting at random, backwards.
    both = (("Deletion", result.deletion, low, high), ("Insertion", result.insertion, low[::-1], high[::-1]))
    for column, (title, values, least, most) in zip(st.columns(2, gap="medium"), both, strict=True):
        with column:
            st.markdown(f"**{title}**")
            figure = trial_figures.curve(result.share, values, least, most, inserting=title == "Insertion")
            st.plotly_chart(figure, key=title, config=QUIET, alt=f"{title} curve of {shown.focus.name}")
    steps = "one superpixel" if result.step == 1 else f"{result.step} superpixels"
    st.caption(
        f"Hidden superpixels become {labels.choice(result.fill)}, {steps} a step. Areas with another fill or step "
        "cannot be compared with these."
    )


def repeat(shown: ResultView, all_classes: tuple[Repeat, ...]) -> None:
    """Show how well the runs agree, and where on the picture they do not."""
    result = next((item for item in all_classes if item.class_index == shown.focus.index), None)
    if result is None:
        st.info("This class was not among the repeated ones; choose the classes on the Explain screen.")
        return
    icon = _icon("repeat", shown, all_classes)
    k, unit = shown.top_k, shown.attribution.unit
    st.markdown(f"{icon} Two runs share **{result.vsi:.0%}** of their {k} strongest superpixels on average.")
    _metrics(
        ("Jaccard", result.jaccard, f"Common to the {k} strongest of two runs, of all that either names."),
        ("Kendall's tau", result.kendall_tau, "Rank correlation of all scores between two runs, −1..1."),
        ("VSI", result.vsi, "Variables stability index: the share of the strongest that two runs have in common."),
        ("CSI", result.csi, "Coefficients stability index: how often the 95 % intervals of two runs overlap."),
    )
    left, right = st.columns([5, 7], gap="medium")
    largest, strongest = float(result.spread.max()), float(np.abs(result.mean).max())
    with left:
        picture = shown.picture(
            lambda: trial_pictures.strength(shown.canvas(), result.spread, largest), "spread", result.spread.tolist()
        )
        st.image(picture, alt="Where the runs disagree", width="stretch")
        st.caption(
            f"Standard deviation of the scores between the runs, from pale (0) to dark violet ({largest:.2g} {unit}). "
            f"The strongest score is {strongest:.2g}."
        )
    with right:
        alternative = "Mean scores and spread between the runs"
        st.plotly_chart(trial_figures.spread(result, unit, shown.ids), key="spread", config=QUIET, alt=alternative)
        st.caption(
            f"The number in a bar says how many of the {len(result.seeds)} runs name it among their {k} strongest."
        )


def what_if(shown: ResultView, result: WhatIf) -> None:
    """Show which superpixels survive other settings, and what each of the settings gives."""
    changed = f"{len(result.flips)} change their sign in at least one" if result.flips else "none changes its sign"
    icon, kept = _icon("what-if", shown, result), len(result.survivors)
    st.markdown(
        f"{icon} **{kept} of the {len(result.top)} strongest superpixels** stay among the strongest in all "
        f"{len(result.variants)} variants; {changed}."
    )
    left, right = st.columns([5, 7], gap="medium")
    with left:
        picture = shown.picture(
            lambda: trial_pictures.survivors(shown.canvas(), result.survivors, result.flips),
            "survivors",
            result.survivors,
            result.flips,
        )
        survivors, flips = listed(shown.called(result.survivors)), listed(shown.called(result.flips))
        lists = f"Survive: superpixels {survivors}. Change sign: {flips}."
        st.image(picture, alt=lists, width="stretch")
        st.caption(f"Blue: survives. Orange, hatched: its sign changes. {lists}")
    with right:
        _variants(result)


def _variants(result: WhatIf) -> None:
    column = st.column_config
    rows = [
        {
            "variant": variant.name,
            "agreement": variant.agreement,
            "R²": variant.r2_holdout,
            "superpixels": variant.superpixels,
            "all hidden": variant.probability_hidden,
        }
        for variant in result.variants
    ]
    st.dataframe(
        tables.from_rows(rows),
        hide_index=True,
        column_config={
            "agreement": column.ProgressColumn(
                min_value=0, max_value=1, format="%.2f", help="Rank correlation with the explanation on screen"
            ),
            "R²": column.NumberColumn(format="%.2f", help="On held-out samples"),
            "all hidden": column.NumberColumn(
                format="%.3f", help="The model's output for the fully hidden picture; a good fill leaves little of it"
            ),
        },
        alt="What each variant gives",
    )


def sanity(shown: ResultView, check: SanityCheck) -> None:
    """Show how the explanation changes as the model's weights are randomised."""
    last = check.steps[-1]
    finding = "changes" if check.passed else "hardly changes"
    title = labels.model_title(shown.result.question.model)
    icon = _icon("sanity", shown, check)
    st.markdown(
        f"{icon} With all layers of {title} randomised the explanation **{finding}**: rank correlation "
        f"{last.agreement:.2f} with the trained model's."
    )
    left, right = st.columns([7, 5], gap="medium")
    with left:
        alternative = "Agreement as layers are randomised"
        st.plotly_chart(trial_figures.randomised(check), key="randomised", config=QUIET, alt=alternative)
        st.caption("In the grey band the explanation has nothing in common with the trained model's.")
    with right:
        rows = [
            {
                "layers": stage.layers,
                "down to": stage.lowest,
                "rank correlation": stage.agreement,
                "Jaccard": stage.jaccard,
            }
            for stage in check.steps
        ]
        two_digits = st.column_config.NumberColumn(format="%.2f")
        st.dataframe(
            tables.from_rows(rows),
            hide_index=True,
            column_config={"rank correlation": two_digits, "Jaccard": two_digits},
            alt="Agreement at each stage",
        )


RESULTS: Mapping[str, Callable[[ResultView, Any], None]] = {
    "reality": reality,
    "curves": curves,
    "repeat": repeat,
    "what-if": what_if,
    "sanity": sanity,
}


def _icon(trial: str, shown: ResultView, result: Any) -> str:
    """Return the sign of what the verdict takes from a trial's result."""
    finding = finding_of(trial, result, shown.focus.index)
    return "" if finding is None else _ICONS[finding.level]


def _metrics(*numbers: tuple[str, float, str]) -> None:
    with st.container(horizontal=True, gap="small"):
        for label, value, meaning in numbers:
            st.metric(label, number(value), help=meaning, border=True, width=140)
