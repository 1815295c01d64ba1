"""An explanation as one HTML page that needs nothing else: to mail, to print, to keep."""

from __future__ import annotations

import base64
import html
import io
import json
import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from lime_core.explanation.explanation import CONFIDENT, ClassExplanation, Explanation
from lime_core.judge.verdict import ClassTrust
from lime_core.methods.lime.precision import precision_of
from lime_core.picture.image import Image
from lime_core.settings.flags import command_line
from lime_core.show import render

_STRONGEST = 8
_STYLE = """
:root { color-scheme: light dark; --line: #8884; --faint: #8882 }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 68rem; padding: 0 1rem }
h1 { font-size: 1.6rem; margin-bottom: 0 } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem }
.classes { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(18rem, 1fr)) }
figure { border: 1px solid var(--line); border-radius: .5rem; margin: 0; overflow: hidden; break-inside: avoid }
figcaption p { margin: .4rem 0 }
figure img { display: block; width: 100% } figcaption { padding: .6rem .8rem }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums }
td, th { border-bottom: 1px solid var(--line); padding: .15rem .8rem .15rem 0; text-align: left }
pre { background: var(--faint); border-radius: .5rem; overflow-x: auto; padding: .8rem; white-space: pre-wrap }
.pair { display: flex; flex-wrap: wrap; gap: 1rem } .pair figure { flex: 1 1 16rem; max-width: 28rem }
"""


def html_report(image: Image, explanation: Explanation, *, title: str = "picture") -> str:
    """Return the explanation as a self-contained HTML page.

    Parameters
    ----------
    image : Image
        The picture that was explained, after framing.
    explanation : Explanation
        What `fit` returned for it.
    title : str
        What the picture is called; escaped, as is every other text.

    Returns
    -------
    str
        HTML with the pictures inside, without scripts and without anything fetched from elsewhere.

    Raises
    ------
    SpecError
        If the picture has another size than the explanation's.
    """
    first, about = explanation.classes[0], explanation.provenance
    command = command_line(explanation.spec, "picture.png", model=about.model, precision=precision_of(about.engine))
    heading = f"Why {about.model} says “{first.name}”"
    cut = render.numbered(image, explanation.segments)
    size, superpixels = f"{image.width}×{image.height} pixels", int(explanation.segments.max()) + 1
    parts = [
        f"<h1>{_text(heading)}</h1>",
        f"<p>{_text(title)}, {size} · {explanation.samples:,} samples · {superpixels} superpixels</p>",
        *(f"<p><strong>Note:</strong> {_text(note)}</p>" for note in explanation.notes),
        '<div class="pair">',
        _figure(image.pixels, "The picture", "The picture that was explained"),
        _figure(cut, "Its superpixels, by number", "The picture with numbered superpixels"),
        "</div>",
        "<h2>Classes</h2>",
        "<p>Azure with a light edge speaks for the class, hatched vermilion with a dark edge against it.</p>",
        '<div class="classes">',
        *(_class(image, explanation, explained) for explained in explanation.classes),
        "</div>",
        "<h2>To repeat it</h2>",
        f"<pre>{_text(command)}</pre>",
        "<h2>Settings</h2>",
        _table(("setting", "value"), _settings(explanation)),
        "<h2>Where it comes from</h2>",
        _table(("what", "value"), _provenance(explanation)),
    ]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(heading)}</title><style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>"
    )


def _class(image: Image, explanation: Explanation, explained: ClassExplanation) -> str:
    strongest = explanation.top_features(explained.index, _STRONGEST, "both")
    rows = [
        (str(superpixel), f"{explained.coefficients[superpixel]:+.4f}", _interval(explained, superpixel))
        for superpixel in strongest
    ]
    weight = f"coefficient, {explanation.spec.unit}" if explanation.signed else "importance"
    caption = (
        f"<strong>{_text(explained.name)}</strong> · {explained.probability:.1%}<br>"
        f"R² {_number(explained.r2_holdout)} held out, {_number(explained.r2)} in sample"
        f"{_verdict(explained.trust)}{_table(('superpixel', weight, '± 95 %'), rows)}"
    )
    picture = render.render(image, explanation, explained.index)
    return _figure(picture, caption, f"What speaks for and against {explained.name}", escape=False)


def _verdict(trust: ClassTrust) -> str:
    help_most = [f"What would help most: {trust.advice}"] if trust.advice else []
    return f"<p><strong>{_text(trust.level)}</strong> {_text(' '.join([*trust.reasons, *help_most]))}</p>"


def _interval(explained: ClassExplanation, superpixel: int) -> str:
    return _number(CONFIDENT * float(explained.std_errors[superpixel]), digits=4)


def _settings(explanation: Explanation) -> list[tuple[str, str]]:
    values = explanation.spec.to_dict()
    cut = {name: value for name, value in values.pop("segmentation").items() if name != "labels"}
    return [(name, json.dumps(value, ensure_ascii=False)) for name, value in {"segmentation": cut, **values}.items()]


def _provenance(explanation: Explanation) -> list[tuple[str, str]]:
    about = explanation.provenance
    versions = ", ".join(f"{name} {version}" for name, version in about.versions.items())
    return [
        ("model", about.model),
        ("weights, SHA-256", about.weights_sha256 or "unknown"),
        ("engine", about.engine),
        ("picture, SHA-256 of its pixels", about.image_sha256),
        ("versions", versions),
        ("seconds", ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in about.timings.items())),
    ]


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    header = "".join(f"<th>{_text(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{header}</tr></thead><tbody>{body}</tbody></table>"


def _figure(pixels: NDArray[np.uint8], caption: str, alternative: str, *, escape: bool = True) -> str:
    buffer = io.BytesIO()
    PillowImage.fromarray(pixels).save(buffer, "JPEG", quality=90)
    data = base64.b64encode(buffer.getvalue()).decode()
    words = _text(caption) if escape else caption
    return (
        f'<figure><img alt="{_text(alternative)}" src="data:image/jpeg;base64,{data}">'
        f"<figcaption>{words}</figcaption></figure>"
    )


def _number(value: float, digits: int = 2) -> str:
    return "unknown" if math.isnan(value) else f"{value:.{digits}f}"


def _text(text: str) -> str:
    return html.escape(text, quote=True)
