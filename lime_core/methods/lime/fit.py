"""LIME's own step: distance → kernel weight → selection → weighted fit, for all explained classes at once."""

from __future__ import annotations

import numpy as np

from lime_core.answers.classes import chosen_classes
from lime_core.answers.neighborhood import Neighborhood
from lime_core.blas import one_thread
from lime_core.explanation.attribution import without_view
from lime_core.explanation.explanation import ClassExplanation, Explanation
from lime_core.masks.kernels import effective_sample_size
from lime_core.methods.lime.error_bars import covariances
from lime_core.methods.lime.workings import (
    Floats,
    Workings,
    check_samples,
    held_out_predictions,
    r2_errors,
    solve,
    weighted_r2,
)
from lime_core.settings.spec import QUERY_STAGES, ExplainSpec


@one_thread()
def fit_surrogate(neighborhood: Neighborhood, spec: ExplainSpec | None = None) -> tuple[Explanation, Workings]:
    """Fit the weighted surrogate of every explained class (milliseconds; no model call); nothing is judged.

    Parameters
    ----------
    neighborhood : Neighborhood
        Masks and outputs of a query.
    spec : ExplainSpec, optional
        Its fit fields are used; segmentation and query fields stay those that made `neighborhood`.

    Returns
    -------
    explanation : Explanation
        Without verdicts.
    workings : Workings
        The regression behind it.

    Raises
    ------
    SpecError
        When a class index is out of range, the kernel gives no sample any weight, least squares has fewer samples
        than superpixels, or log-odds are wanted of outputs outside 0..1.
    """
    spec = without_view((spec or neighborhood.spec).with_stages_of(neighborhood.spec, *QUERY_STAGES))
    classes = chosen_classes(neighborhood.original_outputs, spec)
    workings = solve(neighborhood, spec, classes)
    problem, fitted = workings.problem, workings.fitted
    model_output = spec.target.values(neighborhood.original_outputs[classes])
    surrogate_output = fitted.predict(np.ones((1, neighborhood.superpixels)))[0]
    r2 = weighted_r2(problem, fitted.predict(problem.masks))
    held_out = held_out_predictions(problem, spec)
    r2_holdout, r2_holdout_error = weighted_r2(problem, held_out), r2_errors(problem, held_out)
    covariance = _covariances(workings)
    explanation = Explanation(
        classes=tuple(
            ClassExplanation(
                index=index,
                name=neighborhood.class_names[index],
                output=float(neighborhood.original_outputs[index]),
                scores=fitted.coefficients[row],
                std_errors=np.sqrt(np.maximum(covariance[row, row], 0.0)),
                degrees_of_freedom=workings.degrees(row),
                intercept=float(fitted.intercepts[row]),
                r2=float(r2[row]),
                r2_holdout=float(r2_holdout[row]),
                r2_holdout_error=float(r2_holdout_error[row]),
                model_output=float(model_output[row]),
                surrogate_output=float(surrogate_output[row]),
            )
            for row, index in enumerate(classes)
        ),
        segments=neighborhood.segments,
        covariances=covariance,
        signed=spec.surrogate.signed,
        unit=spec.target.unit if spec.surrogate.signed else "importance",
        calls=neighborhood.samples + 1,
        method="lime",
        samples=neighborhood.samples,
        stop_reason=neighborhood.stop_reason,
        effective_sample_size=effective_sample_size(problem.weights),
        notes=(*check_samples(problem, spec), *neighborhood.notes),
        spec=spec,
        provenance=neighborhood.provenance,
    )
    return explanation, workings


def _covariances(workings: Workings) -> Floats:
    classes, superpixels = workings.fitted.coefficients.shape
    if workings.sandwiches is None:
        return np.full((classes, classes, superpixels), np.nan)
    return covariances(workings.sandwiches, workings.residuals, superpixels, workings.enough)
