"""An audit as one self-contained HTML page."""

from __future__ import annotations

import json
import math
import shlex
from typing import TYPE_CHECKING, Any, Final, get_args

import pyarrow.compute as pc

from lime_core.audits.report.charts import coverage_chart, scatter
from lime_core.audits.report.sections import Sections, shown_pictures, turned
from lime_core.audits.report.thumbnails import Thumbnails
from lime_core.audits.report.words import counted
from lime_core.audits.storage.about import PICTURES
from lime_core.audits.storage.audit_folder import ABOUT, REPORT
from lime_core.audits.storage.findings import Mistakes
from lime_core.audits.storage.tables import EXPLANATIONS, SKIPPED, SUPERPIXELS
from lime_core.errors import LimeError
from lime_core.explanation.verdict import LEVELS
from lime_core.models.catalog import CATALOG
from lime_core.models.engines.base import Precision
from lime_core.settings.flags import flags_of
from lime_core.settings.spec import ExplainSpec
from lime_core.show.html_pages import readable, templates

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from lime_core.audits.storage.audit_folder import AuditFolder
    from lime_core.audits.storage.findings import Findings

_STRONGEST: Final = 5  # superpixels that are lit in a representative picture
_MOST_SKIPPED: Final = 100
_NO_MISTAKES: Final = Mistakes((), (), (), ())
_TEMPLATES: Final = templates("lime_core.audits")


def write_report(folder: AuditFolder) -> Path:
    """Write the report to ``report.html`` in the folder of a finished audit, whole or not at all.

    Returns
    -------
    path : Path
        Of the file.

    Raises
    ------
    LimeError
        When the audit has no findings yet, or what is stored is damaged.
    """
    return folder.write_text(REPORT, html_report(folder))


def html_report(folder: AuditFolder) -> str:
    """Return the report of a finished audit as a self-contained HTML page.

    Returns
    -------
    str
        HTML with the pictures inside, without scripts and without links to other files or hosts. Its size does not
        grow with the number of pictures but for a mark each in the chart; what is left out is said.

    Raises
    ------
    LimeError
        When the audit has no findings yet, or what is stored is damaged.
    """
    findings = folder.findings()
    about = _about(folder)
    sections = Sections(findings, Thumbnails(folder, shown_pictures(findings)))
    explained = _explained(folder)
    points, left_out = scatter(explained)
    skipped = folder.table(SKIPPED)
    return _TEMPLATES.get_template("audit.html").render(
        heading=f"What {_model(about)} looks at",
        summary=_summary(findings),
        findings=findings,
        candidates=sections.candidates(),
        representative=sections.representative(_strongest(folder, findings.representative.pictures)),
        coverage=coverage_chart(findings.representative),
        concepts=sections.concepts(),
        looked_for_mistakes=findings.complete or findings.mistakes != _NO_MISTAKES,
        pairs=sections.pairs(),
        wrong_reason=sections.wrong_reason(),
        meaningless=sections.meaningless(),
        flips=sections.flips(),
        turned=len(turned(findings)),
        points=points,
        left_out=left_out,
        verdicts=_verdicts(explained),
        skipped=[(row["picture"], row["reason"]) for row in skipped.slice(0, _MOST_SKIPPED).to_pylist()],
        skipped_in_all=len(skipped),
        command=_command(about),
        own_model=_model(about) not in CATALOG,
        settings=_settings(about),
        provenance=_provenance(about),
        counted=counted,
    )


def _about(folder: AuditFolder) -> dict[str, Any]:
    """Return what is known of the model and the settings; nothing where the file is missing or damaged."""
    try:
        about = json.loads((folder.path / ABOUT).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return about if isinstance(about, dict) else {}


def _model(about: dict[str, Any]) -> str:
    model = about.get("model")
    name = model.get("id", model.get("source")) if isinstance(model, dict) else model
    return str(name) if name else "the model"


def _summary(findings: Findings) -> str:
    parts = [counted(findings.pictures, "picture"), f"{findings.skipped:,} skipped"]
    if not math.isnan(findings.accuracy):
        parts.append(f"accuracy {findings.accuracy:.1%}")
    parts.append(counted(len(findings.concepts), "concept"))
    parts.append(counted(len(findings.shortcut_candidates), "shortcut candidate"))
    return " · ".join(parts)


def _explained(folder: AuditFolder) -> list[dict[str, Any]]:
    """Return probability, held-out R², verdict and correctness of each picture's predicted class, by path."""
    rows = folder.table(EXPLANATIONS, ["picture", "role", "probability", "r2_holdout", "level", "correct"])
    listed: list[dict[str, Any]] = rows.filter(pc.equal(rows["role"], "predicted")).sort_by("picture").to_pylist()
    return listed


def _strongest(folder: AuditFolder, pictures: Sequence[str]) -> dict[str, list[int]]:
    """Return the superpixels that speak most for the predicted class of some pictures."""
    rows = folder.table(EXPLANATIONS, ["picture", "role", "class_index"], pictures=pictures)
    rows = rows.filter(pc.equal(rows["role"], "predicted"))
    predicted = dict(zip(rows["picture"].to_pylist(), rows["class_index"].to_pylist(), strict=True))
    columns = ["picture", "class_index", "superpixel", "coefficient"]
    table = folder.table(SUPERPIXELS, columns, pictures=pictures).sort_by([("coefficient", "descending")])
    strongest: dict[str, list[int]] = {picture: [] for picture in pictures}
    for row in table.to_pylist():
        chosen = strongest[row["picture"]]
        if row["coefficient"] > 0 and row["class_index"] == predicted.get(row["picture"]) and len(chosen) < _STRONGEST:
            chosen.append(row["superpixel"])
    return strongest


def _verdicts(explained: Sequence[dict[str, Any]]) -> list[tuple[str, str, str]]:
    rows: list[tuple[str, str, str]] = []
    for level in LEVELS:
        of_level = [row for row in explained if row["level"] == level]
        known = [row["correct"] for row in of_level if row["correct"] is not None]
        right = f"{sum(known) / len(known):.0%}" if known else "unknown"
        rows.append((level, f"{len(of_level):,}", right))
    return rows


def _spec(about: dict[str, Any]) -> ExplainSpec | None:
    try:
        return ExplainSpec.from_dict(about["spec"])
    except (LimeError, KeyError, TypeError, ValueError):
        return None


def _settings(about: dict[str, Any]) -> list[tuple[str, str]]:
    spec = _spec(about)
    values = {} if spec is None else spec.to_dict()
    return [(name, readable(value)) for name, value in values.items() if name != "view"]


def _command(about: dict[str, Any]) -> str:
    """Return the shell command that makes the audit again; nothing where settings or pictures are not known."""
    spec = _spec(about)
    if spec is None or about.get("collection_kind") == PICTURES:
        return ""
    collection = str(about.get("collection", "PICTURES"))
    if about.get("collection_folder"):
        collection = f"zip://{about['collection_folder']}::{collection}"
    words = ["python", "-m", "lime_core", "audit", collection, "--model", _model(about)]
    if about.get("precision") in get_args(Precision):
        words += ["--precision", about["precision"]]
    # An audit has another number of samples by default, so that it is named whatever it is.
    for flag, texts in {"samples": [str(spec.samples)], **flags_of(spec)}.items():
        words += [f"--{flag}", *texts]
    return shlex.join([*words, "--output", "audit"])


def _provenance(about: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, value in about.items():
        if name == "spec":
            continue
        words = f"{prefix}{name}".replace("_", " ")
        if isinstance(value, dict) and not prefix:
            rows += _provenance(value, f"{words}: ")
        else:
            rows.append((words, readable(value)))
    return rows
