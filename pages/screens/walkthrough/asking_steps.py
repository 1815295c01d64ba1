"""The first four steps: from the picture to the model's answers."""

from __future__ import annotations

import html
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from lime_core.show.superpixel_pictures import numbered
from lime_core.surrogates.targets import LogOdds
from pages.screens.walkthrough.walkthrough_state import Step, WalkthroughState
from pages.state.server import server
from pages.state.session import Session
from pages.widgets import charts, labels
from pages.widgets.class_choice import class_in_focus
from pages.widgets.setting_groups import sampling_settings, superpixel_settings
from pages.widgets.setting_widgets import option, setting
from pages.widgets.text import output, plain

_HANDFUL = 6
# Hidden cells are hatched and hollow, so that nobody needs colour to tell them from shown ones.
_CELL = "display:inline-block;width:2.1em;padding:.1em 0;text-align:center;border-radius:.25em;line-height:1.15;"
_SHOWN = _CELL + "background:#0b63a5;color:#fff;border:1px solid #0b63a5"
_HIDDEN = _CELL + (
    "border:1px dashed color-mix(in srgb,currentColor 55%,transparent);background:repeating-linear-gradient(135deg,"
    "transparent 0 4px,color-mix(in srgb,currentColor 12%,transparent) 4px 6px)"
)


def _describe_picture(walk: WalkthroughState) -> None:
    height, width = walk.scene.pixels.shape[:2]
    st.markdown(
        f"The model never sees your file. It sees **{width} × {height} pixels**, and turns them into one number for "
        "each class: how probable the class is."
    )
    st.latex(r"f(\text{picture}) = (p_1, p_2, \dots, p_C)")
    st.markdown(
        "*How* it gets there is hidden in millions of weights. LIME does not look inside: it asks the model about many "
        "variants of the picture and compares the answers."
    )


def _show_picture(walk: WalkthroughState) -> None:
    height, width = walk.scene.pixels.shape[:2]
    left, right = st.columns(2)
    left.image(
        walk.question.image.pixels,
        caption="Your picture",
        alt=f"Your picture: {walk.question.title}",
        width="stretch",
        output_format="JPEG",
    )
    right.image(
        walk.scene.pixels,
        caption=f"What the model sees: {width} × {height} pixels",
        alt="The picture at the model's size",
        width="stretch",
    )
    if walk.explanation is not None:
        outputs = ", ".join(
            f"{item.name} {output(item.output, walk.explanation.provenance)}" for item in walk.explanation.classes
        )
        st.caption(f"What {labels.model_title(walk.question.model)} answers:")
        figure = charts.class_outputs(walk.explanation)
        st.plotly_chart(figure, key="walk.probabilities", config=charts.QUIET, alt=outputs)


def _describe_superpixels(walk: WalkthroughState) -> None:
    st.markdown(
        "A single pixel changes nothing. So neighbouring pixels that look alike are joined: "
        f"**{walk.scene.segments.size:,} pixels become {walk.scene.superpixels} superpixels**, each with a number. "
        "From here on a superpixel is shown or hidden as a whole, and the explanation gives each superpixel a score."
    )
    st.markdown(
        "Few large superpixels are easy to read but coarse. Many small ones are precise, but each matters less, "
        "and more samples are needed to tell them apart."
    )


def _show_superpixels(walk: WalkthroughState) -> None:
    st.image(
        server().picture(
            lambda: numbered(server().canvas(walk.question, walk.scene.image, walk.scene.segments), ids=walk.ids),
            walk.question.cut_key,
            "numbered",
        ),
        caption=f"{walk.scene.superpixels} superpixels",
        alt=f"The picture cut into {walk.scene.superpixels} numbered superpixels",
        width="stretch",
    )


def _describe_mask(walk: WalkthroughState) -> None:
    shown, count = int(walk.mask.sum()), len(walk.mask)
    start = ", ".join(str(value) for value in walk.mask[:6])
    st.markdown(
        "Draw a 0 or a 1 for each superpixel: **1 = shown, 0 = hidden**. Such a row is a *perturbation vector*. "
        f"Sample {walk.sample} shows {shown} of {count}:"
    )
    st.latex(rf"z_{{{walk.sample}}} = ({start}, \dots) \in \{{0, 1\}}^{{{count}}}")
    st.markdown(
        "Something has to take the place of a hidden superpixel. The choice matters: a fill that looks like something "
        "itself (black fur, a grey wall) is evidence to the model too."
    )


def _show_mask(walk: WalkthroughState) -> None:
    shown = np.flatnonzero(walk.mask)
    numbers = map(str, walk.ids[shown])
    text = f"Sample {walk.sample} shows {len(shown)} of {len(walk.mask)} superpixels: {', '.join(numbers)}"
    cells = "".join(
        f'<span style="{_SHOWN if value else _HIDDEN}"><small>{number}</small><br><b>{value}</b></span>'
        for number, value in zip(walk.ids, walk.mask, strict=True)
    )
    # One picture for screen readers: nobody can use its numbers read out one by one. It scrolls, so the keyboard has to
    # reach it.
    st.html(
        f'<div role="img" tabindex="0" aria-label="{html.escape(text)}" style="display:flex;flex-wrap:wrap;gap:.2em;'
        f'max-height:15em;overflow-y:auto">{cells}</div>'
    )
    st.image(
        walk.scene.perturbed(walk.mask[None])[0],
        caption=f"Sample {walk.sample}, as the model sees it",
        alt=text,
        width=340,
    )


def _describe_answers(walk: WalkthroughState) -> None:
    outputs, name, index = _of_class(walk)
    st.markdown(
        f"Each perturbed picture goes through the model. It was asked **{len(outputs):,} times**; its output for "
        f"**{plain(name)}** ranged from {outputs.min():.2f} to {outputs.max():.2f}, and its mean is "
        f"{outputs.mean():.2f}."
    )
    st.latex(rf"p_i = f_{{\text{{class {index}}}}}(\text{{picture with }} z_i)")
    target = walk.spec.target
    if isinstance(target, LogOdds):
        st.markdown(
            "A probability cannot rise above 1, so what a superpixel adds to it depends on all the others. Its "
            "*log-odds* have no such limit: 0 is fifty-fifty, and each step of 1 multiplies the odds by 2.7. They "
            "are what is explained:"
        )
        st.latex(r"y_i = \ln \frac{p_i}{1 - p_i}")
        st.caption(f"Probabilities closer than {target.cut:g} to 0 or 1 are cut off there: beyond it they are noise.")
    else:
        st.latex(r"y_i = p_i")
    st.markdown(
        "Compare what the pictures with high answers show and those with low answers hide: the next steps do the same "
        "with numbers."
    )


def _of_class(walk: WalkthroughState) -> tuple[NDArray[np.float32], str, int]:
    """Return the outputs for the class in focus, its name and its index; the top class while nothing can be fitted."""
    answers = walk.answers
    index = walk.focus.index if walk.explanation is not None else int(answers.original_outputs.argmax())
    return answers.outputs[:, index], answers.class_names[index], index


def _show_answers(walk: WalkthroughState) -> None:
    outputs, name, _ = _of_class(walk)
    # From the lowest to the highest, evenly: a few that span the range of the answers.
    ranks = np.linspace(0, len(outputs) - 1, min(_HANDFUL, len(outputs))).round().astype(int)
    chosen = np.argsort(outputs, kind="stable")[ranks][::-1]
    masks = walk.answers.masks[chosen]
    st.caption(f"Some of the samples, most *{plain(name)}* first")
    columns = st.columns(3)
    for index, (row, pixels, mask) in enumerate(zip(chosen, walk.scene.perturbed(masks), masks, strict=True)):
        text = f"{outputs[row]:.3f} · sample {row} · {int(mask.sum())} shown"
        columns[index % 3].image(pixels, caption=text, alt=text, width="stretch", output_format="JPEG")


def choose_class(state: Session) -> None:
    """Draw which of the explained classes is looked at; the Explain screen shows the same one large."""
    if state.drawn is not None:
        class_in_focus({item.index: item.name for item in state.drawn.attribution.classes})


def _choose_answers(state: Session) -> dict[str, Any]:
    choose_class(state)
    left, right = st.columns(2)
    with left:
        samples = int(setting("samples"))
    with right:
        return {"samples": samples, "target": option("target")}


ASKING = (
    Step(
        "Picture",
        "What the model gets to see, and what it answers.",
        "how your picture is brought to the model's size. The model itself is chosen in the sidebar.",
        lambda _: {"framing": setting("framing")},
        _describe_picture,
        _show_picture,
    ),
    Step(
        "Superpixels",
        "Cut the picture into patches, which the explanation is about.",
        "how the picture is cut, and into how many superpixels.",
        lambda _: superpixel_settings(),
        _describe_superpixels,
        _show_superpixels,
    ),
    Step(
        "Hiding",
        "Hide some patches at random: one *perturbed* picture.",
        "how masks are drawn, and what hidden superpixels become.",
        lambda _: sampling_settings(),
        _describe_mask,
        _show_mask,
        one_sample=True,
    ),
    Step(
        "Answers",
        "Ask the model about many such pictures.",
        "which class, how often the model is asked, and whether probabilities or log-odds are explained.",
        _choose_answers,
        _describe_answers,
        _show_answers,
        needs="answers",
    ),
)
