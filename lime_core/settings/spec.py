"""Every setting of an explanation in one frozen object, declared once (see `lime_core.parameters`)."""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from lime_core.errors import SpecError
from lime_core.masks.fills import FILLS, Blur, Fill
from lime_core.masks.kernels import KERNELS, Distance, Kernel, LimeKernel
from lime_core.masks.samplers import SAMPLERS, Balanced, Sampler
from lime_core.parameters import Parameter, Stage, option, parameter, parameters_of
from lime_core.settings.view import View
from lime_core.superpixels import SEGMENTATIONS, Resolution, Segmentation, Slic
from lime_core.surrogates.families import SURROGATES, Ridge, Surrogate
from lime_core.surrogates.selection import SELECTIONS, All, Selection
from lime_core.surrogates.targets import TARGETS, LogOdds, Target

Framing = Literal["squash", "center_crop"]

QUERY_STAGES: tuple[Stage, ...] = ("segmentation", "query")
STAGES: tuple[Stage, ...] = ("segmentation", "query", "fit", "view")

MOST_SAMPLES = 100_000


@dataclass(frozen=True, slots=True, init=False)
class ExplainSpec:
    """All settings of one explanation.

    Every setting is a keyword. Change one with `dataclasses.replace`. A choice that has parameters of its own takes an
    object, such as ``fill=Blur(sigma=20)``, or a plain name for the object with its defaults, such as ``fill="grey"``.
    A parameter of the chosen object can also be given by its own name, such as ``kernel_width=0.5`` or ``top_k=3``.

    Fields belong to a stage: a change to a "fit" field needs no new model call, a change to the view not even a new
    fit.

    Raises
    ------
    SpecError
        When a setting is unknown, a value is outside its range, or two settings contradict each other.
    """

    segmentation: Segmentation = option(
        Slic(), "How the picture is cut into superpixels.", SEGMENTATIONS, stage="segmentation"
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
    sampler: Sampler = option(Balanced(), "How masks are drawn.", SAMPLERS)
    include_original: bool = parameter(False, "Make the unmodified picture the first sample.")
    early_stop: bool = parameter(
        False, "Stop before all samples are drawn when the strongest superpixels of every class are certain (95 %)."
    )
    stop_tolerance: float = parameter(
        0.2,
        "Superpixels are tied when none is stronger than another by more than this share of the coefficients' range.",
        low=0.001,
        high=1,
    )
    stop_top_k: int = parameter(
        5, "Stop when so many strongest superpixels are certain, or certain but for ties.", low=1, high=1023
    )
    seed: int = parameter(0, "Seed of the masks and of the noise fill.", low=0, high=2**31 - 1)
    fill: Fill = option(Blur(), "What stands where a superpixel is hidden.", FILLS)

    target: Target = option(
        LogOdds(), "Explain the log-odds of the output, or the output as it is (probability).", TARGETS, stage="fit"
    )
    distance: Distance = parameter(
        "cosine",
        "How far a sample is from the original; l2_pixels is the root mean square over RGB in 0..1.",
        choices=get_args(Distance),
        stage="fit",
    )
    kernel: Kernel = option(
        LimeKernel(),
        "From distance D to weight: lime √exp(−D²/w²), gaussian exp(−D²/w²), none 1.",
        KERNELS,
        stage="fit",
    )
    surrogate: Surrogate = option(Ridge(), "The simple model that is fitted.", SURROGATES, stage="fit")
    normalize_weights: bool = parameter(
        True, "Scale the sample weights to sum 1, so that the penalty does not depend on N.", stage="fit"
    )
    selection: Selection = option(
        All(), "Which superpixels enter the fit; auto is the lime package's rule.", SELECTIONS, stage="fit"
    )
    classes: tuple[int, ...] | None = parameter(
        None, "Class indices to explain; without them the top classes.", kind="other", stage="fit"
    )
    top_classes: int = parameter(5, "How many top classes are explained.", low=1, high=100, stage="fit")

    view: View = parameter(View(), "How the explanation is drawn.", kind="group", stage="view")

    def __init__(self, **settings: Any) -> None:
        rules = parameters_of(type(self))
        for field in dataclasses.fields(self):
            value = settings.get(field.name, field.default)
            object.__setattr__(self, field.name, rules[field.name].normalize(field.name, value))
        object.__setattr__(self, "view", View.make(self.view))
        object.__setattr__(self, "classes", _normalized_classes(self.classes))
        for name in settings.keys() - rules.keys():
            self._set_flat(name, settings[name])
        if self.surrogate.selects and not self.selection.everything:
            raise SpecError(
                f"surrogate {self.surrogate.name!r} selects by itself; use selection 'none' instead of "
                f"{self.selection.name!r}."
            )

    def _set_flat(self, name: str, value: Any) -> None:
        """Give one parameter of a chosen object its value."""
        owners = [(field, cls) for field, cls, _, rule in _nested() if rule.flat == name]
        if not owners:
            raise SpecError(f"Unknown settings: {name}.")
        field = owners[0][0]
        chosen = getattr(self, field)
        for attribute, rule in parameters_of(chosen).items():
            if rule.flat == name:
                changed = dataclasses.replace(chosen, **{attribute: value})
                object.__setattr__(self, field, changed)
                return
        wanted = " or ".join(repr(cls.name) for _, cls in owners)
        raise SpecError(f"{name}={value!r} needs {field} {wanted}; the {field} is {chosen.name!r}.")

    @property
    def unit(self) -> str:
        """What coefficients and the surrogate's answers are counted in, in words."""
        return self.target.unit

    @property
    def intervals_hold(self) -> bool:
        """Whether the fit's intervals are 95 % intervals: not where the same samples select the superpixels."""
        return self.selection.everything and not self.surrogate.selects_columns

    @property
    def top_k(self) -> int:
        """K of the view: how many superpixels count as the strongest."""
        return self.view.top_k

    @property
    def kernel_width(self) -> float | None:
        """Width of the kernel; None for a kernel without one."""
        return getattr(self.kernel, "width", None)

    def begins_like(self, other: ExplainSpec) -> bool:
        """Return whether the shorter of both queries is the beginning of the longer, given one picture and model."""
        return self.stream_digest == other.stream_digest

    @property
    def stream_digest(self) -> str:
        """Equal for queries that ask the same questions in the same order, wherever they end."""
        usual: dict[str, Any] = {field.name: field.default for field in dataclasses.fields(self)}
        endless = dataclasses.replace(
            self,
            samples=2,
            early_stop=False,
            stop_tolerance=usual["stop_tolerance"],
            stop_top_k=usual["stop_top_k"],
        )
        return endless.digest(*QUERY_STAGES)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON-ready values; `from_dict` is its inverse."""
        return {name: _plain(getattr(self, name)) for name in parameters_of(self)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ExplainSpec:
        """Build a spec from the result of `to_dict`.

        Raises
        ------
        SpecError
            For unknown names and values outside their range.
        """
        return cls(**values)

    def digest(self, *stages: Stage) -> str:
        """Return a SHA-256 hex digest of exactly the fields of `stages`.

        A query that may stop early is also decided by the settings of the fit that it watches, so those count too.
        """
        counted = set(stages) | ({"fit"} if self.early_stop and "query" in stages else set())
        names = [name for name, rule in parameters_of(self).items() if rule.stage in counted]
        part = {name: _plain(getattr(self, name)) for name in names}
        return hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()

    def with_stages_of(self, other: ExplainSpec, *stages: Stage) -> ExplainSpec:
        """Return this spec with the fields of `stages` taken from `other`."""
        taken = {name: getattr(other, name) for name, rule in parameters_of(self).items() if rule.stage in stages}
        return dataclasses.replace(self, **taken)


def _nested() -> Iterator[tuple[str, Any, str, Parameter]]:
    """Yield field, class, attribute and rule of every parameter that belongs to an option or to the view."""
    for field, rule in parameters_of(ExplainSpec).items():
        owners: tuple[Any, ...] = (View,) if rule.kind == "group" else tuple((rule.registry or {}).values())
        for owner in owners:
            for attribute, inner in parameters_of(owner).items():
                yield field, owner, attribute, inner


def stage_of(name: str) -> Stage:
    """Return the stage of a setting, by the name of its field or by a flat name.

    Raises
    ------
    SpecError
        When there is no such setting.
    """
    rules = parameters_of(ExplainSpec)
    if name in rules:
        return rules[name].stage
    for field, _, _, rule in _nested():
        if rule.flat == name:
            return rules[field].stage
    raise SpecError(f"Unknown settings: {name}.")


def _plain(value: Any) -> Any:
    if hasattr(value, "to_dict"):
        return value.to_dict()
    return list(value) if isinstance(value, tuple) else value


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


def _signature() -> inspect.Signature:
    """Return the constructor's signature for `help` and for completion in notebooks."""
    keyword = inspect.Parameter.KEYWORD_ONLY
    fields = [inspect.Parameter(f.name, keyword, default=f.default) for f in dataclasses.fields(ExplainSpec)]
    flat = {rule.flat: None for _, _, _, rule in _nested() if rule.flat is not None and rule.flat != "view"}
    return inspect.Signature(fields + [inspect.Parameter(name, keyword, default=None) for name in flat])


ExplainSpec.__signature__ = _signature()  # type: ignore[attr-defined]
