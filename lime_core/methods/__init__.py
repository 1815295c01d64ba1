"""Explanation methods, by name. A method is one module with one class, and one line here."""

from __future__ import annotations

from collections.abc import Mapping

from lime_core.errors import SpecError
from lime_core.methods.base import MaskMethod, Method
from lime_core.methods.leave_one_out import LeaveOneOut
from lime_core.methods.lime.method import Lime

METHODS: Mapping[str, MaskMethod] = {method.name: method for method in (Lime(), LeaveOneOut())}


def method_named(name: str) -> MaskMethod:
    """Return the method with this name; `SpecError` when there is none."""
    if name not in METHODS:
        raise SpecError(f"method must be one of {', '.join(METHODS)}; got {name!r}.")
    return METHODS[name]


__all__ = ["METHODS", "MaskMethod", "Method", "method_named"]
