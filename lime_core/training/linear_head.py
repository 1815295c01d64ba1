"""The linear layer on top of a network's features: multinomial logistic regression, calibrated."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import log_softmax, softmax

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

# Inverse strengths of the penalty, for features whose standard deviation is 1 on average.
STRENGTHS = (1e-3, 1e-2, 0.1, 1.0, 10.0)
_FOLDS = 5
_ITERATIONS = 1000
_TOLERANCE = 1e-6
_TEMPERATURES = np.exp(np.linspace(np.log(0.05), np.log(20), 241))


@dataclass(frozen=True, slots=True, eq=False)
class LinearHead:
    """A fully connected layer: probabilities are the softmax of ``features @ weights + bias``.

    Attributes
    ----------
    weights : ndarray of float64, shape (F, C)
        Scaling of the features and temperature are inside.
    bias : ndarray of float64, shape (C,)
        The same.
    strength : float
        Inverse strength of the penalty that was chosen (scikit-learn's ``C``).
    temperature : float
        What the logits were divided by.
    """

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    strength: float
    temperature: float

    def probabilities(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Map features ``(n, F)`` to probabilities ``(n, C)``."""
        return np.asarray(softmax(features.astype(np.float64) @ self.weights + self.bias, axis=1))


def fit_head(
    features: NDArray[np.float32],
    labels: NDArray[np.int64],
    seed: int,
    on_progress: Callable[[int, int], object],
) -> LinearHead:
    """Fit the layer.

    The penalty is the one with the least log loss in cross-validation. The temperature [1]_ is fitted to the logits of
    the same folds, which come from models that were not trained on the pictures they are for.

    All features are scaled by the same number: scaled one by one, those that hardly vary among the pictures would count
    most when a picture with hidden parts is unlike all of them.

    Parameters
    ----------
    features : ndarray of float32, shape (n, F)
        Of the pictures to train on.
    labels : ndarray of int64, shape (n,)
        Classes 0..C-1; each has at least two pictures.
    seed : int
        Of the folds.
    on_progress : callable
        Called as ``on_progress(done, total)``.

    References
    ----------
    .. [1] C. Guo et al. On Calibration of Modern Neural Networks. ICML 2017.
    """
    from sklearn.model_selection import StratifiedKFold

    folds = min(_FOLDS, int(np.bincount(labels).min()))
    splits = list(StratifiedKFold(folds, shuffle=True, random_state=seed).split(labels, labels))
    scaled, mean, back = _scaled(features)
    logits = np.empty((len(STRENGTHS), len(labels), int(labels.max()) + 1))
    steps = len(STRENGTHS) * folds + 1
    for number, (inside, outside) in enumerate(splits):
        for choice, strength in enumerate(STRENGTHS):
            weights, bias = _fitted(scaled[inside], labels[inside], strength)
            logits[choice, outside] = scaled[outside] @ weights + bias
            on_progress(number * len(STRENGTHS) + choice + 1, steps)
    losses = [-log_softmax(each, axis=1)[np.arange(len(labels)), labels].mean() for each in logits]
    chosen = int(np.argmin(losses))
    temperature = fit_temperature(logits[chosen], labels)
    weights, bias = _fitted(scaled, labels, STRENGTHS[chosen])
    weights = back @ weights
    on_progress(steps, steps)
    return LinearHead(weights / temperature, (bias - mean @ weights) / temperature, STRENGTHS[chosen], temperature)


def fit_temperature(logits: NDArray[Any], labels: NDArray[np.int64]) -> float:
    """Return the number, 0.05..20, by which logits are divided so that their softmax says how often it is right.

    It minimises the log loss against smoothed targets: Platt's (1999) for two classes, so that pictures that are
    all predicted correctly do not make the model surer than their number allows.

    Parameters
    ----------
    logits : ndarray, shape (n, C)
        Of pictures that the model was not trained on.
    labels : ndarray of int64, shape (n,)
        Their classes.
    """
    n, classes = logits.shape
    smallest = 1 / (n + classes)
    targets = np.full((n, classes), smallest)
    targets[np.arange(n), labels] = 1 - (classes - 1) * smallest
    losses = [-(targets * log_softmax(logits / each, axis=1)).sum() for each in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(losses))])


def _scaled(
    features: NDArray[np.float32],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return centred, scaled features ``(n, D)``, the mean ``(F,)``, and ``(F, D)``, which turns weights back.

    Where there are fewer pictures than features, they are turned into the space that the pictures span: the penalty
    and so the fit are the same, and much faster.
    """
    mean = features.mean(axis=0, dtype=np.float64)
    centred = features - mean
    scale = float(np.sqrt(np.square(centred).mean())) or 1.0
    if len(features) >= features.shape[1]:
        return centred / scale, mean, np.eye(features.shape[1]) / scale
    turned = np.linalg.svd(centred, full_matrices=False)[2].T / scale
    return centred @ turned, mean, turned


def _fitted(
    features: NDArray[np.float64], labels: NDArray[np.int64], strength: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return weights ``(D, C)`` and bias ``(C,)``."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, max_iter=_ITERATIONS, tol=_TOLERANCE)
    with warnings.catch_warnings():
        # Where it has not quite converged, the folds say whether it is good enough.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(features, labels)
    if len(model.coef_) == 1:
        # Of two classes scikit-learn fits the difference.
        return np.concatenate([-model.coef_, model.coef_]).T / 2, np.concatenate(
            [-model.intercept_, model.intercept_]
        ) / 2
    return model.coef_.T, model.intercept_
