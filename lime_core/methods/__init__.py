"""Explanation methods, by name. A method is one module with one class, and one line here."""

from __future__ import annotations

from lime_core.errors import SpecError
from lime_core.methods.anchors.method import Anchors
from lime_core.methods.base import MaskMethod, Method
from lime_core.methods.leave_one_out import LeaveOneOut
from lime_core.methods.lime.method import Lime
from lime_core.methods.occlusion import Occlusion
from lime_core.methods.rise import Rise

METHODS: dict[str, Method] = {method.name: method for method in (Lime(), LeaveOneOut(), Occlusion(), Rise(), Anchors())}


def method_named(name: str) -> Method:
    """Return the method with this name; `SpecError` when there is none."""
    if name not in METHODS:
        raise SpecError(f"method must be one of {', '.join(METHODS)}; got {name!r}.")
    return METHODS[name]


def mask_methods() -> dict[str, MaskMethod]:
    """Return the methods that ask the model about masks, by name."""
    return {name: method for name, method in METHODS.items() if isinstance(method, MaskMethod)}


def mask_method_named(name: str) -> MaskMethod:
    """Return the method with this name, which asks the model about masks; `SpecError` when there is none."""
    method = method_named(name)
    if not isinstance(method, MaskMethod):
        raise SpecError(f"The method {name!r} does not ask the model about masks.")
    return method


__all__ = ["METHODS", "MaskMethod", "Method", "mask_method_named", "mask_methods", "method_named"]
