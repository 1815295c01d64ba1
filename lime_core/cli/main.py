"""Run the command line and turn every outcome into an exit code and a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lime_core.cli.parser import build_parser
from lime_core.cli.streams import complain, flush, give_up_stdout, make_printable
from lime_core.errors import LimeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lime_core.cli.results import OutputFolder


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Words after the program's name; those of the process if left out.

    Returns
    -------
    code : int
        0 when all went well, 1 after an error that was explained, 130 when interrupted.
    """
    make_printable()
    output: OutputFolder | None = None
    try:
        try:
            options = build_parser().parse_args(arguments)
            output = getattr(options, "output", None)
            options.run(options)
        finally:
            # Also after --help, which ends the program.
            flush()
    except BrokenPipeError:
        # The reader, such as `head`, has stopped reading.
        give_up_stdout()
    except LimeError as error:
        complain(f"error: {error}")
        return 1
    except OSError as error:
        if error.filename is not None:
            complain(f"error: {error.filename}: {error.strerror}.")
            return 1
        give_up_stdout()
        complain(f"error: Standard output cannot be written: {error.strerror or error}.{_whereabouts(output)}")
        return 1
    except KeyboardInterrupt:
        complain(f"\nInterrupted.{_whereabouts(output) or ' No results were written.'}")
        return 130
    return 0


def _whereabouts(output: OutputFolder | None) -> str:
    return f" The results are in {output}, complete." if output is not None and output.written else ""
