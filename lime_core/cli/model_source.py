"""Which model is asked: of the catalog, in a file or on a server, as the flags say."""

from __future__ import annotations

import sys
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import lime_core as lc
from lime_core import models
from lime_core.models.files.arriving import is_address
from lime_core.models.loading import is_path
from lime_core.models.outputs import OUTPUT_CHOICES
from lime_core.models.protocol import as_size
from lime_core.superpixels import resize_pixels

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from lime_core.collections import Collection
    from lime_core.models.engines.base import Precision
    from lime_core.models.own.model import OwnModel


def add_model_flags(parser: argparse.ArgumentParser) -> None:
    """Give a command the flags that say which model is asked."""
    parser.add_argument(
        "--model",
        default=models.DEFAULT_MODEL,
        metavar="MODEL",
        help="catalog id, a file (.onnx, .tflite, .keras) or an address (http://…/v2/models/NAME or /v1/models/NAME); "
        "default %(default)s",
    )
    own = parser.add_argument_group("a model of your own", "For a file or an address at --model.")
    own.add_argument("--labels", default=None, metavar="FILE", help="class names: text, JSON or CSV")
    own.add_argument(
        "--preprocessing",
        default=None,
        metavar="NAME",
        help="none (0..255), rescale (x/255), tf (-1..1), caffe, torch, or MEAN,STD in units of 0..1; -bgr behind it "
        "swaps the colours. Of a file, the likeliest for IMAGE if left out",
    )
    own.add_argument(
        "--outputs",
        default="auto",
        choices=OUTPUT_CHOICES,
        help="what the model answers: softmax and sigmoid are applied to logits (default: recognised)",
    )
    own.add_argument("--head", default=None, metavar="NAME", help="the output to explain, where there are several")
    own.add_argument(
        "--input-size",
        type=int,
        nargs="+",
        default=None,
        metavar="PIXELS",
        help="side, or height and width, where the model leaves them open",
    )


def loader(
    options: argparse.Namespace, image: lc.Image, spec: lc.ExplainSpec, on_progress: Callable[[int, int], object]
) -> Callable[[Precision], lc.Classifier]:
    """Return the function from a precision to the model that was chosen; it loads each precision once.

    Parameters
    ----------
    options : Namespace
        With the flags of `add_model_flags`, and `engine`.
    image, spec : Image and ExplainSpec
        The picture, by which the preprocessing of a model file is found where none is given, and how it is framed.
    on_progress : callable
        Told how much of the weights has been fetched.
    """
    source, size = options.model, _size(options)
    if not is_address(source) and is_path(source):
        # As in `load_classifier`, imported where they are needed.
        from lime_core.models.from_file import classifier_from
        from lime_core.models.own.reading import read_model

        model = read_model(source, input_size=size, output=options.head)
        preprocessing = options.preprocessing or _likeliest(model, image, spec, options)
        return cache(
            lambda precision: classifier_from(
                model,
                id=Path(source).name,
                labels=options.labels,
                preprocessing=preprocessing,
                outputs=options.outputs,
                precision=precision,
            )
        )
    own = {"labels": options.labels, "preprocessing": options.preprocessing, "output": options.head}
    load = partial(models.load_classifier, source, **own, outputs=options.outputs, input_size=size)
    if is_address(source):
        if options.precision == "bf16":
            raise lc.ModelError("A model on a server runs in the precision of the server: leave --precision out.")
        served = cache(load)
        return lambda _: served()
    return cache(lambda precision: load(engine=options.engine, precision=precision, on_progress=on_progress))


def source_of(options: argparse.Namespace, collection: Collection, spec: lc.ExplainSpec) -> lc.ModelSource:
    """Return how the model that was chosen is loaded, by whatever process.

    Parameters
    ----------
    options : Namespace
        With the flags of `add_model_flags`, and `engine`.
    collection, spec : Collection and ExplainSpec
        By its first picture the preprocessing of a model file is found where none is given.
    """
    source, size, preprocessing = options.model, _size(options), options.preprocessing
    if preprocessing is None and not is_address(source) and is_path(source):
        from lime_core.audits.beginning import first_image
        from lime_core.models.own.reading import read_model

        image = first_image(collection)
        if image is not None:
            model = read_model(source, input_size=size, output=options.head)
            preprocessing = _likeliest(model, image, spec, options)
    return lc.ModelSource(
        source=source,
        labels=options.labels,
        preprocessing=preprocessing,
        outputs=options.outputs,
        output=options.head,
        input_size=size,
        engine=options.engine,
    )


def _size(options: argparse.Namespace) -> tuple[int, int] | None:
    if len(options.input_size or ()) > 2:
        raise lc.SpecError(f"--input-size takes one or two numbers; got {len(options.input_size)}.")
    return None if options.input_size is None else as_size(tuple(options.input_size * 2)[:2])


def _likeliest(model: OwnModel, image: lc.Image, spec: lc.ExplainSpec, options: argparse.Namespace) -> str:
    from lime_core.models.from_file import preprocessings_of

    pixels = resize_pixels(lc.frame(image, spec).pixels, model.input_size)
    found = preprocessings_of(model, pixels, options.outputs)
    print(f"--preprocessing {found.suggested} is used: {found.reason}", file=sys.stderr)
    return str(found.suggested)
