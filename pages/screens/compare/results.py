"""Several models' explanations of one picture side by side: classes, maps, agreement, differences."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

import lime_core as lc
from lime_core.explanation.comparison import Difference
from lime_core.show import render
from pages.screens.compare.setup import all_classes, comparing, on_the_same_masks, questions
from pages.state.server import store
from pages.state.session import Session, session
from pages.widgets import charts, controls
from pages.widgets import labels as words
from pages.widgets import verdicts as verdict

_TICK = 1.5  # seconds between two looks at growing explanations
_A_ROW = 4
_QUIET = {"displayModeBar": False}
_AGREEMENT_HELP = (
    "Jaccard: of the superpixels that are among the K strongest of either model, the share that both have. "
    "1 = the same ones, 0 = none in common.\n\nRank correlation (Spearman): whether both put all superpixels in the "
    "same order. 1 = the same order, 0 = unrelated, −1 = reversed."
)


_R2_HELP = "R²: the share of the model's ups and downs that the surrogate predicts for samples held out of its fit."


@dataclass(frozen=True, slots=True)
class Compared:
    """What is on screen.

    Attributes
    ----------
    state : Session
        Whose screen it is.
    image : Image
        The framed picture.
    explanations : tuple of Explanation
        One a model, all of the same classes and masks.
    result : Comparison
        Their comparison for the chosen class.
    """

    state: Session
    image: lc.Image
    explanations: tuple[lc.Explanation, ...]
    result: lc.Comparison

    def title(self, place: int) -> str:
        """Return the name of a model for people."""
        return words.model_title(self.result.models[place])

    @property
    def same_class(self) -> bool:
        """Whether all models are compared on one class."""
        return len({explained.index for explained in self.result.explained}) == 1

    def named(self, place: int) -> str:
        """Return the name of a model, with its class where that differs between models."""
        name = words.plain(self.result.explained[place].name)
        return self.title(place) if self.same_class else f"{self.title(place)} ({name})"


def show() -> None:
    """Draw the comparison; while answers come in it grows."""
    # The rhythm belongs to the call, so the fragment is made anew at each one.
    st.fragment(_show, run_every=_TICK if comparing().running else None)()


def _show() -> None:
    state, mine = session(), comparing()
    asked = questions(state, mine.models)
    known = [answer for answer in map(mine.answers, asked) if answer is not None]
    if not known:
        return
    try:
        answers = on_the_same_masks(known)
        indices = all_classes(answers, state.spec)
        index = _settings(state, answers, indices)
        explanations = tuple(store().explanation(answer, replace(state.spec, classes=indices)) for answer in answers)
        result = lc.compare(explanations, index, k=state.spec.top_k, sign=state.spec.sign)
    except lc.LimeError as error:
        st.error(words.plain(str(error)))
        return
    compared = Compared(state, lc.frame(asked[0].image, state.spec), explanations, result)
    _headline(compared)
    _cards(compared)
    _classes(compared)
    if len(explanations) > 1:
        _agreement(compared)
        _differences(compared)


def _settings(state: Session, answers: list[lc.Neighborhood], indices: tuple[int, ...]) -> int | None:
    """Draw the instant settings; return the class, or None for each model's own first."""
    names = answers[0].class_names
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        with st.container(width=280):
            named = {index: names[index] for index in indices}
            chosen = controls.class_of_all(named, "each model's own first")
        values = {}
        for name, width, options in (
            ("view", 145, {}),
            ("sign", 110, {"choices": ("positive", "both") if state.spec.surrogate == "tree" else None}),
            ("top_k", 150, {"high": answers[0].superpixels}),
        ):
            with st.container(width=width):
                values[name] = controls.setting(name, **options)
    state.spec = replace(state.spec, **values)
    return chosen


def _headline(compared: Compared) -> None:
    firsts = [max(one.classes, key=lambda explained: explained.probability) for one in compared.explanations]
    said = {words.plain(first.name) for first in firsts}
    if len(firsts) == 1:
        st.markdown(f"#### {compared.title(0)} says *{said.pop()}*")
    elif len(said) == 1:
        everyone = "Both" if len(firsts) == 2 else f"All {len(firsts)}"
        st.markdown(f"#### {everyone} models say *{said.pop()}*")
    else:
        told = ", ".join(f"{compared.title(place)} *{words.plain(one.name)}*" for place, one in enumerate(firsts))
        st.markdown(f"#### The models disagree: {told}")
    first = compared.explanations[0]
    st.caption(
        f"{first.samples:,} samples each, the same {int(first.segments.max()) + 1} superpixels and the same masks "
        "for every model"
    )


def _cards(compared: Compared) -> None:
    columns = st.columns(min(len(compared.explanations), _A_ROW))
    limit = max(render.shared_limit(_only(one, index)) for one, index in _pairs(compared))
    for place, column in enumerate(columns):
        explanation, explained = compared.explanations[place], compared.result.explained[place]
        with column:
            st.markdown(
                f"**{compared.title(place)}**  \n{words.plain(explained.name)} {words.percent(explained.probability)}"
            )
            strongest = ", ".join(map(str, compared.result.top[place])) or "none"
            st.image(
                _map(compared, explanation, explained.index, limit),
                alt=f"{compared.title(place)}, {explained.name}: strongest superpixels {strongest}",
                width="stretch",
                output_format="JPEG",
            )
            st.caption(
                f"{verdict.word(explained.trust)} · R² {words.number(explained.r2_holdout)}",
                help=f"{verdict.in_full(explained.trust)}\n\n{_R2_HELP}",
            )


def _pairs(compared: Compared) -> list[tuple[lc.Explanation, int]]:
    indices = [explained.index for explained in compared.result.explained]
    return list(zip(compared.explanations, indices, strict=True))


def _only(explanation: lc.Explanation, index: int) -> lc.Explanation:
    return replace(explanation, classes=(explanation[index],))


def _map(compared: Compared, explanation: lc.Explanation, index: int, limit: float) -> np.ndarray:
    if explanation.spec.view == "heatmap":
        own = None if not compared.state.one_scale else limit
        return render.heatmap(compared.image, explanation, index, limit=own, opacity=explanation.spec.opacity)
    return render.render(compared.image, explanation, index)


def _classes(compared: Compared) -> None:
    st.markdown("##### What each model says")
    names = [one.name for one in compared.explanations[0].classes]
    indices = [one.index for one in compared.explanations[0].classes]
    said = {
        compared.title(place): [explanation[index].probability for index in indices]
        for place, explanation in enumerate(compared.explanations)
    }
    told = [
        f"{title}: " + ", ".join(f"{name} {value:.1%}" for name, value in zip(names, values, strict=True))
        for title, values in said.items()
    ]
    figure = charts.side_by_side(names, said)
    st.plotly_chart(figure, key="compare.classes", config=_QUIET, alt="; ".join(told))


def _agreement(compared: Compared) -> None:
    st.markdown("##### Do they look at the same superpixels?", help=_AGREEMENT_HELP)
    rows = [
        {
            "models": f"{compared.title(pair.a)} and {compared.title(pair.b)}",
            "Jaccard": words.number(pair.jaccard),
            "rank correlation": words.number(pair.rank_correlation),
            "in common": f"{len(pair.common)} of {len(pair.union)}: {', '.join(map(str, pair.common)) or 'none'}",
        }
        for pair in compared.result.pairs
    ]
    st.table(rows, border="horizontal", hide_index=True, alt="Agreement of every two models")
    k = compared.explanations[0].spec.top_k
    own = "" if compared.same_class else " Each model on its own first class; choose one above for all."
    st.caption(f"In common: of the superpixels among the {k} strongest of either model, those of both.{own}")


def _differences(compared: Compared) -> None:
    st.markdown("##### Where they differ")
    if not compared.explanations[0].signed:
        st.info("A regression tree's importance has no sign, so there is no difference to draw.")
        return
    left, right = st.columns([5, 7], gap="medium")
    a, b = 0, 1
    if len(compared.explanations) > 2:
        with left, st.container(horizontal=True):
            titles = {place: compared.title(place) for place in range(len(compared.explanations))}
            a, b = controls.two_of(("More in", "than in"), titles, ("compare.a", "compare.b"))
    difference = compared.result.difference(a, b)
    name = f"more in {compared.title(a)} than in {compared.title(b)}"
    drawn = _as_explanation(compared.explanations[a], compared.result.explained[a], difference, name)
    index = drawn.classes[0].index
    with left:
        st.image(
            render.heatmap(compared.image, drawn, index, opacity=0.65),
            alt=f"Where superpixels count {name}: {', '.join(map(str, drawn.top_features(index, 5))) or 'nowhere'}",
            width="stretch",
            output_format="JPEG",
        )
        st.caption(
            f"Azure: counts more in {compared.named(a)}; vermilion: more in {compared.named(b)}. "
            f"To ±{render.shared_limit(drawn):.2g} {drawn.spec.unit}."
        )
    with right:
        st.caption("Differences of the coefficients with 95 % intervals, strongest first; pale where zero lies inside.")
        st.plotly_chart(
            charts.contrast(difference, compared.explanations[a].spec.unit),
            key="compare.differences",
            config=_QUIET,
            alt=name,
        )


def _as_explanation(
    explanation: lc.Explanation, explained: lc.ClassExplanation, difference: Difference, name: str
) -> lc.Explanation:
    one = replace(explained, name=name, coefficients=difference.coefficients, std_errors=difference.std_errors)
    # Every sure difference is drawn, whatever of the maps themselves is.
    everything = replace(explanation.spec, top_k=len(one.coefficients), sign="both")
    return replace(explanation, classes=(one,), spec=everything)
