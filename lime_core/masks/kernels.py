"""What a sample counts for and what is fitted to it: distance, kernel weight, target, classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from lime_core.errors import SpecError
from lime_core.settings.spec import Distance, ExplainSpec, Kernel

Floats = NDArray[np.float64]

_ROUNDING = 1e-3  # softmax in bf16 may miss 0..1 by a little


def chosen_classes(original_outputs: NDArray[np.float32], spec: ExplainSpec) -> list[int]:
    """Return the indices of the classes that a spec asks for, by falling output for the untouched picture.

    Raises
    ------
    SpecError
        When an index is outside the model's classes.
    """
    by_falling_probability = np.argsort(-original_outputs, kind="stable")
    if spec.classes is None:
        return [int(index) for index in by_falling_probability[: spec.top_classes]]
    count = len(original_outputs)
    outside = [index for index in spec.classes if index >= count]
    if outside:
        raise SpecError(f"classes must be in 0..{count - 1} for this model; got {outside}.")
    wanted = set(spec.classes)
    return [int(index) for index in by_falling_probability if index in wanted]


def distances(masks: NDArray[np.uint8], energy: Floats, distance: Distance) -> Floats:
    """Return each sample's distance from the original picture, float64 ``(N,)`` in 0..1.

    Parameters
    ----------
    masks : ndarray of uint8, shape (N, S)
        1 = shown, 0 = hidden.
    energy : ndarray of float64, shape (S,)
        See `lime_core.fills.hidden_energy`; used by "l2_pixels".
    distance : {"cosine", "hidden_fraction", "l2_pixels"}
        cosine: 1 − √(k/S) with k superpixels shown, the cosine distance between the mask and all ones;
        hidden_fraction: 1 − k/S; l2_pixels: root mean square difference over RGB in 0..1.
    """
    if distance == "l2_pixels":
        root: Floats = np.sqrt(np.maximum((1.0 - masks) @ energy, 0.0))
        return root
    shown = masks.mean(axis=1, dtype=np.float64)
    far: Floats = 1.0 - (np.sqrt(shown) if distance == "cosine" else shown)
    return far


def kernel_weights(distance: Floats, kernel: Kernel, width: float) -> Floats:
    """Turn distances into weights, float64 ``(N,)`` in 0..1.

    lime: √exp(−D²/w²), as the `lime` package has it; gaussian: exp(−D²/w²), as its paper has it; none: 1.
    """
    if kernel == "none":
        return np.ones_like(distance)
    exponent = -((distance / width) ** 2)
    weights: Floats = np.exp(exponent / 2 if kernel == "lime" else exponent)
    return weights


def effective_sample_size(weights: Floats) -> float:
    """Return Kish's effective sample size (Σw)²/Σw²: how many equally weighted samples would say as much."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def target_values(outputs: NDArray[np.float32], spec: ExplainSpec) -> Floats:
    """Return what the surrogate is fitted to: the outputs, or their log-odds, float64.

    log_odds: ln(p/(1 − p)) with p clipped to c..1 − c, where c is ``spec.log_odds_cut``; ±9.2 at c = 1e-4. Below one in
    ten thousand a large softmax ranks its classes by noise, which log-odds would blow up.

    Raises
    ------
    SpecError
        When log-odds are wanted of outputs outside 0..1.
    """
    values = outputs.astype(np.float64)
    if spec.target == "probability":
        return values
    check_target(outputs, spec)
    return within_cut(logit(np.clip(values, 0.0, 1.0)), spec)


def within_cut(targets: float | Floats, spec: ExplainSpec) -> Floats:
    """Return targets, or a surrogate's answers, cut off where log-odds are."""
    if spec.target == "probability":
        return np.asarray(targets, np.float64)
    furthest = logit(1 - spec.log_odds_cut)
    cut: Floats = np.clip(targets, -furthest, furthest)
    return cut


def as_outputs(targets: float | Floats, spec: ExplainSpec) -> Floats:
    """Return targets, or a surrogate's answers, in the unit of the model's outputs: the inverse of `target_values`."""
    outputs: Floats = np.asarray(targets if spec.target == "probability" else expit(targets), np.float64)
    return outputs


def check_target(outputs: NDArray[np.float32], spec: ExplainSpec) -> None:
    """Raise `SpecError` when log-odds are wanted of outputs outside 0..1 (beyond rounding), which have none."""
    if spec.target == "probability" or outputs.size == 0:
        return
    low, high = float(outputs.min()), float(outputs.max())
    if low < -_ROUNDING or high > 1 + _ROUNDING:
        raise SpecError(
            f"target 'log_odds' needs outputs between 0 and 1; this model answers {low:.3g}"
            + (f" to {high:.3g}" if high > low else "")
            + ". Use target='probability', which explains outputs as they are, or end the model in a softmax or a "
            "sigmoid."
        )
