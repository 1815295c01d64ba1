"""Explanation methods, by name. A method is one module with one class, and one line here."""

from __future__ import annotations

from dataclasses import replace

from lime_core.errors import SpecError
from lime_core.methods.anchors.method import Anchors
from lime_core.methods.banzhaf import Banzhaf
from lime_core.methods.base import MaskMethod, Method
from lime_core.methods.gradients.grad_cam import GradCam, GradCamPlusPlus, LayerMethod
from lime_core.methods.gradients.integrated_gradients import IntegratedGradients
from lime_core.methods.gradients.smooth_grad import SmoothGrad
from lime_core.methods.hsic import Hsic
from lime_core.methods.kernel_shap import KernelShap
from lime_core.methods.leave_one_out import LeaveOneOut
from lime_core.methods.lime.method import Lime
from lime_core.methods.occlusion import Occlusion
from lime_core.methods.rise import Rise
from lime_core.methods.sobol import Sobol
from lime_core.methods.superpixel_rise import SuperpixelRise
from lime_core.settings.spec import QUERY_STAGES, ExplainSpec

METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Lime(),
        Banzhaf(),
        SuperpixelRise(),
        KernelShap(),
        LeaveOneOut(),
        Occlusion(),
        Rise(),
        Hsic(),
        Sobol(),
        Anchors(),
        GradCam(),
        GradCamPlusPlus(),
        IntegratedGradients(),
        SmoothGrad(),
    )
}


def method_named(name: str, *, layer: str | None = None) -> Method:
    """Return the method with this name, with a layer of the network for one that has a choice.

    Raises
    ------
    SpecError
        When there is no such method, or a layer is given for another one.
    """
    if name not in METHODS:
        raise SpecError(f"method must be one of {', '.join(METHODS)}; got {name!r}.")
    method = METHODS[name]
    if layer is None:
        return method
    if not isinstance(method, LayerMethod):
        having = [each.name for each in METHODS.values() if isinstance(each, LayerMethod)]
        raise SpecError(f"A layer can be chosen for {' and '.join(having)} only; the method is {name!r}.")
    return replace(method, layer=layer)


def as_method(given: str | Method) -> Method:
    """Return a method, given as it is or by its name; `SpecError` when there is none of that name."""
    return method_named(given) if isinstance(given, str) else given


def mask_methods() -> dict[str, MaskMethod]:
    """Return the methods that ask the model about masks, by name."""
    return {name: method for name, method in METHODS.items() if isinstance(method, MaskMethod)}


def mask_method_named(name: str) -> MaskMethod:
    """Return the method with this name, which asks the model about masks; `SpecError` when there is none."""
    method = method_named(name)
    if not isinstance(method, MaskMethod):
        raise SpecError(f"The method {name!r} does not ask the model about masks.")
    return method


def asks_the_same(method: Method, spec: ExplainSpec) -> bool:
    """Return whether a method asks the model exactly what LIME asks with these settings: it then costs no calls."""
    if not isinstance(method, MaskMethod):
        return False
    lime = mask_method_named(Lime.name)
    return method.asked(spec).digest(*QUERY_STAGES) == lime.asked(spec).digest(*QUERY_STAGES)


__all__ = [
    "METHODS",
    "GradCam",
    "GradCamPlusPlus",
    "IntegratedGradients",
    "LayerMethod",
    "MaskMethod",
    "Method",
    "SmoothGrad",
    "as_method",
    "asks_the_same",
    "mask_method_named",
    "mask_methods",
    "method_named",
]
