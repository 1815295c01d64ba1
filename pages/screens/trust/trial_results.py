"""The results of trials: what was found in a sentence, on the picture, and in numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import streamlit as st

from lime_core.models import CATALOG
from lime_core.superpixels.segmentation import resize_pixels
from lime_core.trials import Answer, Curves, RealityCheck, Repeat, SanityCheck, WhatIf
from pages.screens.trust import trial_figures, trial_pictures
from pages.state.server import store
from pages.widgets import labels as words
from pages.widgets.current import Shown

_QUIET = {"displayModeBar": False}
_MOST_NAMED = 12
_GOOD, _MIXED, _BAD = ":material/check_circle:", ":material/help:", ":material/cancel:"


def reality(shown: Shown, check: RealityCheck) -> None:
    """Show what the model says of the strongest superpixels alone, and of the picture without them."""
    count, focus = len(check.features), shown.focus
    enough, missed = check.kept.model > check.kept.random_high, check.removed.model < check.removed.random_low
    icon = _GOOD if enough and missed else _MIXED if enough or missed else _BAD
    st.markdown(
        f"{icon} The {count} strongest alone give the model **{check.kept.model:.2f}**, "
        f"{_compared(check.kept, check.kept.model)}; without them it still says **{check.removed.model:.2f}**, "
        f"{_compared(check.removed, check.removed.model)}."
    )
    left, middle, right = st.columns([3, 3, 6], gap="small")
    kept = np.zeros((1, shown.result.neighborhood.superpixels), np.uint8)
    kept[0, list(check.features)] = 1
    for place, mask, text in ((left, kept, f"Only the {count} strongest"), (middle, 1 - kept, "All but them")):
        answer = check.kept if mask is kept else check.removed
        caption = f"{text}: model {answer.model:.2f}"
        place.image(_perturbed(shown, mask), caption=caption, alt=caption, width="stretch", output_format="JPEG")
    told = "; ".join(
        f"{name}: model {one.model:.2f}, surrogate {words.number(one.surrogate)}, random {one.random_mean:.2f}"
        for name, one in (("shown alone", check.kept), ("hidden", check.removed))
    )
    with right:
        st.plotly_chart(trial_figures.reality(check, focus.probability), key="reality", config=_QUIET, alt=told)
        st.caption(told)


def _compared(answer: Answer, value: float) -> str:
    band = f"{answer.random_low:.2f} to {answer.random_high:.2f}"
    if value > answer.random_high:
        return f"more than random ones ({band})"
    if value < answer.random_low:
        return f"less than with random ones ({band})"
    return f"no more and no less than with random ones ({band})"


def _perturbed(shown: Shown, mask: np.ndarray) -> np.ndarray:
    """Return what the model sees of a mask, in the shape of the picture."""
    question, explanation = shown.result.question, shown.explanation
    scene = store().scene(question.image, explanation.provenance.input_size, explanation.spec)
    return resize_pixels(scene.perturbed(mask)[0], shown.image.pixels.shape[:2])


def curves(shown: Shown, found: Curves) -> None:
    """Show both curves with their areas."""
    good = (found.deletion_area < found.random_deletion_area, found.insertion_area > found.random_insertion_area)
    icon = _GOOD if all(good) else _MIXED if any(good) else _BAD
    st.markdown(
        f"{icon} Deletion area **{found.deletion_area:.3f}** where random orders have "
        f"{found.random_deletion_area:.3f} (less is better); insertion area **{found.insertion_area:.3f}** where they "
        f"have {found.random_insertion_area:.3f} (more is better)."
    )
    low, high = found.random_low, found.random_high
    # Inserting at random is deleting at random, backwards.
    both = (("Deletion", found.deletion, low, high), ("Insertion", found.insertion, low[::-1], high[::-1]))
    for column, (title, values, least, most) in zip(st.columns(2, gap="medium"), both, strict=True):
        with column:
            st.markdown(f"**{title}**")
            figure = trial_figures.curve(found.share, values, least, most, inserting=title == "Insertion")
            st.plotly_chart(figure, key=title, config=_QUIET, alt=f"{title} curve of {shown.focus.name}")
    steps = "one superpixel" if found.step == 1 else f"{found.step} superpixels"
    st.caption(
        f"Hidden superpixels become {words.choice(found.fill)}, {steps} a step. Areas under another fill or step do "
        "not compare."
    )


def repeat(shown: Shown, all_classes: tuple[Repeat, ...]) -> None:
    """Show how well the runs agree, and where on the picture they do not."""
    found = next((one for one in all_classes if one.class_index == shown.focus.index), None)
    if found is None:
        st.info("This class was not among the repeated ones; choose the classes on the Explain screen.")
        return
    icon = _GOOD if found.jaccard >= 0.8 else _MIXED if found.jaccard >= 0.5 else _BAD
    k = shown.explanation.spec.top_k
    st.markdown(f"{icon} Two runs share **{found.vsi:.0%}** of their {k} strongest superpixels on average.")
    _metrics(
        ("Jaccard", found.jaccard, f"Common to the {k} strongest of two runs, of all that either names."),
        ("Kendall's tau", found.kendall_tau, "Rank correlation of all coefficients between two runs, −1..1."),
        ("VSI", found.vsi, "Variables stability index: the share of the strongest that two runs have in common."),
        ("CSI", found.csi, "Coefficients stability index: how often the 95 % intervals of two runs overlap."),
    )
    left, right = st.columns([5, 7], gap="medium")
    largest, strongest = float(found.spread.max()), float(np.abs(found.mean).max())
    with left:
        picture = trial_pictures.strength(shown.image.pixels, shown.explanation.segments, found.spread, largest)
        st.image(picture, alt="Where the runs disagree", width="stretch", output_format="JPEG")
        st.caption(
            "Standard deviation of the coefficients between the runs, from pale (0) to dark violet "
            f"({largest:.2g} {shown.explanation.unit}). "
            f"The strongest coefficient is {strongest:.2g}."
        )
    with right:
        st.plotly_chart(
            trial_figures.spread(found, shown.explanation.unit),
            key="spread",
            config=_QUIET,
            alt="Mean coefficients and spread between the runs",
        )
        st.caption(
            f"The number in a bar says how many of the {len(found.seeds)} runs name it among their {k} strongest."
        )


def what_if(shown: Shown, found: WhatIf) -> None:
    """Show what survives other settings, and what each of them says."""
    top = found.base.top_features(found.class_index, found.base.spec.top_k, sign="both")
    kept = len(found.survivors)
    icon = _GOOD if 2 * kept >= len(top) else _MIXED if kept else _BAD
    flips = f"{len(found.flips)} change their sign in at least one" if found.flips else "none changes its sign"
    st.markdown(
        f"{icon} **{kept} of the {len(top)} strongest superpixels** stay among the strongest in all "
        f"{len(found.variants)} variants; {flips}."
    )
    left, right = st.columns([5, 7], gap="medium")
    with left:
        picture = trial_pictures.survivors(shown.image.pixels, found.base.segments, found.survivors, found.flips)
        told = f"Survive: superpixels {_listed(found.survivors)}. Flip: {_listed(found.flips)}."
        st.image(picture, alt=told, width="stretch", output_format="JPEG")
        st.caption(f"Azure with a light edge: survives. Hatched vermilion: its sign flips. {told}")
    with right:
        _variants(found)


def _variants(found: WhatIf) -> None:
    column = st.column_config
    st.dataframe(
        [
            {
                "variant": one.name,
                "agreement": one.agreement,
                "R²": one.r2_holdout,
                "superpixels": one.superpixels,
                "all hidden": one.probability_hidden,
            }
            for one in found.variants
        ],
        hide_index=True,
        column_config={
            "agreement": column.ProgressColumn(
                min_value=0, max_value=1, format="%.2f", help="Rank correlation with the explanation on screen"
            ),
            "R²": column.NumberColumn(format="%.2f", help="On held-out samples"),
            "all hidden": column.NumberColumn(
                format="%.3f", help="The model's answer to the fully hidden picture: a fill should leave nothing of it"
            ),
        },
        alt="What each variant says",
    )


def sanity(shown: Shown, check: SanityCheck) -> None:
    """Show how the explanation changes as the model forgets."""
    last = check.stages[-1]
    icon, said = (_GOOD, "changes, as it must") if check.passed else (_BAD, "hardly changes, which it should not")
    title = CATALOG[shown.result.question.model].title
    st.markdown(
        f"{icon} With all layers of {words.plain(title)} re-initialised the explanation **{said}**: rank correlation "
        f"{last.agreement:.2f} with the trained model's."
    )
    left, right = st.columns([7, 5], gap="medium")
    with left:
        st.plotly_chart(
            trial_figures.forgetting(check),
            key="forgetting",
            config=_QUIET,
            alt="Agreement as layers are re-initialised",
        )
        st.caption("In the grey band the explanation has parted from the trained model's.")
    with right:
        st.dataframe(
            [
                {"layers": one.layers, "down to": one.lowest, "rank correlation": one.agreement, "Jaccard": one.jaccard}
                for one in check.stages
            ],
            hide_index=True,
            column_config={
                name: st.column_config.NumberColumn(format="%.2f") for name in ("rank correlation", "Jaccard")
            },
            alt="Agreement at each stage",
        )


VIEWS: Mapping[str, Callable[[Shown, Any], None]] = {
    "reality": reality,
    "curves": curves,
    "repeat": repeat,
    "what-if": what_if,
    "sanity": sanity,
}


def _metrics(*numbers: tuple[str, float, str]) -> None:
    with st.container(horizontal=True, gap="small"):
        for label, value, meaning in numbers:
            st.metric(label, words.number(value), help=meaning, border=True, width=140)


def _listed(superpixels: tuple[int, ...]) -> str:
    named = ", ".join(map(str, superpixels[:_MOST_NAMED])) or "none"
    return named if len(superpixels) <= _MOST_NAMED else f"{named} and {len(superpixels) - _MOST_NAMED} more"
