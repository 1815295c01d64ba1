"""The whole way at once: ask, fit and judge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lime_core.answers.neighborhood import Neighborhood
from lime_core.answers.query import Progress, query
from lime_core.explanation.attribution import Attribution
from lime_core.explanation.explanation import Explanation
from lime_core.judge import judged
from lime_core.methods import MaskMethod, Method, as_method
from lime_core.methods.lime.fit import fit_surrogate
from lime_core.models.loading import as_classifier
from lime_core.models.protocol import Classifier
from lime_core.picture.image import Image, PictureSource, as_image
from lime_core.settings.presets import as_spec
from lime_core.settings.spec import ExplainSpec

Settings = ExplainSpec | str | Mapping[str, Any]


def fit(neighborhood: Neighborhood, spec: Settings | None = None) -> Explanation:
    """Fit the weighted linear surrogate of every explained class, and judge it (milliseconds; no model call).

    Parameters
    ----------
    neighborhood : Neighborhood
        Masks and outputs of `query`.
    spec : ExplainSpec, str or mapping, optional
        Settings, the name of a preset, or settings by name; without them those of `neighborhood`. Its fit fields are
        used; segmentation and query fields stay those that made `neighborhood`. The verdicts are about its `top_k`
        strongest superpixels.

    Returns
    -------
    explanation : Explanation

    Raises
    ------
    SpecError
        When a class index is out of range, the kernel gives no sample any weight, least squares has fewer samples
        than superpixels, or log-odds are wanted of outputs outside 0..1.
    """
    spec = neighborhood.spec if spec is None else as_spec(spec)
    explanation, workings = fit_surrogate(neighborhood, spec)
    return judged(explanation, neighborhood, top_k=spec.top_k, workings=workings)


def explain(
    image: Image | PictureSource,
    classifier: Classifier | str,
    spec: Settings | None = None,
    *,
    on_progress: Progress | None = None,
) -> Explanation:
    """Explain a picture with LIME: `query`, then `fit`.

    Parameters
    ----------
    image : Image or what `load_image` takes
        The picture: also a path, bytes, an open file, an array ``(H, W, 3)`` or a Pillow image.
    classifier : Classifier or str
        From `load_classifier`, any callable in a `CallableClassifier`, or the name of a model in the catalog.
    spec : ExplainSpec, str or mapping, optional
        Settings, the name of a preset, or settings by name; without them the project's defaults.
    on_progress : callable, optional
        Called as ``on_progress(done, total)`` after each batch; when it raises, the work stops there.

    Returns
    -------
    explanation : Explanation

    Raises
    ------
    LimeError
        See `query` and `fit`.
    """
    spec = as_spec(spec)
    return fit(query(image, classifier, spec, on_progress=on_progress), spec)


def attribute(
    image: Image | PictureSource,
    classifier: Classifier | str,
    *,
    method: str | Method = "lime",
    spec: Settings | None = None,
    known: Neighborhood | None = None,
    on_progress: Progress | None = None,
) -> Attribution:
    """Explain a picture with any method, and judge the result.

    Parameters
    ----------
    image : Image or what `load_image` takes
        The picture: also a path, bytes, an open file, an array ``(H, W, 3)`` or a Pillow image.
    classifier : Classifier or str
        From `load_classifier`, any callable in a `CallableClassifier`, or the name of a model in the catalog.
    method : str or Method
        A key of `METHODS`, or a method with parameters of its own, such as ``GradCam(layer="conv5")``.
    spec : ExplainSpec, str or mapping, optional
        Settings, the name of a preset, or settings by name; without them the project's defaults. A method uses those
        that concern it.
    known : Neighborhood, optional
        Answers to the same questions that are there already.
    on_progress : callable, optional
        Called as ``on_progress(done, total)`` after each batch; when it raises, the work stops there.

    Returns
    -------
    attribution : Attribution
        For the method "lime" an `Explanation`.

    Raises
    ------
    LimeError
        When there is no such method, or the settings or the model's outputs cannot be used.
    """
    attribution, _ = attribute_with_answers(
        as_method(method), as_image(image), as_classifier(classifier), as_spec(spec), known, on_progress
    )
    return attribution


def attribute_with_answers(
    method: Method,
    image: Image,
    classifier: Classifier,
    spec: ExplainSpec,
    known: Neighborhood | None = None,
    on_progress: Progress | None = None,
) -> tuple[Attribution, Neighborhood | None]:
    """Explain a picture as `attribute` does, and return the answers beside the result.

    Returns
    -------
    attribution : Attribution
        Judged.
    answers : Neighborhood or None
        None for a method that does not ask about masks.
    """
    if isinstance(method, MaskMethod):
        answers = query(image, classifier, method.asked(spec), known=known, on_progress=on_progress)
        return judge_answers(method, answers, spec), answers
    attribution = method.attribute(image, classifier, spec, known=known, on_progress=on_progress)
    return judged(attribution, None, top_k=spec.top_k), None


def judge_answers(method: MaskMethod, answers: Neighborhood, spec: ExplainSpec) -> Attribution:
    """Return what a method makes of answers that are there, judged for the K of a spec's view."""
    attribution, workings = method.work_out(answers, spec)
    return judged(attribution, answers, top_k=spec.top_k, workings=workings)
