"""Names for people: of settings, choices, models, engines and presets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import lime_core as lc
from lime_core.models import CATALOG
from lime_core.parameters import Option, Parameter, parameters_of
from pages.state.known_models import known_model
from pages.widgets.text import plain

LABELS = {
    "segmentation": "Superpixels by",
    "resolution": "Cut the picture",
    "framing": "The model sees",
    "samples": "Samples",
    "sampler": "Sampler",
    "keep_probability": "Keep probability",
    "max_hide_rate": "Highest share hidden",
    "include_original": "Begin with the unmodified picture",
    "early_stop": "Stop early when settled",
    "stop_tolerance": "Tied within a share of",
    "stop_top_k": "Settled for the strongest",
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
    "sign": "Evidence",
    "hide_unsure": "Only certain superpixels",
    "opacity": "Opacity",
    "smoothing": "Smoothing, px",
    "slic.n_segments": "Number, about",
    "slic.compactness": "Compactness",
    "slic.sigma": "Smoothing before, px",
    "quickshift.kernel_size": "Density kernel, px",
    "quickshift.max_dist": "Farthest link, px",
    "quickshift.ratio": "Colour against position",
    "quickshift.sigma": "Smoothing before, px",
    "quickshift.random_seed": "Seed of the superpixels",
    "felzenszwalb.scale": "Scale",
    "felzenszwalb.sigma": "Smoothing before, px",
    "felzenszwalb.min_size": "Smallest, px",
    "watershed.markers": "Number, about",
    "watershed.compactness": "Compactness",
    "grid.rows": "Rows",
    "grid.columns": "Columns",
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
    "lime": "lime package's",
    "segment_mean": "their mean colour",
    "image_mean": "the picture's mean colour",
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
    "backward": "backward elimination",
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

# Why there are fewer samples than were asked for.
STOPPED = {
    "separated": "stopped early: the strongest superpixels of every class are certain",
    "tied": "stopped early: the strongest superpixels of every class are certain, except for ties",
    "precise": "stopped early: every error bar is small",
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


def label(name: str) -> str:
    """Return the readable name of a setting, or of a parameter by its `parameter_name`.

    One that has none in `LABELS` is spelled after its field.
    """
    return LABELS.get(name) or name.rpartition(".")[2].replace("_", " ").capitalize()


def parameter_name(option: str, field: str, rule: Parameter) -> str:
    """Return what tells a parameter of an option from those of all others: its flat name, or ``option.field``."""
    return rule.flat or f"{option}.{field}"


def choice(name: str) -> str:
    """Return the readable name of a choice; one that has none in `CHOICES` is spelled after itself."""
    return CHOICES.get(name) or name.replace("_", " ")


def method(name: str) -> str:
    """Return the name of an explanation method."""
    return lc.METHODS[name].title if name in lc.METHODS else plain(name)


def model_title(model: str) -> str:
    """Return the name of a model."""
    if model in CATALOG:
        return CATALOG[model].title
    try:
        return plain(known_model(model).title)
    except lc.ModelError:
        # The name that a classifier has in its results.
        return plain(model)


def engine(name: str) -> str:
    """Return the name of what ran a model."""
    return ENGINES.get(name, name)


def changes(before: lc.ExplainSpec, after: lc.ExplainSpec) -> tuple[str, ...]:
    """Return one line for each setting that differs between two specs, such as ``Samples 512 → 1000``."""
    old, new = dict(_named_values(before)), dict(_named_values(after))
    names = [name for name in new if old.get(name) != new[name]]
    return tuple(f"{label(name)} {_value(old.get(name))} → {_value(new[name])}" for name in names)


def _named_values(owner: Any) -> Iterator[tuple[str, Any]]:
    """Yield every setting with its value, those of options and of the view among them."""
    for field, rule in parameters_of(owner).items():
        value = getattr(owner, field)
        if rule.kind == "option":
            yield field, value.name
            yield from _named_values(value)
        elif rule.kind == "group":
            yield from _named_values(value)
        elif rule.kind != "other" or field == "classes":
            option = getattr(owner, "name", None) if isinstance(owner, Option) else None
            yield (rule.flat or field) if option is None else parameter_name(option, field, rule), value


def _value(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return choice(value) if isinstance(value, str) else f"{value:g}"
