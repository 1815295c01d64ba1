"""Command line: ``python -m tests.mutation --mutants 300 --seed 0``.

Draws mutants at random, runs the quick tests of each one's own room, and prints those that no test noticed.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.mutation.mutants import ROOMS, Mutant, equivalents, sample
from tests.mutation.running import Outcome, copy_tree, outcomes, unchanged_seconds, warm_up

ROOT = Path(__file__).parents[2]


def main() -> int:
    """Run the mutants and print what became of them."""
    options = _parser().parse_args()
    started = time.perf_counter()
    rooms = options.rooms or list(ROOMS)
    drawn = sample(ROOT, rooms, options.mutants, options.seed)
    listed = equivalents()
    reasons = {mutant: item.reason for mutant in drawn for item in listed if item.matches(mutant)}
    todo = [mutant for mutant in drawn if mutant not in reasons]
    if options.again is not None:
        survived = _survivors_in(options.again.read_text(encoding="utf-8"))
        todo, reasons = [mutant for mutant in todo if _change(mutant) in survived], {}
    say(f"{len(drawn)} mutants, of which {len(reasons)} are listed as equivalent")
    if options.list:
        print("\n".join(_in_words(mutant) for mutant in drawn))
        return 0
    warm_up()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        trees = [Path(folder) / str(number) for number in range(options.jobs)]
        copy_tree(ROOT, trees[0])
        seconds = unchanged_seconds(trees[0], rooms)
        for tree in trees[1:]:
            copy_tree(trees[0], tree)
        say("quick tests, unchanged: " + ", ".join(f"{room} {took:.1f} s" for room, took in seconds.items()))
        done: list[Outcome] = []
        for outcome in outcomes(todo, trees, seconds):
            done.append(outcome)
            say(f"{len(done)}/{len(todo)} {outcome.verdict} in {outcome.seconds:.1f} s: {_in_words(outcome.mutant)}")
    _report(done, reasons, time.perf_counter() - started, options.seed)
    return 0


def say(text: str) -> None:
    """Report progress on stderr."""
    print(text, file=sys.stderr, flush=True)


def _report(done: list[Outcome], equivalent: dict[Mutant, str], seconds: float, seed: int) -> None:
    survivors = sorted(
        (item.mutant for item in done if item.verdict == "survived"), key=lambda item: (item.path, item.line)
    )
    for mutant in survivors:
        print(f"survived: {_in_words(mutant)}")
    counts = Counter(item.verdict for item in done)
    noticed = counts["killed"] + counts["timed out"]
    drawn = len(done) + len(equivalent)
    print(
        f"seed {seed}: {noticed} of {drawn} mutants killed ({noticed / max(drawn, 1):.1%}; {counts['timed out']} by "
        f"time-out), {len(survivors)} survived, {len(equivalent)} listed as equivalent; without those "
        f"{noticed / max(len(done), 1):.1%}. {seconds / 60:.0f} minutes."
    )


def _in_words(mutant: Mutant) -> str:
    return f"{mutant.path}:{mutant.line}\n  - {mutant.before}\n  + {mutant.after}"


def _change(mutant: Mutant) -> tuple[str, str, str]:
    return mutant.path, mutant.before, mutant.after


def _survivors_in(output: str) -> set[tuple[str, str, str]]:
    """Return path and lines of the mutants that the output of a run lists as survivors."""
    found = re.findall(r"^survived: (.+):\d+\n  - (.*)\n  \+ (.*)$", output, flags=re.MULTILINE)
    return {(path, before, after) for path, before, after in found}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    add = parser.add_argument
    add("--mutants", type=int, default=300, metavar="N", help="how many to draw (300)")
    add("--seed", type=int, default=0, help="of the drawing (0)")
    add("--rooms", nargs="+", choices=list(ROOMS), help="only these rooms (all)")
    add("--jobs", type=int, default=2, metavar="N", help="how many to run at a time (2)")
    add(
        "--again",
        type=Path,
        metavar="FILE",
        help="run only the survivors in the output of an earlier run of the same seed",
    )
    add("--list", action="store_true", help="print the drawn mutants and run nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
