"""What an audit has found, and its form as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from lime_core.audits.storage.findings_json import read_json, write_json
from lime_core.errors import LimeError

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the picture as explained; `bottom` and `right` are exclusive."""

    top: int
    left: int
    bottom: int
    right: int

    json_order: ClassVar = ("left", "top", "right", "bottom")


@dataclass(frozen=True, slots=True)
class Patch:
    """One superpixel of a concept.

    Attributes
    ----------
    picture : str
        Path in the collection.
    superpixel : int
        Its number in the picture.
    box : Box
    coefficient : float
        Its evidence for `Concept.class_name`.
    """

    picture: str
    superpixel: int
    box: Box
    coefficient: float


@dataclass(frozen=True, slots=True)
class Experiment:
    """What the model did when a concept was hidden or added, beside the same with random superpixels.

    Attributes
    ----------
    effect : float
        Mean over pictures of how far the class moves because of the concept, above what random superpixels of the same
        size do; positive where the concept speaks for the class, in both experiments.
    interval : (float, float)
        95 % interval of `effect`.
    concept_effect, random_effect : float
        The two parts, whose difference is `effect`.
    p : float
        One-sided, from the same distribution as `interval`.
    pictures : int
        How many pictures took part.
    unit : str
        Unit of the effects: ``"probability"``, ``"log-odds"``, or ``"output"`` of a model that returns values.
    """

    effect: float
    interval: Interval
    concept_effect: float
    random_effect: float
    p: float
    pictures: int
    unit: str


@dataclass(frozen=True, slots=True)
class Concept:
    """A group of superpixels that the network sees alike.

    Attributes
    ----------
    number : int
        0, 1, ... by falling share of the evidence.
    class_name : str
        The class that it speaks for most.
    classes : tuple of (str, float)
        Every class that it speaks for, with the share of the concept's evidence, falling.
    pictures : int
        In how many pictures it is, whichever class it speaks for there.
    share : float
        Of all positive evidence of the audit, 0..1.
    centre, border, corner : float
        Share of `patches` at each place; the three sum to 1.
    patches : tuple of Patch
        Its superpixels that speak for `class_name`, by falling coefficient.
    take_away, add : Experiment or None
        The two experiments; None where one could not be made.
    p_adjusted : float
        The larger p of the two experiments, by Benjamini–Hochberg over the concepts tested; NaN if not tested.
    proven : bool
        Whether both experiments move the class at 5 %.
    suspicions : tuple of str
        Why it may not be the thing itself, in sentences; empty if nothing says so.
    """

    number: int
    class_name: str
    classes: tuple[tuple[str, float], ...]
    pictures: int
    share: float
    centre: float
    border: float
    corner: float
    patches: tuple[Patch, ...]
    take_away: Experiment | None
    add: Experiment | None
    p_adjusted: float
    proven: bool
    suspicions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShortcutCandidate:
    """A concept that is proven to move a class much, and is not the thing.

    Attributes
    ----------
    class_name : str
        Called ``class`` in JSON.
    concept : int
        `Concept.number`.
    pictures : tuple of (str, Box)
        Paths that hold it, each with the box.
    effect, interval, p_adjusted
        Of taking it away, in the unit of the experiment.
    reasons : tuple of str
        Why it is not the thing, in sentences.
    """

    class_name: str
    concept: int
    pictures: tuple[tuple[str, Box], ...]
    effect: float
    interval: Interval
    p_adjusted: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Representative:
    """The pictures of SP-LIME's submodular pick.

    Attributes
    ----------
    pictures : tuple of str
        Paths in the order of the pick.
    coverage : tuple of float
        Share of the concepts' importance that the first 1, 2, ... pictures cover.
    random_coverage : tuple of (float, float, float)
        Mean, 2.5 % and 97.5 % quantile of the same for random picks.
    """

    pictures: tuple[str, ...]
    coverage: tuple[float, ...]
    random_coverage: tuple[tuple[float, float, float], ...]

    def __post_init__(self) -> None:
        counts = len(self.pictures), len(self.coverage), len(self.random_coverage)
        if len(set(counts)) > 1:
            raise LimeError(f"Each representative picture needs its coverage and a random one; got {counts}.")


@dataclass(frozen=True, slots=True)
class Confusion:
    """Pictures of one class that were taken for another.

    Attributes
    ----------
    true, predicted : str
    pictures : tuple of str
    concepts : tuple of (int, float)
        Which concepts spoke for the wrong class in them, with the share of its evidence, falling.
    """

    true: str
    predicted: str
    pictures: tuple[str, ...]
    concepts: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Flip:
    """Superpixels without which the answer changes, each of them needed for that.

    Attributes
    ----------
    picture : str
    superpixels : tuple of int
        By falling coefficient; empty where the answer stays with all hidden that speak for it.
    before, after : str
        The predicted class with and without them; the same where it stays.
    """

    picture: str
    superpixels: tuple[int, ...]
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Mistakes:
    """Where the model is wrong, or right for the wrong reason.

    Attributes
    ----------
    confusions : tuple of Confusion
        By falling number of pictures.
    meaningless : tuple of str
        Pictures whose explanation for the predicted class is worth nothing, by its verdict.
    wrong_reason : tuple of (str, int)
        Pictures that are right with most of their evidence on a shortcut candidate, and its concept.
    flips : tuple of Flip
        For wrong predictions and for `wrong_reason`, as many as were asked about.
    """

    confusions: tuple[Confusion, ...]
    meaningless: tuple[str, ...]
    wrong_reason: tuple[tuple[str, int], ...]
    flips: tuple[Flip, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """What an audit has found: ``audit.json``.

    Attributes
    ----------
    complete : bool
        Whether every picture was explained and every experiment made; False after an interrupt.
    pictures, skipped : int
        How many were explained, and how many could not be.
    accuracy : float
        Share of correct predictions among pictures with a known class; NaN if there are none.
    representative : Representative
    concepts : tuple of Concept
        By falling share of the evidence.
    shortcut_candidates : tuple of ShortcutCandidate
        Strongest first.
    mistakes : Mistakes
    notes : tuple of str
        What a reader should know: what was left out, and why.
    """

    complete: bool
    pictures: int
    skipped: int
    accuracy: float
    representative: Representative
    concepts: tuple[Concept, ...]
    shortcut_candidates: tuple[ShortcutCandidate, ...]
    mistakes: Mistakes
    notes: tuple[str, ...]

    def to_json(self) -> str:
        """Return the text of ``audit.json``, which `from_json` turns back into equal findings; NaN becomes null."""
        return write_json(self)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read what `to_json` wrote.

        Raises
        ------
        LimeError
            When the text is not such a document, or is damaged.
        """
        return read_json(cls, text)
