"""Run the command line and turn every outcome into an exit code and a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lime_core.cli.parser import build_parser
from lime_core.cli.signals import TerminatedError, termination_interrupts
from lime_core.cli.streams import flush, give_up_stdout, make_printable, print_error
from lime_core.errors import LimeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lime_core.cli.results import OutputFolder
    from lime_core.cli.train import ModelFile


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Words after the program's name; those of the process if left out.

    Returns
    -------
    code : int
        0 for success, 1 after an error that was reported, 130 when interrupted, 143 when terminated. A command may
        give another one for success, and for errors: ``diff`` ends with 1 on a change, and with 2 after an error.
    """
    make_printable()
    output: OutputFolder | ModelFile | None = None
    failed, code = 1, 0
    try:
        try:
            options = build_parser().parse_args(arguments)
            output = getattr(options, "output", None)
            failed = getattr(options, "failed", failed)
            with termination_interrupts():
                code = options.run(options) or 0
        finally:
            # Also after --help, which ends the program.
            flush()
    except BrokenPipeError:
        # The reader, such as `head`, has stopped reading.
        give_up_stdout()
    except LimeError as error:
        print_error(f"error: {error}")
        return failed
    except OSError as error:
        if error.filename is not None:
            print_error(f"error: {error.filename}: {error.strerror}.")
            return failed
        give_up_stdout()
        print_error(f"error: Standard output cannot be written: {error.strerror or error}.{_where_results_are(output)}")
        return failed
    except KeyboardInterrupt as stop:
        # A command whose results stay says so itself.
        results = f" {stop}" if stop.args else _where_results_are(output) or " No results were written."
        print_error(f"\nInterrupted.{results}")
        return 143 if isinstance(stop, TerminatedError) else 130
    return code


def _where_results_are(output: OutputFolder | ModelFile | None) -> str:
    return f" The results are in {output}, complete." if output is not None and output.written else ""
