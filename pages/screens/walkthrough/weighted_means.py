"""What the answers are on average where a superpixel is shown and where it is hidden, weighted as in the fit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lime_core.methods.lime.workings import pose
from pages.screens.walkthrough.walkthrough_state import WalkthroughState

Floats = NDArray[np.float64]


def compared(shown: float | None, hidden: float | None) -> str:
    """Say what the weighted means are where a superpixel is shown and where it is hidden."""
    both = {"shown": shown, "hidden": hidden}
    missing = [name for name, mean in both.items() if mean is None]
    if shown is not None and hidden is not None:
        return (
            f"The weighted mean of the answers is {shown:.3f} where it is shown and {hidden:.3f} where it is hidden: a "
            f"difference of {shown - hidden:+.3f}."
        )
    there = "".join(
        f" Where it is {name}, the weighted mean of the answers is {mean:.3f}."
        for name, mean in both.items()
        if mean is not None
    )
    return f"No sample that counts has it {' or '.join(missing)}, so there is nothing to average there.{there}"


def means(walk: WalkthroughState, superpixel: int) -> tuple[float | None, float | None]:
    """Return the weighted mean target where a superpixel is shown and where it is hidden; None without any weight."""
    answers, weight = targets(walk), weights_of_fit(walk)
    inside = walk.answers.masks[:, superpixel] == 1
    shown, hidden = (
        float(np.average(answers[rows], weights=weight[rows])) if weight[rows].any() else None
        for rows in (inside, ~inside)
    )
    return shown, hidden


def weights_of_fit(walk: WalkthroughState) -> Floats:
    """Return what each sample counts in the fit, float64 ``(N,)``."""
    return pose(walk.answers, walk.spec, [walk.focus.index]).weights


def targets(walk: WalkthroughState) -> Floats:
    """Return what is explained of each answer for the class in focus, float64 ``(N,)``."""
    values: Floats = walk.spec.target.values(walk.answers.outputs[:, [walk.focus.index]])[:, 0]
    return values
