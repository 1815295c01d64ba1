"""An attribution as one self-contained HTML page, for sending, printing and keeping."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from lime_core.explanation.attribution import Attribution
from lime_core.explanation.class_attribution import ClassAttribution
from lime_core.explanation.explanation import ClassExplanation, Explanation
from lime_core.explanation.verdict import Verdict
from lime_core.methods import METHODS
from lime_core.models.engines.base import precision_of
from lime_core.picture.image import Image, PictureSource, as_image
from lime_core.settings.flags import command_line
from lime_core.settings.view import View
from lime_core.show.captions import legend, order_sentence
from lime_core.show.encoding import to_data_url
from lime_core.show.html_pages import readable, templates
from lime_core.show.maps import render
from lime_core.show.superpixel_pictures import numbered

_STRONGEST = 8
_TEMPLATES = templates()


def html_report(
    image: Image | PictureSource, attribution: Attribution, *, title: str = "picture", view: View | None = None
) -> str:
    """Return the attribution as a self-contained HTML page.

    Parameters
    ----------
    image : Image or what `load_image` takes
        The picture that was explained, after framing.
    attribution : Attribution
        The attribution of that picture.
    title : str
        Name of the picture; escaped, as is every other text.
    view : View, optional
        How the classes are drawn; if left out the default view, or a heat map where there are no superpixels.

    Returns
    -------
    str
        HTML with the pictures inside, without scripts and without links to other files or hosts.

    Raises
    ------
    SpecError
        As `render`.
    """
    image = as_image(image)
    if view is None:
        view = View() if attribution.segments is not None else View(name="heatmap")
    segments = attribution.segments
    return _TEMPLATES.get_template("report.html").render(
        heading=f"Why {attribution.provenance.model} says “{attribution.classes[0].name}”",
        summary=_summary(image, attribution, title),
        notes=attribution.notes,
        original=to_data_url(image.pixels),
        superpixels=None if segments is None else to_data_url(numbered(image, segments, attribution.superpixel_ids)),
        legend=legend(attribution, view),
        cards=[_card(image, attribution, item, view) for item in attribution.classes],
        command=_command(image, attribution, view),
        settings=_settings(attribution, view),
        provenance=_provenance(attribution),
    )


@dataclass(frozen=True, slots=True)
class _Card:
    """What the page says about one class: texts, the address of its map, and the rows of its table."""

    name: str
    output: str
    map: str
    verdict: Verdict | None
    meaning: str
    fidelity: str
    order: str
    columns: tuple[str, ...]
    strongest: list[tuple[str, ...]]


def _card(image: Image, attribution: Attribution, item: ClassAttribution, view: View) -> _Card:
    r2 = (
        f"R² {_number(item.r2_holdout)} held out, {_number(item.r2)} in sample"
        if isinstance(item, ClassExplanation)
        else ""
    )
    score = f"score, {attribution.unit}" if attribution.signed else "importance"
    return _Card(
        name=item.name,
        output=f"{item.output:.1%}" if _is_probability(attribution, item) else f"{item.output:.3g}",
        map=to_data_url(render(image, attribution, item.index, view)),
        verdict=item.verdict,
        meaning="" if item.verdict is None else item.verdict.meaning,
        fidelity=r2,
        order=order_sentence(attribution, item.index, view),
        columns=("superpixel", score) if item.std_errors is None else ("superpixel", score, "± 95 %"),
        strongest=_strongest(attribution, item),
    )


def _is_probability(attribution: Attribution, item: ClassAttribution) -> bool:
    return attribution.provenance.outputs_are == "probabilities" and 0 <= item.output <= 1


def _strongest(attribution: Attribution, item: ClassAttribution) -> list[tuple[str, ...]]:
    """Return a row for each of the strongest superpixels; none where scores belong to pixels."""
    if attribution.segments is None:
        return []
    scores, sign = attribution.scores(item.index), "+" if attribution.signed else ""
    rows = []
    for superpixel in attribution.top_features(item.index, _STRONGEST, "both"):
        cells = [str(attribution.id_of(superpixel)), f"{scores[superpixel]:{sign}z.4f}"]
        if item.std_errors is not None:
            cells.append(_number(float(item.half_widths[superpixel]), digits=4))
        rows.append(tuple(cells))
    return rows


def _summary(image: Image, attribution: Attribution, title: str) -> str:
    method = METHODS[attribution.method].title if attribution.method in METHODS else attribution.method
    parts = [f"{title}, {image.width}×{image.height} pixels", method]
    if isinstance(attribution, Explanation):
        parts.append(f"{attribution.samples:,} samples")
    parts.append(f"{attribution.calls:,} model calls")
    if attribution.segments is not None:
        parts.append(f"{attribution.superpixels} superpixels")
    return " · ".join(parts)


def _command(image: Image, attribution: Attribution, view: View) -> str:
    about = attribution.provenance
    return command_line(
        replace(attribution.spec, view=view),
        "picture.png",
        model=about.model,
        method=attribution.method,
        precision=precision_of(about.engine),
        value_range=next(iter(image.ranges), None),
    )


def _settings(attribution: Attribution, view: View) -> list[tuple[str, str]]:
    values = replace(attribution.spec, view=view).to_dict()
    return [(name, readable(value)) for name, value in values.items()]


def _provenance(attribution: Attribution) -> list[tuple[str, str]]:
    about = attribution.provenance
    return [
        ("model", about.model),
        ("weights, SHA-256", about.weights_sha256 or "unknown"),
        ("engine", about.engine),
        ("picture, SHA-256 of its pixels", about.image_sha256),
        ("versions", ", ".join(f"{name} {version}" for name, version in about.versions.items())),
        ("seconds", ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in about.timings.items())),
    ]


def _number(value: float, digits: int = 2) -> str:
    if math.isnan(value):
        return "unknown"
    return f"{value:.{digits}f}" if math.isfinite(value) else "too few samples"
