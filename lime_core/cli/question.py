"""What `explain` and `trust` have in common: a picture, a model, settings, and the model's answers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import lime_core as lc
from lime_core import models
from lime_core.cli.progress import progress_bar
from lime_core.cli.results import OutputFolder
from lime_core.explaining import attribute_with_answers
from lime_core.methods import METHODS, MaskMethod
from lime_core.methods.lime.precision import settle_precision
from lime_core.settings.flags import DEFAULT_METHOD, spec_from

if TYPE_CHECKING:
    import argparse


@dataclass(frozen=True, slots=True)
class Answers:
    """A picture, the model that was asked about it, and the outcome.

    Attributes
    ----------
    image : Image
        The picture, before `framing`.
    classifier : Classifier
        The model, ready to use.
    spec : ExplainSpec
        The settings, with the view that the pictures are drawn in.
    neighborhood : Neighborhood or None
        The model's answers to the perturbed pictures; None for a method that does not ask about masks.
    attribution : Attribution
        What the method makes of them, judged.
    """

    image: lc.Image
    classifier: lc.Classifier
    spec: lc.ExplainSpec
    neighborhood: lc.Neighborhood | None
    attribution: lc.Attribution


def add_question_flags(parser: argparse.ArgumentParser) -> None:
    """Give a command the flags that say what is asked of which model, and where the results go."""
    parser.add_argument("image", metavar="IMAGE", help="a JPEG, PNG, WebP, BMP, TIFF or GIF file")
    parser.add_argument("--model", default=models.DEFAULT_MODEL, metavar="ID", help="catalog id (default %(default)s)")
    parser.add_argument(
        "--method", default=DEFAULT_METHOD, choices=METHODS, help="how the scores are found (default %(default)s)"
    )
    parser.add_argument(
        "--output",
        type=OutputFolder,
        default="explanation",
        metavar="DIR",
        help="folder for the results (default %(default)s)",
    )
    parser.add_argument("--preset", default="default", choices=lc.PRESETS, help="settings to start from")
    parser.add_argument(
        "--engine", choices=("auto", "tensorflow", "openvino"), default="auto", help="what runs the network"
    )
    parser.add_argument(
        "--precision",
        choices=("f32", "bf16"),
        default="f32",
        help="bf16 is faster where the processor has it; it is compared with f32 on the picture before it is used",
    )
    parser.add_argument("--quiet", action="store_true", default=False, help="show no progress")


def ask_model(options: argparse.Namespace) -> Answers:
    """Load picture and model, and ask the model; bf16 is used only if it passes its check on this picture.

    Whether the results can be written is looked at first.
    """
    options.output.check()
    spec, method = spec_from(options, lc.preset(options.preset)), METHODS[options.method]
    image = lc.load_image(options.image)
    load = partial(models.load_classifier, options.model, engine=options.engine)
    with progress_bar("Fetching weights", unit="bytes", quiet=options.quiet) as report:
        classifier: lc.Classifier = load(on_progress=report)
    asked = method.asked(spec) if isinstance(method, MaskMethod) else spec
    checked: lc.Neighborhood | None = None
    if options.precision != "f32":
        classifier, checked = settle_precision(image, classifier, load(precision=options.precision), asked)
    with progress_bar("Asking the model", quiet=options.quiet) as report:
        attribution, neighborhood = attribute_with_answers(method, image, classifier, spec, checked, report)
    return Answers(image, classifier, spec, neighborhood, attribution)
