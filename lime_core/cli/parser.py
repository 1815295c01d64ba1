"""The parser of the command line; the flags of the settings come from their declarations."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import lime_core as lc
from lime_core.cli import explain, models, trust
from lime_core.cli.question import add_question_flags
from lime_core.settings.flags import add_spec_flags
from lime_core.trials.suite import SEEDS, TRIALS


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; each command puts its function at `run` of the result."""
    parser = argparse.ArgumentParser(
        prog=_program(), allow_abbrev=False, description="LIME explanations of image classifiers."
    )
    parser.add_argument("--version", action="version", version=f"limelight {lc.__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    # A setting that was not given leaves no trace, so that the preset's value stands.
    for name, run, purpose in (
        ("explain", explain.run, "explain a picture"),
        ("trust", trust.run, "test how far an explanation can be trusted"),
    ):
        command = commands.add_parser(
            name, help=purpose, allow_abbrev=False, argument_default=argparse.SUPPRESS, description=run.__doc__
        )
        add_question_flags(command)
        add_spec_flags(command)
        command.set_defaults(run=run)
        if name == "trust":
            command.add_argument(
                "--trials", nargs="+", choices=TRIALS, default=list(TRIALS), help="trials to run (default all)"
            )
            command.add_argument(
                "--seeds",
                type=int,
                default=len(SEEDS),
                metavar="N",
                help="seeds in the trial repeat (default %(default)s)",
            )

    catalog = commands.add_parser(
        "models", help="list the models, or fetch one", allow_abbrev=False, description=models.run_list.__doc__
    )
    catalog.set_defaults(run=models.run_list)
    actions = catalog.add_subparsers(metavar="ACTION")
    fetch = actions.add_parser(
        "fetch", help="download a model's weights ahead of time", description=models.run_fetch.__doc__
    )
    fetch.add_argument("id", metavar="ID", help="catalog id")
    fetch.set_defaults(run=models.run_fetch)
    return parser


def _program() -> str:
    """Return the name under which the user called the program."""
    return "python -m lime_core" if Path(sys.argv[0]).name == "__main__.py" else "limelight"
