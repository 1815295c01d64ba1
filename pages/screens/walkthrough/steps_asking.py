"""The first four steps: from the picture to the model's answers."""

from __future__ import annotations

import html
from typing import Any

import numpy as np
import streamlit as st

from lime_core.show import render
from pages.screens.explain import setup
from pages.screens.walkthrough.stepper import Step, Walk
from pages.state.session import Session
from pages.widgets import charts, controls
from pages.widgets import labels as words

_HANDFUL = 6
_QUIET = {"displayModeBar": False}
# Hidden cells are hatched and hollow, so that nobody needs colour to tell them from shown ones.
_CELL = "display:inline-block;width:2.1em;padding:.1em 0;text-align:center;border-radius:.25em;line-height:1.15;"
_SHOWN = _CELL + "background:#0b63a5;color:#fff;border:1px solid #0b63a5"
_HIDDEN = _CELL + (
    "border:1px dashed color-mix(in srgb,currentColor 55%,transparent);background:repeating-linear-gradient(135deg,"
    "transparent 0 4px,color-mix(in srgb,currentColor 12%,transparent) 4px 6px)"
)


def _tell_picture(walk: Walk) -> None:
    height, width = walk.scene.pixels.shape[:2]
    st.markdown(
        f"The model never sees your file. It sees **{width} × {height} pixels**, and turns them into one number for "
        "each class it knows: how probable it finds it."
    )
    st.latex(r"f(\text{picture}) = (p_1, p_2, \dots, p_C)")
    st.markdown(
        "*How* it gets there is hidden in millions of weights. LIME does not look inside: it only asks, again and "
        "again, and watches the answers."
    )


def _show_picture(walk: Walk) -> None:
    scene = walk.scene
    height, width = scene.pixels.shape[:2]
    left, right = st.columns(2)
    left.image(
        walk.question.image.pixels,
        caption="Your picture",
        alt=f"Your picture: {walk.question.title}",
        width="stretch",
        output_format="JPEG",
    )
    right.image(
        scene.pixels,
        caption=f"What the model sees: {width} × {height} pixels",
        alt="The picture at the model's size",
        width="stretch",
    )
    if walk.shown is not None:
        explanation = walk.shown.explanation
        told = ", ".join(f"{one.name} {one.probability:.1%}" for one in explanation.classes)
        st.caption(f"What {words.model_title(walk.question.model)} answers:")
        st.plotly_chart(charts.probabilities(explanation), key="walk.probabilities", config=_QUIET, alt=told)


def _tell_superpixels(walk: Walk) -> None:
    count = walk.scene.superpixels
    pixels = walk.scene.segments.size
    st.markdown(
        "One pixel more or less changes nothing. So neighbouring pixels that look alike are joined: "
        f"**{pixels:,} pixels become {count} superpixels**, numbered from 0. From here on a superpixel is shown or "
        "hidden as a whole, and it is superpixels that get the credit or the blame."
    )
    st.markdown(
        "Few and large ones are easy to read but coarse; many and small ones are precise but each matters less, "
        "and more samples are needed to tell them apart."
    )


def _show_superpixels(walk: Walk) -> None:
    st.image(
        render.numbered(walk.scene.image, walk.scene.segments),
        caption=f"{walk.scene.superpixels} superpixels",
        alt=f"The picture cut into {walk.scene.superpixels} numbered superpixels",
        width="stretch",
        output_format="JPEG",
    )


def _tell_mask(walk: Walk) -> None:
    shown = int(walk.mask.sum())
    start = ", ".join(str(value) for value in walk.mask[:6])
    st.markdown(
        f"Draw a 0 or a 1 for each superpixel: **1 = shown, 0 = hidden**. Such a row is a *perturbation vector*. "
        f"Sample {walk.sample} shows {shown} of {len(walk.mask)}:"
    )
    st.latex(rf"z_{{{walk.sample}}} = ({start}, \dots) \in \{{0, 1\}}^{{{len(walk.mask)}}}")
    st.markdown(
        "Where a superpixel is hidden something has to stand in its place. That is a choice too: a fill that itself "
        "looks like something (black fur, a grey wall) speaks to the model as well."
    )


def _show_mask(walk: Walk) -> None:
    shown = np.flatnonzero(walk.mask)
    told = f"Sample {walk.sample} shows {len(shown)} of {len(walk.mask)} superpixels: {', '.join(map(str, shown))}"
    cells = "".join(
        f'<span style="{_SHOWN if value else _HIDDEN}"><small>{place}</small><br><b>{value}</b></span>'
        for place, value in enumerate(walk.mask)
    )
    # A picture for screen readers: its numbers one by one would tell nobody anything.
    st.html(
        f'<div role="img" aria-label="{html.escape(told)}" style="display:flex;flex-wrap:wrap;gap:.2em;'
        f'max-height:15em;overflow-y:auto">{cells}</div>'
    )
    st.image(
        walk.scene.perturbed(walk.mask[None])[0],
        caption=f"Sample {walk.sample}, as the model sees it",
        alt=told,
        width=340,
    )


def _tell_answers(walk: Walk) -> None:
    outputs, name, index = _of_class(walk)
    st.markdown(
        f"Each perturbed picture goes through the model. It was asked **{len(outputs):,} times**; its output for "
        f"**{words.plain(name)}** went from {outputs.min():.2f} to {outputs.max():.2f}, on average "
        f"{outputs.mean():.2f}."
    )
    st.latex(rf"p_i = f_{{\text{{class {index}}}}}(\text{{picture with }} z_i)")
    if walk.state.spec.target == "log_odds":
        st.markdown(
            "A probability cannot rise above 1, so what a superpixel adds to it depends on all the others. Its "
            "*log-odds* have no ceiling: 0 is fifty-fifty, and each step of 1 makes the odds 2.7 times as good. They "
            "are what is explained:"
        )
        st.latex(r"y_i = \ln \frac{p_i}{1 - p_i}")
        st.caption(
            f"Closer to 0 or 1 than {walk.state.spec.log_odds_cut:g} they are cut off, as what a model says there is "
            "noise."
        )
    else:
        st.latex(r"y_i = p_i")
    st.markdown(
        "Look at what the high ones still show and the low ones hide: you are doing by eye what the next steps do with "
        "numbers."
    )


def _of_class(walk: Walk) -> tuple[np.ndarray, str, int]:
    """Return the outputs for the class in focus, its name and its index; the top class while nothing can be fitted."""
    neighborhood = walk.neighborhood
    index = walk.shown.focus.index if walk.shown else int(neighborhood.original_outputs.argmax())
    return neighborhood.outputs[:, index], neighborhood.class_names[index], index


def _show_answers(walk: Walk) -> None:
    answers, name, _ = _of_class(walk)
    # From the lowest to the highest, evenly: a handful that spans what the model can say.
    ranks = np.linspace(0, len(answers) - 1, min(_HANDFUL, len(answers))).round().astype(int)
    chosen = np.argsort(answers, kind="stable")[ranks][::-1]
    masks = walk.neighborhood.masks[chosen]
    st.caption(f"A handful of samples, most *{words.plain(name)}* first")
    columns = st.columns(3)
    for place, (row, pixels, mask) in enumerate(zip(chosen, walk.scene.perturbed(masks), masks, strict=True)):
        text = f"{answers[row]:.3f} · sample {row} · {int(mask.sum())} shown"
        columns[place % 3].image(pixels, caption=text, alt=text, width="stretch", output_format="JPEG")


def choose_class(state: Session) -> None:
    """Draw which of the explained classes is looked at; the Explain screen shows the same one large."""
    if state.explanation is None:
        return
    classes = {one.index: one.name for one in state.explanation[1].classes}
    focus = state.focus if state.focus in classes else next(iter(classes))
    controls.class_in_focus(classes, focus, lambda index: setattr(state, "focus", index))


def _choose_answers(state: Session) -> dict[str, Any]:
    choose_class(state)
    left, right = st.columns(2)
    with left:
        samples = int(controls.setting("samples"))
    with right:
        return {"samples": samples, "target": controls.setting("target")}


ASKING = (
    Step(
        "Picture",
        "What the model gets to see, and what it says.",
        "how your picture is brought to the model's size. The model itself is chosen in the sidebar.",
        lambda _: {"framing": controls.setting("framing")},
        _tell_picture,
        _show_picture,
    ),
    Step(
        "Superpixels",
        "Cut the picture into patches: the words in which the explanation will speak.",
        "how the picture is cut, and into how many.",
        setup.superpixel_settings,
        _tell_superpixels,
        _show_superpixels,
    ),
    Step(
        "Hiding",
        "Hide some patches at random: one *perturbed* picture.",
        "how masks are drawn, and what stands where something is hidden.",
        lambda _: setup.sampling_settings(),
        _tell_mask,
        _show_mask,
        leaf=True,
    ),
    Step(
        "Answers",
        "Ask the model about many such pictures.",
        "which class, how often the model is asked, and what of its answers is explained.",
        _choose_answers,
        _tell_answers,
        _show_answers,
        needs="answers",
    ),
)
