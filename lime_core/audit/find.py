"""A stand-in."""

from lime_core.audit.findings import Findings, Mistakes
from lime_core.audit.mistakes import mistakes
from lime_core.audit.representative import representative
import math


def find(folder, collection, classifier, spec, *, seed, on_progress=None, complete=True):
    members = folder.table("members")
    rows = folder.table("explanations", ["role", "correct"]).to_pylist()
    known = [r["correct"] for r in rows if r["role"] == "predicted" and r["correct"] is not None]
    rep = representative(folder, members, seed)
    mis = mistakes(folder, collection, classifier, spec, (), members)
    return Findings(
        complete,
        sum(r["role"] == "predicted" for r in rows),
        folder.table("skipped").num_rows,
        sum(known) / len(known) if known else math.nan,
        rep,
        (),
        (),
        mis,
        (),
    )
