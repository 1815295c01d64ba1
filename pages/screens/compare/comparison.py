"""Several models' explanations of one picture side by side: maps, outputs, agreement, differences."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

import lime_core as lc
from pages.screens.compare import model_agreement, model_differences, outputs_chart
from pages.screens.compare.comparison_view import ComparisonView
from pages.screens.compare.same_question import all_classes, have_the_same_classes, on_the_same_masks, questions
from pages.state.server import server
from pages.state.session import session
from pages.widgets import verdict_text
from pages.widgets.class_choice import class_or_none
from pages.widgets.text import output, plain
from pages.widgets.view_settings import view_row

_TICK = 1.5  # seconds between two looks at growing explanations


def show() -> None:
    """Draw the comparison; while answers come in it grows."""
    # How often a fragment is drawn is fixed when it is made, so it is made anew at each run of the script.
    st.fragment(_results, run_every=_TICK if session().comparison.running else None)()


def _results() -> None:
    state = session()
    asked = questions(state.settings)
    cached = [answer for answer in map(state.comparison.answers, asked) if answer is not None]
    if not cached:
        return
    try:
        answers = on_the_same_masks(cached)
        indices = all_classes(answers, state.settings.spec) if have_the_same_classes(answers) else None
        class_index = _settings(answers, indices)
        spec = replace(state.settings.spec, classes=indices)
        explanations = tuple(server().explanation(answer, spec) for answer in answers)
        comparison = lc.compare(explanations, class_index, k=spec.top_k, sign=spec.view.sign)
    except lc.LimeError as error:
        st.error(plain(str(error)))
        return
    image = lc.frame(asked[0].image, state.settings.spec)
    shown = ComparisonView(state.settings, image, explanations, comparison, state.comparison.running)
    _headline(shown)
    _cards(shown)
    outputs_chart.show(shown)
    if len(explanations) > 1:
        model_agreement.show(shown)
        model_differences.show(shown)


def _settings(answers: list[lc.Neighborhood], indices: tuple[int, ...] | None) -> int | None:
    """Draw the instant settings; return the class, or None for each model's own first.

    Without `indices` the models have different classes, so there is none to choose for all.
    """
    names, chosen = answers[0].class_names, None
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        with st.container(width=280):
            if indices is None:
                st.caption("These models have different classes: each is compared on its own first class.")
            else:
                chosen = class_or_none({index: names[index] for index in indices}, "each model's first class")
        view = view_row(answers[0].superpixels, signed=session().settings.spec.surrogate.signed)
    session().change(view=view)
    return chosen


def _headline(shown: ComparisonView) -> None:
    firsts = [max(item.classes, key=lambda each: each.output) for item in shown.explanations]
    names = {plain(first.name) for first in firsts}
    if len(firsts) == 1:
        st.markdown(f"#### {shown.title(0)} says *{names.pop()}*")
    elif len(names) == 1:
        all_of_them = "Both" if len(firsts) == 2 else f"All {len(firsts)}"
        st.markdown(f"#### {all_of_them} models say *{names.pop()}*")
    else:
        says = "" if shown.same_classes else "says "
        each = ", ".join(f"{shown.title(index)} {says}*{plain(first.name)}*" for index, first in enumerate(firsts))
        # Where the classes differ, other words need not mean something else.
        st.markdown(f"#### The models disagree: {each}" if shown.same_classes else f"#### {each}")
    first = shown.explanations[0]
    st.caption(
        f"{first.samples:,} samples each, the same {first.superpixels} superpixels and the same masks for every model"
    )


def _cards(shown: ComparisonView) -> None:
    for index, column in enumerate(st.columns(len(shown.explanations))):
        item = shown.comparison.explained[index]
        with column:
            about = shown.explanations[index].provenance
            st.markdown(f"**{shown.title(index)}**  \n{plain(item.name)} {output(item.output, about)}")
            strongest = ", ".join(map(str, shown.called(shown.comparison.top[index]))) or "none"
            st.image(
                shown.picture_of(index),
                alt=f"{shown.title(index)}, {item.name}: strongest superpixels {strongest}",
                width="stretch",
            )
            st.caption(verdict_text.in_a_line(item), help=verdict_text.help_text(item, with_advice=not shown.running))
