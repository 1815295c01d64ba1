"""A classifier of somebody's own model, once it was read from its file."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from lime_core.models.engines.choice import check_engine
from lime_core.models.engines.openvino_engine import OpenVINOEngine, Plan
from lime_core.models.file_gradients.source import FileGradients
from lime_core.models.labels import as_labels
from lime_core.models.names import check_count
from lime_core.models.networks.classifier import NetworkClassifier
from lime_core.models.networks.preprocessing import NONE_GIVEN, Preprocessing
from lime_core.models.networks.preprocessing_choice import PreprocessingComparison, compare_preprocessings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lime_core.models.engines.base import Precision
    from lime_core.models.outputs import OutputChoice
    from lime_core.models.own.model import OwnModel

_SCALES_INSIDE = "A layer inside the model scales the pixels, so it gets them as they are, 0..255."


def classifier_from(
    model: OwnModel,
    *,
    id: str,  # noqa: A002 - the protocol's word
    labels: Any = None,
    preprocessing: str | tuple[Any, Any] | Preprocessing | None = None,
    outputs: OutputChoice = "auto",
    precision: Precision = "f32",
) -> NetworkClassifier:
    """Make a model that was read from a file ready to explain.

    Parameters
    ----------
    model : OwnModel
        From `lime_core.models.own.reading.read_model`.
    id : str
        Name of the model in reports.
    labels : iterable, mapping or path, optional
        One name a class, in any form that `lime_core.models.labels.as_labels` reads; those in the file if left out, or
        ``class 0``, ``class 1`` ...
    preprocessing : str, (mean, std) or Preprocessing, optional
        How pixels 0..255 are scaled before they enter the network, in any form of `Preprocessing.parse`. Without it
        they are left as they are, and a note says so.
    outputs : {"auto", "probabilities", "softmax", "sigmoid", "log", "values"}
        What the network answers, see `lime_core.models.outputs.apply`.
    precision : {"f32", "bf16"}
        Numbers inside the network.

    Raises
    ------
    ModelError
        If OpenVINO is missing, or the settings do not suit the model.
    """
    check_engine("openvino", precision)
    given = as_labels(labels if labels is not None else model.labels or None)
    classes = next(head.classes for head in model.outputs if head.name == model.output)
    if given.names and classes > 1:
        check_count(given.names, classes)
    notes = (*model.notes, *given.notes)
    if preprocessing is None:
        notes = (*notes, _SCALES_INSIDE if model.scales_inside else NONE_GIVEN)
    return NetworkClassifier(
        _engine(model, precision),
        id=id,
        input_size=model.input_size,
        preprocessing="none" if preprocessing is None else preprocessing,
        class_names=given.names or None,
        weights_sha256=model.sha256,
        channels=model.channels,
        outputs=outputs,
        last_operation=model.last_operation,
        notes=notes,
        differentiate=None if model.file is None else partial(FileGradients, model.file, model.output, classes),
    )


def preprocessings_of(
    model: OwnModel, image: NDArray[np.uint8], outputs: OutputChoice = "auto", *, also: Sequence[Any] = ()
) -> PreprocessingComparison:
    """Ask a model that was read from a file about a picture under several preprocessings, and suggest one.

    Parameters
    ----------
    model : OwnModel
        From `lime_core.models.own.reading.read_model`.
    image : ndarray of uint8, shape (h, w, 3)
        A picture of something that the model knows, RGB at its input size.
    outputs : {"auto", "probabilities", "softmax", "sigmoid", "log", "values"}
        What the network answers.
    also : sequence
        Further preprocessings to try, in any form of `Preprocessing.parse`.
    """
    return compare_preprocessings(
        image,
        _engine(model, "f32").predict,
        also=also,
        channels=model.channels,
        scales_inside=model.scales_inside,
        metadata=model.metadata,
        outputs=outputs,
        last_operation=model.last_operation,
    )


def _engine(model: OwnModel, precision: Precision) -> OpenVINOEngine:
    return OpenVINOEngine(model.graph, model.input_size, Plan(), precision, channels=model.channels)
