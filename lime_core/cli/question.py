"""What the commands about a picture have in common: a picture, a model, settings, and the model's answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import lime_core as lc
from lime_core.cli.model_source import add_model_flags, loader
from lime_core.cli.progress import progress_bar
from lime_core.cli.results import OutputFolder
from lime_core.explaining import attribute_with_answers, judge_answers
from lime_core.methods import METHODS, MaskMethod, Method, method_named
from lime_core.methods.lime.precision import stream_in
from lime_core.models.engines.base import Precision, PrecisionChoice, precision_of
from lime_core.models.files.arriving import is_address
from lime_core.settings.flags import DEFAULT_METHOD, DEFAULT_PRECISION, spec_from

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
    method : Method
        That method, with its parameters.
    """

    image: lc.Image
    classifier: lc.Classifier
    spec: lc.ExplainSpec
    neighborhood: lc.Neighborhood | None
    attribution: lc.Attribution
    method: Method


_PRECISION = "moves the scores a little; auto takes it where that is small beside the error bars"


def add_question_flags(parser: argparse.ArgumentParser, *, precision: str = _PRECISION) -> None:
    """Give a command the flags that say what is asked of which model, and where the results go.

    `precision` says what bf16 does, and when ``auto`` takes it.
    """
    parser.add_argument("image", metavar="IMAGE", help="a JPEG, PNG, WebP, BMP, TIFF, GIF, AVIF or HEIC file")
    parser.add_argument(
        "--value-range",
        type=float,
        nargs=2,
        default=None,
        metavar=("LOW", "HIGH"),
        help="the numbers in the file that are black and white, such as 0 4095; found from the file if left out",
    )
    add_model_flags(parser)
    parser.add_argument(
        "--output",
        type=OutputFolder,
        default="explanation",
        metavar="DIR",
        help="folder for the results (default %(default)s)",
    )
    add_running_flags(parser, precision=precision)


def add_running_flags(parser: argparse.ArgumentParser, *, precision: str) -> None:
    """Give a command the flags that say with which settings to start, and how the model is run.

    `precision` says what bf16 does, and when ``auto`` takes it.
    """
    parser.add_argument("--preset", default="default", choices=lc.PRESETS, help="settings to start from")
    parser.add_argument(
        "--engine", choices=("auto", "tensorflow", "openvino"), default="auto", help="what runs the network"
    )
    parser.add_argument(
        "--precision",
        choices=get_args(PrecisionChoice),
        default=DEFAULT_PRECISION,
        help=f"bf16 is faster where the processor has it and {precision} (default %(default)s)",
    )
    parser.add_argument("--quiet", action="store_true", default=False, help="show no progress")


def add_method_flags(parser: argparse.ArgumentParser) -> None:
    """Give a command the flags that say which method explains."""
    parser.add_argument(
        "--method", default=DEFAULT_METHOD, choices=METHODS, help="how the scores are found (default %(default)s)"
    )
    parser.add_argument(
        "--layer",
        default=None,
        metavar="NAME",
        help="of grad_cam and grad_cam_plus_plus: the network's layer whose maps are shown (default: the last one)",
    )


def ask_model(options: argparse.Namespace) -> Answers:
    """Load picture and model, and ask the model, in the precision that is wanted or good enough for this picture.

    Whether the results can be written is looked at first.
    """
    options.output.check()
    spec, method = spec_from(options, lc.preset(options.preset)), method_named(options.method, layer=options.layer)
    image = lc.load_image(options.image, value_range=options.value_range)
    # Without a fit there is nothing that would say how far bf16 moves the scores.
    first: Precision = "f32" if options.precision == "auto" or isinstance(method, MaskMethod) else options.precision
    # A server computes as it does, so there is nothing to choose.
    wanted: PrecisionChoice = "f32" if is_address(options.model) else options.precision
    with progress_bar("Fetching weights", unit="bytes", quiet=options.quiet) as report:
        load = loader(options, image, spec, report)
        classifier = load(first)
    with progress_bar("Asking the model", quiet=options.quiet) as report:
        if not isinstance(method, MaskMethod):
            attribution, neighborhood = attribute_with_answers(method, image, classifier, spec, None, report)
            return Answers(image, classifier, spec, neighborhood, attribution, method)
        asked = method.asked(spec)
        for answers in stream_in(wanted, image, load, asked, fitted=method.fits):
            report(answers.samples, asked.sampler.size(asked.samples, answers.superpixels))
    classifier = load(precision_of(answers.provenance.engine))
    return Answers(image, classifier, spec, answers, judge_answers(method, answers, spec), method)
