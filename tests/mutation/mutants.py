"""Mutants: every small change that cosmic-ray's operators can make to a room of the library, and a sample of them."""

from __future__ import annotations

import ast
import hashlib
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import parso
from cosmic_ray.operators.operator import Operator
from cosmic_ray.operators.provider import OperatorProvider
from parso.tree import NodeOrLeaf

# The tests that have to notice a change in a room: its own, and those of the one room that is used through another.
ROOMS: Mapping[str, tuple[str, ...]] = {
    "masks": ("masks",),
    "answers": ("answers",),
    "surrogates": ("surrogates", "methods"),
    "methods": ("methods", "surrogates"),
    "judge": ("judge",),
    "trials": ("trials",),
}
EQUIVALENT = Path(__file__).with_name("equivalent.toml")
# They need the name of a variable to put in, and replace by chance what is right by what cannot run.
_NEED_ARGUMENTS = ("VariableReplacer", "VariableInserter")


@dataclass(frozen=True)
class Mutant:
    """One change of one line.

    Attributes
    ----------
    path : str
        The file, from the root of the repository.
    line : int
        Where, from 1.
    before, after : str
        The changed lines without their indentation.
    source : str
        The whole file with the change.
    """

    path: str
    line: int
    before: str
    after: str
    source: str = field(repr=False, compare=False)

    @property
    def room(self) -> str:
        return Path(self.path).parts[1]


def sample(root: Path, rooms: Sequence[str], count: int, seed: int) -> list[Mutant]:
    """Draw mutants of some rooms without replacement.

    Each mutant has a number of its own, made of the seed and of what it changes, and those with the lowest numbers are
    drawn: so a change of the library leaves the rest of a sample as it was.
    """
    numbered: list[tuple[bytes, Path, _Change]] = []
    for room in rooms:
        for path in sorted((root / "lime_core" / room).rglob("*.py")):
            seen: Counter[str] = Counter()
            for change in _changes(path.read_text(encoding="utf-8")):
                seen[change.text] += 1
                text = f"{seed} {path.relative_to(root).as_posix()} {change.text} {seen[change.text]}"
                numbered.append((hashlib.sha256(text.encode()).digest(), path, change))
    numbered.sort(key=lambda item: item[0])
    drawn = (_mutant(root, path, change) for _, path, change in numbered)
    return list(islice((mutant for mutant in drawn if mutant is not None), count))


@dataclass(frozen=True)
class _Change:
    """The `index`-th way of an operator to change the `node`-th node of a file; `text` says so without line numbers."""

    node: int
    line: int
    operator: Operator
    index: int
    text: str


def _changes(source: str) -> Iterator[_Change]:
    """Yield every change of a file, in the order of the file."""
    operators = [OperatorProvider()[name]() for name in OperatorProvider() if name not in _NEED_ARGUMENTS]
    lines = source.splitlines()
    for number, node in enumerate(_nodes(parso.parse(source))):
        if _decides_nothing(node):
            continue
        for operator in operators:
            if not _may_apply(operator, node):
                continue
            for index, ((line, column), _) in enumerate(operator.mutation_positions(node)):
                stripped = lines[line - 1].lstrip()
                column -= len(lines[line - 1]) - len(stripped)
                name = type(operator).__name__
                yield _Change(number, line, operator, index, f"{stripped} {column} {name} {index}")


def _mutant(root: Path, path: Path, change: _Change) -> Mutant | None:
    """Return the changed file, or None where the change is none or no longer Python."""
    source = path.read_text(encoding="utf-8")
    changed = _mutated(source, change)
    if changed == source or not _is_python(changed):
        return None
    before, after = _difference(source, changed)
    return Mutant(path.relative_to(root).as_posix(), change.line, before, after, changed)


@dataclass(frozen=True)
class Equivalent:
    """Mutants of a line that no test can tell from the original, with the reason.

    Attributes
    ----------
    line : str
        Text that the original line contains.
    becomes : tuple of str
        Texts of which the changed line contains one; any change when empty.
    path : str
        Text that the path contains.
    reason : str
        Why nobody can notice.
    """

    line: str
    reason: str
    becomes: tuple[str, ...] = ()
    path: str = ""

    def matches(self, mutant: Mutant) -> bool:
        becomes = not self.becomes or any(text in mutant.after for text in self.becomes)
        return self.line in mutant.before and self.path in mutant.path and becomes


def equivalents() -> list[Equivalent]:
    """Read the list of equivalent mutants."""
    entries = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))["equivalent"]
    return [Equivalent(**{**entry, "becomes": tuple(entry.get("becomes", ()))}) for entry in entries]


def _nodes(node: NodeOrLeaf) -> Iterator[NodeOrLeaf]:
    yield node
    for child in getattr(node, "children", ()):
        yield from _nodes(child)


def _may_apply(operator: Operator, node: NodeOrLeaf) -> bool:
    """Spare the many operators that replace one sign by another a look at every node."""
    name = type(operator).__name__
    if name == "ExceptionReplacer":  # it fails on `except (A, B)`
        return node.type == "except_clause" and node.children[1].type == "name"
    if name.startswith("ReplaceBinaryOperator"):
        return node.type == "operator"
    if name.startswith("ReplaceComparisonOperator"):
        return node.type == "comparison"
    return True


def _decides_nothing(node: NodeOrLeaf) -> bool:
    """Whether a node stands in an annotation or under ``if TYPE_CHECKING``, or marks parameters as keyword-only."""
    child, parent = node, node.parent
    if parent is not None and parent.type in ("parameters", "param") and node.type == "operator":
        return True
    while parent is not None:
        if parent.type == "tfpdef" and child is parent.children[2]:
            return True
        if parent.type == "funcdef" and child is parent.annotation:
            return True
        if parent.type == "annassign" and child is parent.children[1]:
            return True
        if parent.type == "if_stmt" and "TYPE_CHECKING" in parent.children[1].get_code():
            return True
        child, parent = parent, parent.parent
    return False


def _mutated(source: str, change: _Change) -> str:
    module = parso.parse(source)
    node = next(islice(_nodes(module), change.node, None))
    siblings = node.parent.children if node.parent is not None else []
    position = next((position for position, child in enumerate(siblings) if child is node), None)
    changed = change.operator.mutate(node, change.index)
    if position is not None and changed is None:
        del siblings[position]
    elif position is not None:
        siblings[position] = changed
    return str(module.get_code())


def _is_python(source: str) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


def _difference(source: str, changed: str) -> tuple[str, str]:
    """Return the lines that differ, before and after, without what they have in common above and below."""
    before, after = source.splitlines(), changed.splitlines()
    while before and after and before[0] == after[0]:
        before, after = before[1:], after[1:]
    while before and after and before[-1] == after[-1]:
        before, after = before[:-1], after[:-1]
    return " ".join(map(str.strip, before)), " ".join(map(str.strip, after))
