"""Explanation methods, by name. A method is one module with one class, and one line here."""

from __future__ import annotations

from dataclasses import replace

from lime_core.errors import SpecError
from lime_core.methods.base import MaskMethod, Method
from lime_core.methods.gradients.grad_cam import GradCam, GradCamPlusPlus, LayerMethod
from lime_core.methods.gradients.integrated_gradients import IntegratedGradients
from lime_core.methods.gradients.smooth_grad import SmoothGrad
from lime_core.methods.leave_one_out import LeaveOneOut
from lime_core.methods.lime.method import Lime

METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Lime(),
        LeaveOneOut(),
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


def mask_methods() -> dict[str, MaskMethod]:
    """Return the methods that ask the model about masks, by name."""
    return {name: method for name, method in METHODS.items() if isinstance(method, MaskMethod)}


def mask_method_named(name: str) -> MaskMethod:
    """Return the method with this name, which asks the model about masks; `SpecError` when there is none."""
    method = method_named(name)
    if not isinstance(method, MaskMethod):
        raise SpecError(f"The method {name!r} does not ask the model about masks.")
    return method


__all__ = [
    "METHODS",
    "GradCam",
    "GradCamPlusPlus",
    "IntegratedGradients",
    "MaskMethod",
    "Method",
    "SmoothGrad",
    "mask_method_named",
    "mask_methods",
    "method_named",
]
