"""Command line: ``python -m tests.benchmarks [all|speed|sampling|faithfulness|defaults|certainty]``."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before anything imports TensorFlow

import lime_core as lc
from tests.benchmarks import (
    certainty,
    classifiers,
    collages,
    defaults,
    faithfulness,
    machine,
    peers,
    pictures,
    sampling,
    speed,
)
from tests.benchmarks.lab import Lab
from tests.benchmarks.methods import Chance, Method, Settings
from tests.benchmarks.summary import to_plain

MODEL = "efficientnet_lite0"
DEFAULT_SAMPLES = 512  # the calls at which the default's pointing game is judged


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was asked for, print its table, and write the JSON file."""
    options = _parser().parse_args(arguments)
    facts = machine.describe()
    print(machine.in_words(facts))
    started = time.perf_counter()
    results: dict[str, Any] = {"machine": facts, "options": vars(options)}
    parts = {
        "all": _cost,
        "speed": _speed,
        "sampling": _sampling,
        "faithfulness": _faithfulness,
        "defaults": _defaults,
        "certainty": _certainty,
    }
    results |= parts[options.part](options)
    say(f"done in {time.perf_counter() - started:.0f} s\n")
    if options.json is not None:
        options.json.write_text(json.dumps(to_plain(results), indent=1, allow_nan=False), encoding="utf-8")
    return 0


def say(text: str) -> None:
    """Report progress on stderr, on one line where that is a terminal."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    add = parser.add_argument
    parts = ("all", "speed", "sampling", "faithfulness", "defaults", "certainty")
    add("part", nargs="?", choices=parts, default="all", help="all, or nothing, is speed and sampling in one table")
    add("--short", action="store_true", help="little of everything: shows that it works, not how well")
    add("--json", type=Path, metavar="FILE", help="write every number there")
    add("--images", type=Path, metavar="DIR", default=pictures.DEFAULT_FOLDER, help="labelled pictures (labels.json)")
    add("--runs", type=int, help="rounds of the speed table (5; short 2)")
    add("--seeds", type=int, help="seeds whose top five are compared (5; short 2)")
    add("--pictures", type=int, metavar="N", help="use only N pictures")
    add("--collages", type=int, metavar="N", help="collages of the pointing game (16; short 2)")
    add("--samples", type=int, metavar="N", help="samples of a timed explanation (1000; short 128)")
    add("--models", nargs="+", choices=speed.MODELS, help="models of the speed table")
    add("--only", nargs="+", metavar="NAME", help="rows whose name contains one of these")
    add("--keep", type=Path, metavar="DIR", help="keep the model's answers there, to try other fit settings on them")
    return parser


def _cost(options: argparse.Namespace) -> dict[str, Any]:
    rows = speed.measure(_speed_plan(options), say)
    found = _measure_sampling(options)
    rows.append(speed.calls_row(found))
    _show(speed.table(rows))
    _show(sampling.tables(found))
    return {"speed": rows, "sampling": sampling.as_dict(found)}


def _speed(options: argparse.Namespace) -> dict[str, Any]:
    rows = speed.measure(_speed_plan(options), say)
    _show(speed.table(rows))
    return {"speed": rows}


def _sampling(options: argparse.Namespace) -> dict[str, Any]:
    found = _measure_sampling(options)
    _show(sampling.tables(found))
    return {"sampling": sampling.as_dict(found)}


def _speed_plan(options: argparse.Namespace) -> speed.Plan:
    if not options.short:
        models = tuple(options.models or speed.MODELS)
        return speed.Plan(runs=options.runs or 5, samples=options.samples or 1000, models=models)
    samples = options.samples or 128
    return speed.Plan(
        runs=options.runs or 2,
        samples=samples,
        models=tuple(options.models or speed.MODELS[:1]),
        start_samples=64,
        memory_samples=(samples, 10 * samples),
        refits=5,
    )


def _measure_sampling(options: argparse.Namespace) -> sampling.Stability:
    lab = _lab(options)
    calls = sampling.CURVE[:3] if options.short else sampling.CURVE
    names = _chosen(sampling.SAMPLERS[:2] if options.short else sampling.SAMPLERS, options)
    chosen = _pictures(options, lab, short=2)
    return sampling.measure(lab, chosen, samplers=names, seeds=_seeds(options), calls=calls, say=say)


def _faithfulness(options: argparse.Namespace) -> dict[str, Any]:
    lab = _lab(options)
    methods: list[Method] = [Settings(name, spec, lab) for name, spec in lc.PRESETS.items()]
    methods.insert(0, Settings(f"default, {DEFAULT_SAMPLES} calls", lc.ExplainSpec(), lab, DEFAULT_SAMPLES))
    if peers.is_installed():
        methods.append(peers.LimePackage(lab))
    methods.append(Chance(lc.ExplainSpec()))
    plan = faithfulness.Plan(seeds=_seeds(options))
    if options.short:
        plan = faithfulness.Plan(2, _seeds(options), None, 1, 128, 512)
        del methods[0]
        for method in methods:
            method.samples = 128
    scores = _measure(methods, lab, plan, options)
    _show(faithfulness.table(scores))
    return {"faithfulness": [one.as_dict() for one in scores], "plan": plan}


def _defaults(options: argparse.Namespace) -> dict[str, Any]:
    lab = _lab(options)
    names = _chosen(list(defaults.CANDIDATES), options)
    plan = faithfulness.Plan(6, options.seeds or 3, 1024, 2, DEFAULT_SAMPLES, 4096)
    samples = DEFAULT_SAMPLES
    if options.short:
        plan, samples = faithfulness.Plan(1, 2, None, 0), 128
    methods: list[Method] = [Settings(name, defaults.CANDIDATES[name], lab, samples) for name in names]
    scores = _measure(methods, lab, plan, options)
    _show(defaults.table(scores))
    return {"defaults": [one.as_dict() for one in scores], "plan": plan}


def _certainty(options: argparse.Namespace) -> dict[str, Any]:
    noise_rows, power_rows = [], []
    _show(certainty.NOISE_HEADER)
    for noise in certainty.measure_noise(options.runs or (10 if options.short else 60), say):
        noise_rows.append(noise)
        print(certainty.noise_line(noise), flush=True)
    lab = _lab(options)
    chosen = _pictures(options, lab, short=2)
    _show(certainty.POWER_HEADER)
    for power in certainty.measure_power(lab, chosen, (128,) if options.short else (128, 256, 512), say):
        power_rows.append(power)
        print(certainty.power_line(power), flush=True)
    return {"noise": noise_rows, "power": power_rows}


def _measure(
    methods: Sequence[Method], lab: Lab, plan: faithfulness.Plan, options: argparse.Namespace
) -> list[faithfulness.Scores]:
    singles = _pictures(options, lab, short=2)
    grids = _collages(options, lab)
    names = _chosen([method.name for method in methods], options)
    wanted = [method for method in methods if method.name in names]
    found: dict[str, faithfulness.Scores] = {}
    for method in sorted(wanted, key=lambda one: -one.samples):  # the longest first: shorter runs are its beginning
        found[method.name] = faithfulness.measure(method, lab.classifier, singles, grids, plan, say)
    _show(faithfulness.explanation_of(plan, len(singles), len(grids)))
    return [found[method.name] for method in wanted]


def _show(text: str) -> None:
    say("")
    print(f"\n{text}", flush=True)


def _seeds(options: argparse.Namespace) -> int:
    return options.seeds or (2 if options.short else 5)


def _lab(options: argparse.Namespace) -> Lab:
    classifier, reason = classifiers.load(MODEL)
    if classifier is None:
        raise SystemExit(f"{MODEL} cannot be loaded: {reason}")
    return Lab(classifier, options.keep)


def _chosen(names: Sequence[str], options: argparse.Namespace) -> list[str]:
    """Return the names that ``--only`` asks for; the first, which others are compared with, always."""
    if not options.only:
        return list(names)
    return [name for place, name in enumerate(names) if place == 0 or any(part in name for part in options.only)]


def _pictures(options: argparse.Namespace, lab: Lab, *, short: int) -> list[pictures.Picture]:
    limit = (short if options.short else None) if options.pictures is None else options.pictures
    if pictures.exist(options.images):
        found = pictures.load(options.images, limit)
    else:
        print(f"There are no labelled pictures in {options.images}: using the three that scikit-image ships.")
        found = pictures.shipped(limit)
    return [pictures.with_top_class(one, lab.classifier) for one in found]


def _collages(options: argparse.Namespace, lab: Lab) -> list[pictures.Picture]:
    if not pictures.exist(options.images):
        print(f"There are no labelled pictures in {options.images}: the pointing game is skipped.")
        return []
    squares = collages.recognised(pictures.load(options.images), lab.classifier)
    return collages.make_collages(squares, options.collages or (2 if options.short else 16))


if __name__ == "__main__":
    sys.exit(main())
