"""Command line: ``python -m lime_core explain IMAGE``, ``trust IMAGE``, ``models``, ``models fetch ID``."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import lime_core as lc
from lime_core import models
from lime_core.explanation.explanation import CONFIDENT
from lime_core.methods.lime.precision import settle_precision
from lime_core.settings.flags import add_spec_flags, spec_from
from lime_core.show import render
from lime_core.trials.suite import SEEDS, TRIALS, Subject, attempt, trust_document, trust_summary


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code (0 fine, 1 an error that was explained, 130 interrupted)."""
    options = build_parser().parse_args(arguments)
    try:
        options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader, such as `head`, has seen enough; nothing may be written to it any more, at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except lc.LimeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; nothing was written", file=sys.stderr)
        return 130
    return 0


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; the flags of `explain` are the fields of `ExplainSpec`."""
    parser = argparse.ArgumentParser(
        prog="python -m lime_core", allow_abbrev=False, description="LIME explanations of image classifiers."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    for name, run, say in (
        ("explain", run_explain, "explain a picture"),
        ("trust", run_trust, "say how far to believe an explanation"),
    ):
        command = commands.add_parser(
            name, help=say, allow_abbrev=False, argument_default=argparse.SUPPRESS, description=run.__doc__
        )
        _add_common_flags(command)
        add_spec_flags(command)
        command.set_defaults(run=run)
        if name == "trust":
            command.add_argument("--trials", nargs="+", choices=TRIALS, default=list(TRIALS), help="(default all)")
            command.add_argument("--seeds", type=int, default=len(SEEDS), metavar="N", help="runs of trial 'repeat'")

    catalog = commands.add_parser("models", help="list the models, or fetch one", description=run_models.__doc__)
    catalog.set_defaults(run=run_models)
    fetch = catalog.add_subparsers(metavar="ACTION").add_parser("fetch", help="bring a model's weights ahead of time")
    fetch.add_argument("id", metavar="ID")
    fetch.set_defaults(run=run_fetch)
    return parser


def _add_common_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("image", metavar="IMAGE", help="JPEG, PNG, WebP, BMP, TIFF or GIF")
    parser.add_argument("--model", default=models.DEFAULT_MODEL, metavar="ID", help="catalog id (default %(default)s)")
    parser.add_argument("--output", type=Path, default=Path("explanation"), metavar="DIR", help="(default %(default)s)")
    parser.add_argument("--preset", default="default", choices=lc.PRESETS, help="settings to start from")
    parser.add_argument(
        "--engine", choices=("auto", "tensorflow", "openvino"), default="auto", help="what runs the network"
    )
    parser.add_argument(
        "--precision",
        choices=("f32", "bf16"),
        default="f32",
        help="bf16: faster where the processor has it; checked against f32 on the picture before it is used",
    )
    parser.add_argument("--quiet", action="store_true", default=False, help="no progress")


def run_explain(options: argparse.Namespace) -> None:
    """Explain IMAGE and write explanation.json, neighborhood.npz and one PNG a class into the output folder."""
    answers = _ask_model(options)
    explanation, image = answers.explanation, answers.image
    with _writing(options.output) as folder:
        (folder / "explanation.json").write_text(explanation.to_json(), encoding="utf-8")
        answers.neighborhood.save_npz(folder / "neighborhood.npz")
        for rank, explained in enumerate(explanation.classes, start=1):
            slug = re.sub(r"[^a-z0-9]+", "-", explained.name.lower()).strip("-")
            picture = render.to_png(render.render(lc.frame(image, explanation.spec), explanation, explained.index))
            (folder / f"{rank}-{slug or explained.index}.png").write_bytes(picture)
    print(summary(explanation))
    print(f"\nwritten to {options.output}")


def run_trust(options: argparse.Namespace) -> None:
    """Explain IMAGE, put the explanation of its first class (or of --class-indices) to the test, write trust.json."""
    answers = _ask_model(options)
    explanation, progress = answers.explanation, _Progress(enabled=not options.quiet)
    explained = explanation.classes[0]
    seeds = tuple(range(options.seeds))
    subject = Subject(
        answers.image,
        options.model,
        answers.classifier,
        explanation,
        explained.index,
        answers.neighborhood,
        seeds,
    )
    results = {name: attempt(name, subject, progress.named(name)) for name in options.trials}
    document = trust_document(explanation, explained.index, results)
    with _writing(options.output) as folder:
        (folder / "trust.json").write_text(json.dumps(document, indent=1, allow_nan=False), encoding="utf-8")
    print(trust_summary(explained, results))
    print(f"\nwritten to {options.output / 'trust.json'}")


@dataclass(frozen=True, slots=True)
class _Answers:
    image: lc.Image
    classifier: lc.Classifier
    neighborhood: lc.Neighborhood
    explanation: lc.Explanation


def _ask_model(options: argparse.Namespace) -> _Answers:
    """Do what the common flags say; bf16 is used only where it passes its check on this picture."""
    spec = spec_from(options, lc.preset(options.preset))
    image = lc.load_image(options.image)
    progress = _Progress(enabled=not options.quiet)
    load = partial(models.load_classifier, options.model, engine=options.engine)
    classifier: lc.Classifier = load(on_progress=progress.named("fetching weights"))
    known: lc.Neighborhood | None = None
    if options.precision != "f32":
        classifier, known = settle_precision(image, classifier, load(precision=options.precision), spec)
    neighborhood = lc.query(image, classifier, spec, on_progress=progress.named("asking the model"), known=known)
    return _Answers(image, classifier, neighborhood, lc.fit(neighborhood, spec))


def run_models(_: argparse.Namespace) -> None:
    """List the catalog and what is on disk."""
    print(f"{'id':<22}{'input':>9}{'weights':>10}{'top-1':>8}  {'license':<14}on disk")
    for card in models.CATALOG.values():
        size = f"{card.input_size[0]}×{card.input_size[1]}"
        here = "yes" if models.is_available(card) else "no"
        print(f"{card.id:<22}{size:>9}{card.weights_bytes / 1e6:>7.0f} MB{card.top1:>7.1f}%  {card.license:<14}{here}")


def run_fetch(options: argparse.Namespace) -> None:
    """Fetch the weights of one model."""
    path = models.fetch(models.model_card(options.id), _Progress(enabled=True).named("fetching weights"))
    print(path)


@contextmanager
def _writing(folder: Path) -> Iterator[Path]:
    """Make the folder, and explain what the system says when it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
    except OSError as error:
        raise lc.LimeError(f"Cannot write to {folder}: {error.strerror or error}. Choose another --output.") from error


def summary(explanation: lc.Explanation) -> str:
    """Return the explanation as a short table for people."""
    lines = [f"{'class':<26}{'probability':>12}{'held-out R²':>13}  {'verdict':<12}strongest superpixels for it"]
    for explained in explanation.classes:
        strongest = [
            f"{feature} ({_weight(explanation, explained, feature)})"
            for feature in explanation.top_features(explained.index, 3)
        ]
        numbers = f"{explained.probability:>12.3g}{explained.r2_holdout:>13.2f}"
        lines.append(f"{explained.name[:25]:<26}{numbers}  {explained.trust.level:<12}{', '.join(strongest)}")
    first = explanation.classes[0]
    lines.append(_unit_of(explanation))
    lines += [f"{first.name}: {reason}" for reason in first.trust.reasons]
    lines += [f"What would help most: {first.trust.advice}"] if first.trust.advice else []
    lines += [f"note: {note}" for note in explanation.notes]
    return "\n".join(lines)


def _weight(explanation: lc.Explanation, explained: lc.ClassExplanation, feature: int) -> str:
    if not explanation.signed:
        return f"{explained.coefficients[feature]:.3g}"
    return f"{explained.coefficients[feature]:.3f} ± {CONFIDENT * explained.std_errors[feature]:.3f}"


def _unit_of(explanation: lc.Explanation) -> str:
    if not explanation.signed:
        return "In brackets: importance, without a sign or an error bar."
    meaning = ", where +1 makes the odds 2.7 times as good" if explanation.spec.target == "log_odds" else ""
    return f"In brackets: what showing it adds, in {explanation.spec.unit}{meaning}; 95 % intervals."


class _Progress:
    """A line on standard error that counts; silent when it is not a terminal."""

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled and sys.stderr.isatty()

    def named(self, what: str) -> Callable[[int, int], None]:
        started = time.perf_counter()

        def show(done: int, total: int) -> None:
            if not self._enabled:
                return
            elapsed = time.perf_counter() - started
            left = elapsed / max(done, 1) * max(total - done, 0)
            end = "\n" if done >= total else ""
            print(f"\r{what}: {done}/{total}, {left:.0f} s left   ", end=end, file=sys.stderr, flush=True)

        return show


if __name__ == "__main__":
    sys.exit(main())
