"""The data sets of the benchmark of audits, and the models that are trained on them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import lime_core as lc
from tests.benchmarks import machine
from tests.benchmarks.audit_scores import Learned, measure_learned
from tests.benchmarks.summary import Interval
from tests.planted import KINDS, PHOTOGRAPHS, SHARES, Base, Kind, Planted, plant

HELD_OUT = 0.35  # more than usual: what was learned is measured on these pictures
# A frequent shortcut needs fewer pictures to be learned and found; every set has at least six that hold it.
PER_CLASS: dict[Base, dict[float, int]] = {
    "photographs": {0.05: 120, 0.1: 80, 0.2: 60, 1.0: 40},
    "shapes": {0.05: 120, 0.1: 60, 0.2: 40, 1.0: 24},
}


@dataclass(frozen=True, slots=True)
class DataSet:
    """What is planted where; nothing in a control."""

    kind: Kind | None
    share: float
    base: Base
    seed: int
    per_class: int

    @property
    def name(self) -> str:
        """What stands in the table."""
        what = f"{self.kind} {self.share:.0%}" if self.kind else "control"
        return f"{self.base} {what}, seed {self.seed}"

    @property
    def cost(self) -> float:
        """How many pictures it has."""
        return self.per_class * (2 if self.base == "photographs" else 3)


def data_sets(*, short: bool = False, first_seed: int = 0) -> list[DataSet]:
    """Return all data sets, controls among them; such that the first twenty hold something of everything.

    Parameters
    ----------
    short : bool
        Whether only a small one is wanted.
    first_seed : int
        The rules of an audit were made on the data sets of the seeds 0 to 3; from 4 on none of them has been seen.
    """
    bases: tuple[Base, ...] = ("photographs", "shapes") if PHOTOGRAPHS.is_dir() else ("shapes",)
    if short:
        return [DataSet("sticker", 1.0, "shapes", 0, 20)]
    sets = []
    for seed, share in enumerate(reversed(SHARES), first_seed):
        for base in bases:
            sets += [DataSet(None, 0.0, base, seed, PER_CLASS[base][share])]
            sets += [DataSet(kind, share, base, seed, PER_CLASS[base][share]) for kind in KINDS]
    return sets


class Controls:
    """Models trained on the same pictures without a shortcut, each trained once."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._models = folder, dict[DataSet, lc.Classifier]()

    def model(self, one: DataSet, say: Callable[[str], object]) -> lc.Classifier:
        """Return the model for a data set."""
        control = DataSet(None, 0.0, one.base, one.seed, one.per_class)
        if control not in self._models:
            self._models.clear()  # data sets with the same control follow one another
            folder = self._folder / slug(control)
            clean = plant(None, 0.0, one.base, one.seed, folder, per_class=one.per_class)
            say(f"{control.name}: training")
            self._models[control] = loaded(trained(clean, one.seed).model)
        return self._models[control]


@dataclass(frozen=True, slots=True)
class Trained:
    """A model file, and what was measured on the pictures that it was not trained on."""

    model: Path
    accuracy: float
    held_out: tuple[str, ...]


def trained(planted: Planted, seed: int) -> Trained:
    """Train on a data set, unless that was done before."""
    model = planted.folder / "model.keras"
    figures = model.with_suffix(".json")
    if not figures.is_file():
        lc.train(planted.pictures, model, held_out=HELD_OUT, seed=seed)
    known = json.loads(figures.read_text(encoding="utf-8"))
    return Trained(model, known["accuracy"], tuple(picture["path"] for picture in known["held_out"]))


def loaded(model: Path) -> lc.Classifier:
    """Load a trained model once for everything, in bf16 where the processor has it: that halves the time."""
    return lc.load_classifier(model, precision="bf16" if machine.describe()["bf16_in_hardware"] else "f32")


def learned_of(
    one: DataSet,
    planted: Planted,
    model: lc.Classifier,
    held_out: Sequence[str],
    controls: Controls,
    say: Callable[[str], object],
) -> Learned | None:
    """Measure what was learned, unless that was done before; None in a control."""
    if one.kind is None:
        return None
    kept = planted.folder / "learned.json"
    known = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    if known.keys() == Learned.__dataclass_fields__.keys():
        return Learned(**{name: Interval(**values) for name, values in known.items()})
    learned = measure_learned(planted, one.kind, model, controls.model(one, say), held_out)
    kept.write_text(json.dumps(asdict(learned)), encoding="utf-8")
    return learned


def slug(one: DataSet) -> str:
    """Return the name of a data set's folder."""
    return f"{one.base}-{one.kind or 'control'}-{round(100 * one.share):03d}-{one.seed}"
