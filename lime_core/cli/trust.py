"""``limelight trust``: the trials of one class of an attribution."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lime_core.cli.earlier_results import TRUST
from lime_core.cli.progress import progress_bar
from lime_core.cli.question import ask_model
from lime_core.trials.document import trust_document, trust_summary
from lime_core.trials.suite import Subject, attempt
from lime_core.trials.weighing import with_trials

if TYPE_CHECKING:
    import argparse


def run(options: argparse.Namespace) -> None:
    """Explain IMAGE, run trials on its first class (or on that of --class-indices), and write trust.json."""
    answers = ask_model(options)
    item = answers.attribution.classes[0]
    subject = Subject(
        answers.image,
        options.model,
        answers.classifier,
        answers.attribution,
        item.index,
        answers.neighborhood,
        top_k=answers.spec.top_k,
        seeds=tuple(range(options.seeds)),
        explained_by=answers.method,
    )
    results = {}
    for name in options.trials:
        with progress_bar(f"Trial {name}", quiet=options.quiet) as report:
            results[name] = attempt(name, subject, report)
    attribution = with_trials(answers.attribution, {item.index: results})
    document = trust_document(attribution, item.index, results)
    with options.output.writing("trust", attribution.provenance) as folder:
        (folder / TRUST).write_text(json.dumps(document, indent=1, allow_nan=False), encoding="utf-8")
    print(trust_summary(attribution[item.index], results))
    print(f"\nWritten to {options.output.path / TRUST}")
