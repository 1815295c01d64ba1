"""The words of the screens: names of settings and choices, one line of help for each term, safe text."""

from __future__ import annotations

import math
import re

import lime_core as lc
from lime_core.models import CATALOG

# What Markdown, or Streamlit's own directives, would take for an instruction.
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&^=])")

LABELS = {
    "method": "Superpixels by",
    "resolution": "Cut the picture",
    "framing": "The model sees",
    "samples": "Samples",
    "sampler": "Sampler",
    "keep_probability": "Keep probability",
    "max_hide_rate": "Highest share hidden",
    "include_original": "Begin with the untouched picture",
    "early_stop": "Stop early when settled",
    "stop_tolerance": "Settled below",
    "seed": "Seed",
    "fill": "Hidden superpixels become",
    "fill_color": "Fill colour",
    "fill_blur_sigma": "Blur, px",
    "target": "Explain the",
    "log_odds_cut": "Cut off at",
    "distance": "Distance",
    "kernel": "Kernel",
    "kernel_width": "Kernel width",
    "surrogate": "Surrogate",
    "alpha": "Penalty α",
    "normalize_weights": "Scale weights to sum 1",
    "selection": "Select superpixels",
    "max_features": "Superpixels selected",
    "classes": "Classes",
    "top_classes": "Top classes",
    "view": "View",
    "top_k": "K",
    "sign": "Show",
    "hide_unsure": "Only what is sure",
    "opacity": "Opacity",
    "smoothing": "Smoothing, px",
    "n_segments": "How many, about",
    "compactness": "Compactness",
    "sigma": "Smoothing first, px",
    "kernel_size": "Density kernel, px",
    "max_dist": "Farthest link, px",
    "ratio": "Colour against position",
    "random_seed": "Seed of the cut",
    "scale": "Scale",
    "min_size": "Smallest, px",
    "markers": "How many, about",
    "rows": "Rows",
    "columns": "Columns",
}

CHOICES = {
    "slic": "SLIC",
    "quickshift": "Quickshift",
    "felzenszwalb": "Felzenszwalb",
    "watershed": "Watershed",
    "grid": "Grid",
    "label_map": "My own label map",
    "viewing": "at viewing size",
    "model": "at the model's size",
    "squash": "the whole picture, squashed",
    "center_crop": "its central square",
    "balanced": "Balanced",
    "iid": "Independent (iid)",
    "paired": "Paired",
    "mixed_rate": "Mixed rate",
    "lime": "lime",
    "segment_mean": "their own mean",
    "image_mean": "the picture's mean",
    "grey": "grey",
    "black": "black",
    "color": "one colour",
    "blur": "blurred",
    "noise": "noise",
    "inpaint": "inpainted",
    "probability": "probability",
    "log_odds": "log-odds",
    "cosine": "cosine",
    "hidden_fraction": "share hidden",
    "l2_pixels": "pixels (L2)",
    "gaussian": "Gaussian",
    "none": "none",
    "ridge": "ridge",
    "least_squares": "least squares",
    "lasso": "lasso",
    "tree": "regression tree",
    "auto": "lime's rule (auto)",
    "highest_weights": "highest weights",
    "forward": "forward",
    "lasso_path": "lasso path (K-LASSO)",
    "overlay": "Overlay",
    "outline": "Outline",
    "hide_rest": "Hide the rest",
    "heatmap": "Heat map",
    "jet": "Smoothed (jet)",
    "positive": "for",
    "negative": "against",
    "both": "both",
}

ENGINES = {"tensorflow": "TensorFlow, f32", "openvino": "OpenVINO, f32", "openvino-bf16": "OpenVINO, bf16"}

# Why there are no more samples, where that was not simply the number asked for.
STOPPED = {
    "separated": "enough: the strongest superpixels of every class stand apart",
    "precise": "enough: every error bar is small",
}

PRESETS = {
    "default": "Limelight's own",
    "lime": "lime package",
    "paper": "LIME paper (2016)",
    "tutorial": "InceptionV3 tutorial",
    "matlab-blog": "MATLAB blog (2021)",
    "matlab-script": "MATLAB blog, script",
    "imagelime": "MATLAB imageLIME, tree",
    "imagelime-linear": "MATLAB imageLIME, lasso",
}


def plain(text: str) -> str:
    """Return a text that Markdown shows as it is, whatever it contains; for file names and class names."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def choice(name: str) -> str:
    """Return the readable name of a choice."""
    return CHOICES.get(name, name)


def model_title(model: str) -> str:
    """Return the name of a model for people."""
    return CATALOG[model].title if model in CATALOG else plain(model)


def engine(name: str) -> str:
    """Return the name of what ran a model, for people."""
    return ENGINES.get(name, name)


def megabytes(size: float) -> str:
    """Return a size such as ``92 MB``."""
    return f"{size / 1e6:.0f} MB"


def seconds(duration: float) -> str:
    """Return a duration such as ``8 s`` or ``2 min 5 s``."""
    whole = max(1, round(duration))
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def percent(share: float) -> str:
    """Return a probability in percent with as many digits as tell something."""
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"


def changes(before: lc.ExplainSpec, after: lc.ExplainSpec) -> tuple[str, ...]:
    """Return one line for each setting that differs between two specs, such as ``Samples 512 → 1000``."""
    old, new = _flat(before), _flat(after)
    names = [name for name in new if old.get(name) != new[name]]
    return tuple(f"{LABELS.get(name, name)} {_shown(old.get(name))} → {_shown(new[name])}" for name in names)


def _flat(spec: lc.ExplainSpec) -> dict[str, object]:
    values = spec.to_dict()
    cut = values.pop("segmentation")
    cut.pop("labels", None)
    return {**cut, **values}


def _shown(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return choice(value) if isinstance(value, str) else f"{value:g}"


def number(value: float) -> str:
    """Return a number with two decimals, or say that there is none."""
    return "unknown" if math.isnan(value) else f"{value:.2f}"
