"""LIME's own step: distance → kernel weight → selection → weighted fit, for all explained classes at once."""

from __future__ import annotations

import numpy as np

from lime_core.answers.classes import chosen_classes
from lime_core.answers.neighborhood import Neighborhood
from lime_core.blas import one_thread
from lime_core.explanation.attribution import without_view
from lime_core.explanation.explanation import ClassExplanation, Explanation
from lime_core.masks.kernels import effective_sample_size
from lime_core.methods.lime.moved import Moved, root_mean_square
from lime_core.methods.lime.workings import (
    Floats,
    Workings,
    check_samples,
    held_out_predictions,
    r2_errors,
    solve,
    weighted_r2,
)
from lime_core.models.engines.base import precision_of
from lime_core.settings.spec import ExplainSpec


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
        than superpixels, log-odds are wanted of outputs outside 0..1, or the masks do not hide superpixels.
    """
    if neighborhood.cover is not None:
        raise neighborhood.of_another_design("LIME")
    spec = without_view(neighborhood.fitted_spec(spec or neighborhood.spec))
    classes = chosen_classes(neighborhood.original_outputs, spec)
    workings = solve(neighborhood, spec, classes)
    problem, fitted = workings.problem, workings.fitted
    model_output = spec.target.values(neighborhood.original_outputs[classes])
    surrogate_output = fitted.predict(np.ones((1, neighborhood.superpixels)))[0]
    r2 = weighted_r2(problem, fitted.predict(problem.masks))
    held_out = held_out_predictions(problem, spec)
    r2_holdout, r2_holdout_error = weighted_r2(problem, held_out), r2_errors(problem, held_out)
    found = workings.moved(neighborhood, spec, classes)
    # Coefficients that the same samples have selected or shrunk would look more certain than they are. Orders come
    # before the covariances of all classes, so that they do not need memory at the same time.
    orders = [
        None if spec.surrogate.selects_columns else workings.order(row, None if found is None else found.std[row])
        for row in range(len(classes))
    ]
    covariance = workings.covariances
    precision = _on_precision(neighborhood, found, np.diagonal(covariance).T, neighborhood.unit(spec))
    if found is not None:
        covariance = covariance + found.covariances
    explanation = Explanation(
        classes=tuple(
            ClassExplanation(
                index=index,
                name=neighborhood.class_names[index],
                output=float(neighborhood.original_outputs[index]),
                scores=fitted.coefficients[row],
                std_errors=np.sqrt(np.maximum(covariance[row, row], 0.0)),
                degrees_of_freedom=workings.degrees(row),
                order=orders[row],
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
        unit=neighborhood.unit(spec) if spec.surrogate.signed else "importance",
        calls=neighborhood.samples + 1,
        method="lime",
        samples=neighborhood.samples,
        stop_reason=neighborhood.stop_reason,
        effective_sample_size=effective_sample_size(problem.weights),
        notes=(*check_samples(problem, spec), *neighborhood.notes, *precision),
        spec=spec,
        provenance=neighborhood.provenance,
    )
    return explanation, workings


def _on_precision(neighborhood: Neighborhood, found: Moved | None, variances: Floats, unit: str) -> tuple[str, ...]:
    """Return what a result says of its precision: nothing where nothing was asked in two."""
    if neighborhood.compared is None:
        return ()
    both = f"Asked in {precision_of(neighborhood.provenance.engine)}, {len(neighborhood.compared):,} of "
    both += f"{neighborhood.samples:,} samples in f32 as well"
    if found is None:
        return (f"{both}; how far it has moved the importance is not known.",)
    ratios = found.ratios(variances)
    row, column = np.unravel_index(ratios.argmax(), ratios.shape)
    share = f", on average {root_mean_square(ratios):.0%} of their standard errors" if np.isfinite(ratios).all() else ""
    moved = f"up to {found.std[row, column]:.2g} {unit} (one standard deviation{share})"
    return (f"{both}: it may have moved coefficients by {moved}, which the error bars include.",)
