"""The parser of the command line; the flags of the settings come from their declarations."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import lime_core as lc
from lime_core.cli import audit, explain, methods, models, train, trust
from lime_core.cli.diff import add_diff_command
from lime_core.cli.question import add_method_flags, add_question_flags
from lime_core.methods import METHODS
from lime_core.settings.flags import add_spec_flags
from lime_core.trials.question_groups import RUNS
from lime_core.trials.suite import SEEDS, TRIALS

if TYPE_CHECKING:
    from collections.abc import Callable


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; each command puts its function at `run` of the result."""
    parser = _Parser(
        prog=_program(),
        allow_abbrev=False,
        description="Explanations of image classifiers with LIME and other methods.",
    )
    parser.add_argument("--version", action="version", version=f"limelight {lc.__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    add_method_flags(_add_question(commands, "explain", explain.run, "explain a picture"))
    trials = _add_question(commands, "trust", trust.run, "test how far an explanation can be trusted")
    add_method_flags(trials)
    trials.add_argument("--trials", nargs="+", choices=TRIALS, default=list(TRIALS), help="trials to run (default all)")
    trials.add_argument(
        "--seeds", type=int, default=len(SEEDS), metavar="N", help="seeds in the trial repeat (default %(default)s)"
    )
    compared = _add_question(
        commands,
        "methods",
        methods.run,
        "compare methods by what the model says of each",
        partial(add_question_flags, precision="moves the scores a little; auto is f32 here"),
    )
    compared.add_argument(
        "--methods",
        nargs="+",
        choices=METHODS,
        default=None,
        metavar="METHOD",
        help=f"methods to compare, of {', '.join(METHODS)}; without it all that can explain the model",
    )
    compared.add_argument(
        "--seeds",
        type=int,
        default=RUNS,
        metavar="N",
        help="runs of each method that draws something at random, with as many seeds (default %(default)s)",
    )

    _add_question(commands, "audit", audit.run, "explain a whole collection of pictures", audit.add_flags, "PICTURES")
    trained = commands.add_parser(
        "train",
        help="train a classifier for your own classes",
        description=train.run.__doc__,
        allow_abbrev=False,
    )
    train.add_flags(trained)
    trained.set_defaults(run=train.run)
    add_diff_command(commands)

    catalog = commands.add_parser(
        "models", help="list the models, or fetch one", allow_abbrev=False, description=models.run_list.__doc__
    )
    catalog.set_defaults(run=models.run_list)
    fetch = catalog.add_subparsers(metavar="ACTION").add_parser(
        "fetch", help="download a model's weights ahead of time", description=models.run_fetch.__doc__
    )
    fetch.add_argument("id", metavar="ID", help="catalog id")
    fetch.set_defaults(run=models.run_fetch)
    return parser


class _Parser(argparse.ArgumentParser):
    """A parser that raises an error if its help cannot be printed."""

    def _print_message(self, message: str, file: Any = None) -> None:
        if message and file is sys.stdout and file is not None:
            file.write(message)
        else:
            super()._print_message(message, file)


def _add_question(
    commands: Any,
    name: str,
    run: Callable[[argparse.Namespace], None],
    purpose: str,
    add_flags: Callable[[argparse.ArgumentParser], None] = add_question_flags,
    subject: str = "IMAGE",
) -> argparse.ArgumentParser:
    """Add a command that asks a model about a picture, with a flag for every setting."""
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=purpose,
        description=run.__doc__,
        usage=f"{_program()} {name} {subject} [options]",
        allow_abbrev=False,
        # A setting that was not given is left out, so that the preset's value is used.
        argument_default=argparse.SUPPRESS,
    )
    add_flags(command)
    settings = command.add_argument_group("settings", "What is given here replaces the preset's value.")
    # A group takes flags as a parser does.
    add_spec_flags(cast("argparse.ArgumentParser", settings))
    command.set_defaults(run=run)
    return command


def _program() -> str:
    """Return the name under which the user called the program."""
    return "python -m lime_core" if Path(sys.argv[0]).name == "__main__.py" else "limelight"
