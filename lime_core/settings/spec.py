"""Every setting of an explanation in one frozen object, declared once (see `lime_core.parameters`)."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from lime_core.codec import decode_array, encode_array
from lime_core.errors import SpecError
from lime_core.masks.fills import FillName
from lime_core.masks.samplers import SamplerName
from lime_core.parameters import Stage, check_parameters, parameter, parameters_of
from lime_core.superpixels.segmentation import SEGMENTATIONS, AnySegmentation, LabelMap, Resolution, Slic

Framing = Literal["squash", "center_crop"]
Distance = Literal["cosine", "hidden_fraction", "l2_pixels"]
Kernel = Literal["lime", "gaussian", "none"]
Surrogate = Literal["ridge", "least_squares", "lasso", "tree"]
Selection = Literal["none", "auto", "highest_weights", "forward", "lasso_path"]
Target = Literal["probability", "log_odds"]
View = Literal["overlay", "outline", "hide_rest", "heatmap", "jet"]
Sign = Literal["positive", "negative", "both"]

QUERY_STAGES: tuple[Stage, ...] = ("segmentation", "query")

MOST_SAMPLES = 100_000
SMALLEST_CUT = 1e-6  # float32 tells 1 − 1e-6 from 1, and little beyond

_SAMPLERS_AT_ONE_HALF = ("balanced", "paired", "lime")


@dataclass(frozen=True, slots=True)
class ExplainSpec:
    """All settings of one explanation.

    Change one with `dataclasses.replace`. Fields belong to a stage: a change to a "fit" or "view" field needs no
    new model call.

    Raises
    ------
    SpecError
        When a value is outside its range or two settings contradict each other.
    """

    segmentation: AnySegmentation = parameter(
        Slic(), "How the picture is cut into superpixels.", kind="other", stage="segmentation"
    )
    resolution: Resolution = parameter(
        "viewing",
        "Cut the picture at viewing size, or shrunk to the model's input.",
        choices=get_args(Resolution),
        stage="segmentation",
    )
    framing: Framing = parameter(
        "squash",
        "What the model sees: the whole picture squashed to its input, or a centred square.",
        choices=get_args(Framing),
        stage="segmentation",
    )

    samples: int = parameter(1000, "Perturbed pictures the model is asked about.", low=2, high=MOST_SAMPLES)
    sampler: SamplerName = parameter("balanced", "How masks are drawn.", choices=get_args(SamplerName))
    keep_probability: float = parameter(
        0.5, "Chance that a superpixel is shown (sampler iid only).", low=0.01, high=0.99
    )
    max_hide_rate: float = parameter(0.8, "Highest share of superpixels hidden (sampler mixed_rate).", low=0.01, high=1)
    include_original: bool = parameter(False, "Make the untouched picture the first sample.")
    early_stop: bool = parameter(
        False, "Stop before all samples are drawn when the strongest superpixels of every class are settled."
    )
    stop_tolerance: float = parameter(
        0.05, "Settled when every error bar is below this share of the coefficients' range.", low=0.001, high=1
    )
    seed: int = parameter(0, "Seed of the masks and of the noise fill.", low=0, high=2**31 - 1)
    fill: FillName = parameter("blur", "What stands where a superpixel is hidden.", choices=get_args(FillName))
    fill_color: tuple[int, int, int] = parameter((128, 128, 128), "Colour of the fill 'color'.", kind="color")
    fill_blur_sigma: float = parameter(12.0, "Width of the fill 'blur', px of the model's input.", low=0.5, high=200)

    target: Target = parameter(
        "log_odds",
        "Explain the log-odds of the output, or the output as it is (probability).",
        choices=get_args(Target),
        stage="fit",
    )
    log_odds_cut: float = parameter(
        1e-4,
        "Log-odds are cut off where the output is as close as this to 0 or 1.",
        low=SMALLEST_CUT,
        high=0.1,
        stage="fit",
    )
    distance: Distance = parameter(
        "cosine",
        "How far a sample is from the original; l2_pixels is the root mean square over RGB in 0..1.",
        choices=get_args(Distance),
        stage="fit",
    )
    kernel: Kernel = parameter(
        "lime",
        "From distance D to weight: lime √exp(−D²/w²), gaussian exp(−D²/w²), none 1.",
        choices=get_args(Kernel),
        stage="fit",
    )
    kernel_width: float = parameter(
        0.25, "Width w of the kernel, in the distance's own unit (0..1).", low=0.001, high=100, stage="fit"
    )
    surrogate: Surrogate = parameter(
        "ridge", "The simple model that is fitted.", choices=get_args(Surrogate), stage="fit"
    )
    alpha: float = parameter(0.001, "Strength of the ridge or lasso penalty.", low=0, high=1000, stage="fit")
    normalize_weights: bool = parameter(
        True, "Scale the sample weights to sum 1, so that the penalty does not depend on N.", stage="fit"
    )
    selection: Selection = parameter(
        "none",
        "Which superpixels enter the fit; auto is the lime package's rule.",
        choices=get_args(Selection),
        stage="fit",
    )
    max_features: int = parameter(1023, "Superpixels that a selection keeps.", low=1, high=1023, stage="fit")
    classes: tuple[int, ...] | None = parameter(
        None, "Class indices to explain; without them the top classes.", kind="other", stage="fit"
    )
    top_classes: int = parameter(5, "How many top classes are explained.", low=1, high=100, stage="fit")

    view: View = parameter("overlay", "The picture that is shown first.", choices=get_args(View), stage="view")
    top_k: int = parameter(5, "Superpixels that a view shows.", low=1, high=1023, stage="view")
    sign: Sign = parameter("both", "For, against, or both.", choices=get_args(Sign), stage="view")
    hide_unsure: bool = parameter(True, "Leave out superpixels whose 95 % interval contains zero.", stage="view")
    opacity: float = parameter(0.5, "Opacity of what is laid over the picture.", low=0, high=1, stage="view")
    smoothing: float = parameter(8.0, "Width of the Gaussian of the jet view, px.", low=0, high=100, stage="view")

    def __post_init__(self) -> None:
        check_parameters(self)
        if not isinstance(self.segmentation, tuple(SEGMENTATIONS.values())):
            raise SpecError(
                f"segmentation must be one of {', '.join(cls.__name__ for cls in SEGMENTATIONS.values())}; "
                f"got {self.segmentation!r}."
            )
        object.__setattr__(self, "classes", _normalized_classes(self.classes))
        self._check_together()

    def _check_together(self) -> None:
        if self.sampler in _SAMPLERS_AT_ONE_HALF and self.keep_probability != 0.5:
            raise SpecError(
                f"sampler {self.sampler!r} shows each superpixel half of the time; keep_probability="
                f"{self.keep_probability:g} needs sampler 'iid'."
            )
        if self.surrogate == "tree" and self.selection != "none":
            raise SpecError(f"surrogate 'tree' selects by itself; use selection 'none' instead of {self.selection!r}.")
        if self.surrogate == "tree" and self.sign == "negative":
            raise SpecError("surrogate 'tree' has no negative importance; use sign 'positive' or 'both'.")

    @property
    def unit(self) -> str:
        """What coefficients and the surrogate's answers are counted in, in words."""
        return "log-odds" if self.target == "log_odds" else "probability"

    def begins_like(self, other: ExplainSpec) -> bool:
        """Return whether the shorter of both queries is the beginning of the longer, given one picture and model."""
        alike = dataclasses.replace(self, samples=other.samples, early_stop=other.early_stop)
        return alike.digest(*QUERY_STAGES) == other.digest(*QUERY_STAGES)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-ready values; `from_dict` is its inverse."""
        values = {name: getattr(self, name) for name in parameters_of(self)}
        values["segmentation"] = _segmentation_to_dict(self.segmentation)
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ExplainSpec:
        """Build a spec from the result of `to_dict`.

        Raises
        ------
        SpecError
            For unknown names and values outside their range.
        """
        unknown = sorted(set(values) - set(parameters_of(cls)))
        if unknown:
            raise SpecError(f"Unknown settings: {', '.join(unknown)}.")
        known = dict(values)
        if "segmentation" in known:
            known["segmentation"] = _segmentation_from_dict(known["segmentation"])
        if known.get("classes") is not None:
            known["classes"] = tuple(known["classes"])
        return cls(**known)

    def digest(self, *stages: Stage) -> str:
        """Return a SHA-256 hex digest of exactly the fields of `stages`."""
        values = self.to_dict()
        part = {name: values[name] for name, rule in parameters_of(self).items() if rule.stage in stages}
        return hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()

    def with_stages_of(self, other: ExplainSpec, *stages: Stage) -> ExplainSpec:
        """Return this spec with the fields of `stages` taken from `other`."""
        taken = {name: getattr(other, name) for name, rule in parameters_of(self).items() if rule.stage in stages}
        return dataclasses.replace(self, **taken)


def _normalized_classes(classes: Any) -> tuple[int, ...] | None:
    if classes is None:
        return None
    message = f"classes must be None or a tuple of distinct class indices (whole numbers from 0); got {classes!r}."
    if isinstance(classes, str | int | np.integer) or not hasattr(classes, "__iter__"):
        raise SpecError(message)
    given = tuple(classes)
    whole = all(isinstance(index, int | np.integer) and not isinstance(index, bool) and index >= 0 for index in given)
    if not given or not whole or len(set(given)) != len(given):
        raise SpecError(message)
    return tuple(int(index) for index in given)


def _segmentation_to_dict(method: AnySegmentation) -> dict[str, Any]:
    if isinstance(method, LabelMap):
        return {"method": method.method, "labels": encode_array(method.labels)}
    return {"method": method.method, **{name: getattr(method, name) for name in parameters_of(method)}}


def _segmentation_from_dict(values: dict[str, Any]) -> AnySegmentation:
    rest = dict(values)
    name = rest.pop("method", None)
    if name not in SEGMENTATIONS:
        raise SpecError(f"segmentation method must be one of {', '.join(SEGMENTATIONS)}; got {name!r}.")
    if name == LabelMap.method:
        return LabelMap(decode_array(rest.get("labels")))
    unknown = sorted(set(rest) - set(parameters_of(SEGMENTATIONS[name])))
    if unknown:
        raise SpecError(f"Unknown settings of {name}: {', '.join(unknown)}.")
    return SEGMENTATIONS[name](**rest)
