"""The main function of the process that computes gradients of a model file."""

from __future__ import annotations

from typing import Any

from lime_core.models.own.limits import Limits, apply


def main(request: dict[str, Any]) -> None:
    """Set the limits, then serve.

    Parameters
    ----------
    request : dict
        `limits` (the fields of `Limits`), and what `lime_core.models.file_gradients.serving.serve` takes.
    """
    limits = Limits(**request["limits"])
    apply(limits)
    # Imported after the limits are set: a process whose libraries have started threads cannot leave the network.
    from lime_core.models.file_gradients.serving import serve

    serve(request, limits)
