"""Command line: ``python -m tests.benchmarks PART``; without a part it measures speed and sampling."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before anything imports TensorFlow

import lime_core as lc
from lime_core.cli.signals import TerminatedError, termination_interrupts
from tests.benchmarks import (
    audit_costs,
    audit_sets,
    audits,
    certainty,
    classifiers,
    collages,
    defaults,
    faithfulness,
    machine,
    peers,
    pictures,
    precision,
    report,
    sampling,
    speed,
    verdicts,
    yardstick,
)
from tests.benchmarks.emulated import emulated_bf16
from tests.benchmarks.lab import Lab
from tests.benchmarks.methods import Chance, Method, Settings
from tests.benchmarks.report import Report
from tests.benchmarks.serving import crowds, folder_clicks, memory, soak

MODEL = "efficientnet_lite0"
DEFAULT_SAMPLES = 512  # the calls at which the default's pointing game is judged


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was asked for; every row is printed and kept as soon as it is ready.

    Returns
    -------
    code : int
        0; 1 when an answer was wrong; 130 when it was interrupted, 143 when terminated: finished rows are kept.
    """
    options = _parser().parse_args(arguments)
    facts = machine.describe()
    print(machine.in_words(facts), flush=True)
    started = time.perf_counter()
    found = Report(options.json, machine=facts, options=vars(options))
    try:
        with termination_interrupts():
            PARTS[options.part](options, found)
    except KeyboardInterrupt as stop:
        found.text("Stopped: the rows above are whole, the others are missing.")
        found.keep(stopped=True)
        return 143 if isinstance(stop, TerminatedError) else 130
    found.keep(seconds=time.perf_counter() - started, failures=found.failures)
    print(f"done in {time.perf_counter() - started:.0f} s", file=sys.stderr)
    return 1 if found.failures else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    add = parser.add_argument
    add(
        "part",
        nargs="?",
        choices=tuple(PARTS),
        default="all",
        help="all, or nothing, is speed and sampling in one table",
    )
    add("--short", action="store_true", help="little of everything: shows that it works, not how well")
    add("--json", type=Path, metavar="FILE", help="write every number there, anew after every row")
    add("--images", type=Path, metavar="DIR", default=pictures.DEFAULT_FOLDER, help="labelled pictures (labels.json)")
    add("--folder", type=Path, metavar="DIR", help="verdicts: further pictures, without labels (60 of them)")
    add("--runs", type=int, help="rounds of the speed table (5; short 2)")
    add("--seeds", type=int, help="seeds whose top five are compared (5; short 2)")
    add("--pictures", type=int, metavar="N", help="use only N pictures")
    add("--collages", type=int, metavar="N", help="collages of the pointing game (16; short 2)")
    add("--calls", type=int, nargs="+", metavar="N", help="methods: budgets (128 256 512 1024; short 64)")
    add("--resume", action="store_true", help="methods, audit: go on from the rows in the file of --json")
    add("--samples", type=int, metavar="N", help="samples of a timed explanation (1000; short 128)")
    add("--models", nargs="+", choices=speed.MODELS, help="models of the speed table")
    add("--first-seed", type=int, default=0, metavar="N", help="audit: data sets from this seed on (%(default)s)")
    add("--only", nargs="+", metavar="NAME", help="rows whose name contains one of these")
    add("--memory", action="store_true", help="serving: visitors one after another instead, and the server's memory")
    add("--minutes", type=float, help="length of the soak (10; short 0.5)")
    add("--visitors", type=int, help="visitors at once in the soak (16; short 3)")
    add("--keep", type=Path, metavar="DIR", help="keep answers there (audit: data sets, models, audits) to look at")
    return parser


def _all(options: argparse.Namespace, found: Report) -> None:
    rows = _measure_speed(options, found)
    stability = _measure_sampling(options, found)
    if stability is not None:
        last = speed.calls_row(stability)
        found.table(report.HEADER)
        found.row(last.cells)
        found.keep(speed=[*rows, last])


def _speed(options: argparse.Namespace, found: Report) -> None:
    _measure_speed(options, found)


def _sampling(options: argparse.Namespace, found: Report) -> None:
    _measure_sampling(options, found)


def _measure_speed(options: argparse.Namespace, found: Report) -> list[report.Row]:
    plan, rows = _speed_plan(options), []
    found.expect(speed.cost(plan))
    found.table(report.HEADER)
    for row, cost in speed.measure(plan, found.say):
        rows.append(row)
        found.keep(speed=rows)
        found.row(row.cells, cost)
    return rows


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


def _measure_sampling(options: argparse.Namespace, found: Report) -> sampling.Stability | None:
    lab = _lab(options)
    calls = sampling.CURVE[:3] if options.short else sampling.CURVE
    names = _chosen(sampling.SAMPLERS[:2] if options.short else sampling.SAMPLERS, options)
    chosen = _pictures(options, lab, short=2)
    found.expect(len(chosen))
    found.table(["picture", *names], f"Top-5 Jaccard between {_seeds(options)} seeds at {calls[-1]} calls")
    stability = None
    growing = sampling.measure(lab, chosen, samplers=names, seeds=_seeds(options), calls=calls, say=found.say)
    try:
        for picture, stability in zip(chosen, growing, strict=True):
            found.keep(sampling=sampling.as_dict(stability))
            found.row([picture.name, *(f"{stability.curves[name][-1, -1]:.2f}" for name in names)], 1)
    finally:
        if stability is not None:
            found.text(sampling.tables(stability))
    return stability


def _faithfulness(options: argparse.Namespace, found: Report) -> None:
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
    _measure(methods, lab, plan, options, found)


def _defaults(options: argparse.Namespace, found: Report) -> None:
    lab = _lab(options)
    names = _chosen(list(defaults.CANDIDATES), options)
    plan = faithfulness.Plan(6, options.seeds or 3, 1024, 2, DEFAULT_SAMPLES, 4096)
    samples = DEFAULT_SAMPLES
    if options.short:
        plan, samples = faithfulness.Plan(1, 2, None, 0), 128
    methods: list[Method] = [Settings(name, defaults.CANDIDATES[name], lab, samples) for name in names]
    _measure(methods, lab, plan, options, found)


def _certainty(options: argparse.Namespace, found: Report) -> None:
    noise_rows, power_rows = [], []
    calls = (128,) if options.short else (128, 256, 512)
    noise_cost, power_cost = certainty.costs(calls)
    found.expect(noise_cost + power_cost)
    found.table(certainty.NOISE_HEADER)
    for noise in certainty.measure_noise(options.runs or (10 if options.short else 60), found.say):
        noise_rows.append(noise)
        found.keep(noise=noise_rows)
        found.row(certainty.noise_cells(noise), certainty.noise_cost(noise))
    lab = _lab(options)
    chosen = _pictures(options, lab, short=2)
    found.table(certainty.POWER_HEADER)
    for power in certainty.measure_power(lab, chosen, calls, found.say):
        power_rows.append(power)
        found.keep(power=power_rows)
        found.row(certainty.power_cells(power), power_cost / len(calls))


def _precision(options: argparse.Namespace, found: Report) -> None:
    samples = options.samples or (256 if options.short else DEFAULT_SAMPLES)
    exact, reduced = lc.load_classifier(MODEL, engine="openvino"), emulated_bf16(MODEL)
    chosen = _chosen_pictures(options, short=1)
    found.expect(len(chosen))
    found.table(precision.HEADER, f"bf16 emulated, {samples} samples a picture, in both precisions")
    rows: list[precision.PictureRow] = []
    for row in precision.measure(chosen, exact, reduced, samples):
        rows.append(row)
        found.keep(precision=rows)
        found.row(precision.cells(row), 1)
    found.text(f"{precision.share_inside(rows):.1%} of all coefficients in f32 lie within the bars stated for bf16.")


def _verdicts(options: argparse.Namespace, found: Report) -> None:
    samples = options.samples or (128 if options.short else DEFAULT_SAMPLES)
    chosen = _chosen_pictures(options, short=2)
    if options.folder is not None:
        chosen += verdicts.in_folder(options.folder, options.pictures or (2 if options.short else 60))
    found.expect(len(chosen))
    found.table(
        verdicts.PICTURE_HEADER, f"{samples} calls or fewer, against {verdicts.LONGER * samples} by another seed"
    )
    cases: list[verdicts.Case] = []
    try:
        for of_picture in verdicts.measure(_lab(options), chosen, (samples, samples // 4, samples // 8)):
            cases += of_picture
            found.keep(verdicts=cases)
            found.row(verdicts.picture_cells(of_picture), 1)
    finally:
        found.table(verdicts.LEVEL_HEADER)
        for row in verdicts.level_rows(cases):
            found.row(row)
    longest = [case for case in cases if case.samples == samples]
    if any(case.good for case in longest):
        found.text(f"Called solid: {verdicts.share_called_solid(longest):.0%} of those that keep both promises.")


def _measure(
    methods: Sequence[Method], lab: Lab, plan: faithfulness.Plan, options: argparse.Namespace, found: Report
) -> None:
    part = options.part
    singles = _pictures(options, lab, short=2)
    grids = _collages(options, lab)
    names = _chosen([method.name for method in methods], options)
    wanted = [method for method in methods if method.name in names]
    found.keep(plan=plan)
    found.expect(sum(method.samples + 1 for method in wanted))
    above = faithfulness.explanation_of(plan, len(singles), len(grids))
    found.table(defaults.HEADER if part == "defaults" else faithfulness.HEADER, above)
    scores: dict[str, faithfulness.Scores] = {}
    # The longest first: shorter runs are its beginning. Candidates for the default are all as long as the first one.
    for method in sorted(wanted, key=lambda one: -one.samples):
        one = scores[method.name] = faithfulness.measure(method, lab.classifier, singles, grids, plan, found.say)
        listed = [scores[method.name].as_dict() for method in wanted if method.name in scores]
        found.keep(**{part: listed})
        cells = defaults.cells(one, scores[wanted[0].name]) if part == "defaults" else faithfulness.cells(one)
        found.row(cells, method.samples + 1)


def _methods(options: argparse.Namespace, found: Report) -> None:
    lab = _lab(options)
    if options.pictures is None:
        # So many that all is done within about twenty minutes on two cores.
        options.pictures = 1 if options.short else 5
    plan = yardstick.Plan(
        methods=tuple(_chosen(list(lc.METHODS), options)),
        budgets=tuple(options.calls or ((64,) if options.short else (128, 256, 512, 1024))),
        seeds=options.seeds or 2,
        pictures=tuple(_pictures(options, lab, short=1)),
        collages={side: tuple(_collages(options, lab, side=side, short=1, usual=3)) for side in (2, 3)},
    )
    yardstick.measure(plan, lab.classifier, found, options.json if options.resume else None)


def _serving(options: argparse.Namespace, found: Report) -> None:
    if options.memory:
        memory.measure(memory.SHORT if options.short else memory.Plan(), found)
    else:
        crowds.measure(crowds.SHORT if options.short else crowds.Plan(), found)


def _soak(options: argparse.Namespace, found: Report) -> None:
    plan = soak.SHORT if options.short else soak.Plan()
    plan = replace(plan, visitors=options.visitors or plan.visitors, minutes=options.minutes or plan.minutes)
    soak.measure(plan, found)


def _folder(options: argparse.Namespace, found: Report) -> None:
    plan = folder_clicks.SHORT if options.short else folder_clicks.Plan()
    changes = {"pictures": options.pictures, "samples": options.samples, "rounds": options.runs}
    plan = replace(plan, **{name: value for name, value in changes.items() if value})
    folder_clicks.measure(plan, found, options.keep)


def _audit(options: argparse.Namespace, found: Report) -> None:
    plan = audit_sets.data_sets(short=options.short, first_seed=options.first_seed)
    if options.only:
        plan = [one for one in plan if any(part in one.name for part in options.only)]
    samples = options.samples or (64 if options.short else audits.SAMPLES)
    resumed = options.json if options.resume else None
    audits.measure(plan, found, samples=samples, resumed=resumed, keep=options.keep)


def _audit_costs(options: argparse.Namespace, found: Report) -> None:
    plan = audit_costs.SHORT if options.short else audit_costs.Plan()
    changes = {"pictures": options.pictures, "samples": options.samples, "runs": options.runs}
    audit_costs.measure(replace(plan, **{name: value for name, value in changes.items() if value}), found)


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
    return [pictures.with_top_class(one, lab.classifier) for one in _chosen_pictures(options, short=short)]


def _chosen_pictures(options: argparse.Namespace, *, short: int) -> list[pictures.Picture]:
    limit = (short if options.short else None) if options.pictures is None else options.pictures
    if pictures.exist(options.images):
        return pictures.load(options.images, limit)
    print(f"There are no labelled pictures in {options.images}: using the three that scikit-image ships.")
    return pictures.shipped(limit)


def _collages(
    options: argparse.Namespace, lab: Lab, *, side: int = 2, short: int = 2, usual: int = 16
) -> list[pictures.Picture]:
    if not pictures.exist(options.images):
        print(f"There are no labelled pictures in {options.images}: the pointing game is skipped.")
        return []
    squares = collages.recognised(pictures.load(options.images), lab.classifier)
    count = (short if options.short else usual) if options.collages is None else options.collages
    return collages.make_collages(squares, count, side=side)


PARTS: dict[str, Callable[[argparse.Namespace, Report], None]] = {
    "all": _all,
    "speed": _speed,
    "sampling": _sampling,
    "faithfulness": _faithfulness,
    "defaults": _defaults,
    "certainty": _certainty,
    "methods": _methods,
    "precision": _precision,
    "verdicts": _verdicts,
    "serving": _serving,
    "soak": _soak,
    "audit": _audit,
    "audit-costs": _audit_costs,
    "folder": _folder,
}

if __name__ == "__main__":
    sys.exit(main())
