"""Named settings that reproduce other people's LIME.

Figures and their sources: the `lime` package 0.2.0.1; Ribeiro, Singh and Guestrin, KDD 2016 (Algorithm 1, Figure 4);
the InceptionV3 notebook that many tutorials copy; the MATLAB blog of 2021 on ResNet-18 and the script by the same
author; MATLAB's `imageLIME` (R2020b and later).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lime_core.errors import SpecError
from lime_core.masks.fills import Grey
from lime_core.masks.kernels import Gaussian, LimeKernel
from lime_core.masks.samplers import Iid, MixedRate
from lime_core.settings.spec import ExplainSpec
from lime_core.settings.view import View
from lime_core.superpixels import Quickshift, Slic
from lime_core.surrogates.families import Lasso, LeastSquares, Ridge
from lime_core.surrogates.selection import All, LassoPath

_LIME = ExplainSpec(
    segmentation=Quickshift(kernel_size=4, max_dist=200, ratio=0.2),
    resolution="model",
    samples=1000,
    sampler="lime",
    include_original=True,
    fill="segment_mean",
    distance="cosine",
    kernel=LimeKernel(width=0.25),
    surrogate=Ridge(alpha=1.0),
    normalize_weights=False,
    selection="auto",
    target="probability",
    view=View(name="outline", top_k=5, sign="positive", hide_unsure=False),
)

_MATLAB_BLOG = ExplainSpec(
    segmentation=Slic(n_segments=75, compactness=10),
    resolution="model",
    samples=1000,
    sampler=Iid(keep_probability=0.8),
    fill="black",
    target="probability",
    distance="hidden_fraction",
    kernel=Gaussian(width=0.35),
    surrogate="least_squares",
    view=View(name="jet", top_k=1023, sign="positive", hide_unsure=False, opacity=0.5, smoothing=8.0),
)

_IMAGELIME = ExplainSpec(
    segmentation=Slic(n_segments=49, compactness=10),
    resolution="model",
    samples=2048,
    sampler="iid",
    fill="image_mean",
    target="probability",
    kernel="none",
    surrogate="tree",
    view=View(name="heatmap", top_k=1023, hide_unsure=False),
)

PRESETS: dict[str, ExplainSpec] = {
    "default": ExplainSpec(),
    "lime": _LIME,
    "paper": replace(
        _LIME,
        fill=Grey(),
        sampler=Iid(),
        distance="l2_pixels",
        kernel=Gaussian(width=0.25),
        surrogate=LeastSquares(),
        selection=LassoPath(max_features=10),
        top_classes=3,
        view=View(name="hide_rest", top_k=10, sign="positive", hide_unsure=False),
    ),
    "tutorial": replace(
        _LIME,
        samples=150,
        sampler=Iid(),
        include_original=False,
        fill=Grey(),
        surrogate=LeastSquares(),
        selection=All(),
        view=View(name="hide_rest", top_k=4, sign="positive", hide_unsure=False),
    ),
    "matlab-blog": _MATLAB_BLOG,
    "matlab-script": replace(_MATLAB_BLOG, sampler=MixedRate(max_hide_rate=0.8)),
    "imagelime": _IMAGELIME,
    # MATLAB's lasso takes λ = 1/N unless told otherwise.
    "imagelime-linear": replace(_IMAGELIME, surrogate=Lasso(alpha=1 / 2048)),
}


def preset(name: str) -> ExplainSpec:
    """Return the settings with this name; change single ones with `dataclasses.replace`.

    Parameters
    ----------
    name : str
        A key of `PRESETS`.

    Raises
    ------
    SpecError
        When there is no preset of that name.
    """
    if name not in PRESETS:
        raise SpecError(f"preset must be one of {', '.join(PRESETS)}; got {name!r}.")
    return PRESETS[name]


def as_spec(given: ExplainSpec | str | Mapping[str, Any] | None) -> ExplainSpec:
    """Return settings: as they are, by the name of a preset, from a dict of settings, or the project's defaults.

    Parameters
    ----------
    given : ExplainSpec, str, mapping or None
        A mapping holds settings by name, flat names among them (``{"samples": 500, "kernel_width": 0.5}``), or what
        `ExplainSpec.to_dict` gave; what it leaves out is at its default.

    Raises
    ------
    SpecError
        For unknown names, values outside their range, and anything else.
    """
    if given is None:
        return ExplainSpec()
    if isinstance(given, ExplainSpec):
        return given
    if isinstance(given, str):
        return preset(given)
    if isinstance(given, Mapping):
        strange = [name for name in given if not isinstance(name, str)]
        if strange:
            raise SpecError(f"Settings have names; got {strange[0]!r}.")
        return ExplainSpec.from_dict(given)
    hint = " A view is one of the settings: ExplainSpec(view=…)." if isinstance(given, View) else ""
    raise SpecError(
        f"Settings are an ExplainSpec, the name of a preset, or a dict of settings; got {type(given).__name__}.{hint}"
    )
