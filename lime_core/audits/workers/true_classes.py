"""Which of a model's classes a picture's label means."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING
from unicodedata import normalize

from lime_core.models.class_names import imagenet_class_names, imagenet_synsets

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class TrueClasses:
    """From labels to class indices.

    A label is compared with the names of the classes as it is, then without regard to case, underscores, dashes and
    the way in which accents are encoded, then synonym by synonym ("tabby, tabby cat"), and last as a class index. Of
    several classes that it may mean none is taken. The classes of ImageNet are also known by their WordNet ids
    ("n01440764"), as folders of that data set are named.

    Parameters
    ----------
    names : sequence of str
        The names of the model's classes, in the order of its outputs.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._count = len(names)
        self._by_text = [_table(names, form) for form in _FORMS]
        synsets = imagenet_synsets() if tuple(names) == imagenet_class_names() else ()
        self._by_synset = {synset: index for index, synset in enumerate(synsets)}

    def index(self, label: str | None) -> int | None:
        """Return the index of the class that a label means; None where it means none, or there is no label."""
        if label is None:
            return None
        for table, form in zip(self._by_text, _FORMS, strict=True):
            found = set().union(*(table.get(text, set()) for text in form(label)))
            if found:
                return found.pop() if len(found) == 1 else None
        text = label.strip()
        if text.casefold() in self._by_synset:
            return self._by_synset[text.casefold()]
        digits = text.lstrip("0") or text[-1:]
        # Python refuses to read a number of thousands of digits.
        if text.isascii() and text.isdigit() and len(digits) <= len(str(self._count)) and int(digits) < self._count:
            return int(digits)
        return None


def _table(names: Sequence[str], form: Callable[[str], list[str]]) -> dict[str, set[int]]:
    table: dict[str, set[int]] = defaultdict(set)
    for index, name in enumerate(names):
        for text in form(name):
            table[text].add(index)
    return table


def _as_it_is(text: str) -> list[str]:
    return [text]


def _loosely(text: str) -> list[str]:
    # The file system of macOS gives letters and accents apart. Twice, since folding the case may take them apart again.
    folded = normalize("NFC", normalize("NFC", text).casefold())
    return [" ".join(folded.replace("_", " ").replace("-", " ").split())]


def _synonyms(text: str) -> list[str]:
    return [words for part in text.split(",") for words in _loosely(part) if words]


_FORMS: tuple[Callable[[str], list[str]], ...] = (_as_it_is, _loosely, _synonyms)
