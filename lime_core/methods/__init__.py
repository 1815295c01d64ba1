"""Explanation methods, by name. A method is one module with one class, and one line here."""

from __future__ import annotations

from lime_core.errors import SpecError
from lime_core.methods.anchors.method import Anchors
from lime_core.methods.banzhaf import Banzhaf
from lime_core.methods.base import MaskMethod, Method
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
    )
}


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


def asks_the_same(method: Method, spec: ExplainSpec) -> bool:
    """Return whether a method asks the model exactly what LIME asks with these settings: it then costs no calls."""
    if not isinstance(method, MaskMethod):
        return False
    lime = mask_method_named(Lime.name)
    return method.asked(spec).digest(*QUERY_STAGES) == lime.asked(spec).digest(*QUERY_STAGES)


__all__ = ["METHODS", "MaskMethod", "Method", "asks_the_same", "mask_method_named", "mask_methods", "method_named"]
