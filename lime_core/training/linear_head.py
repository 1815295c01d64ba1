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

# Inverse strengths of the penalty, for features scaled to unit variance.
STRENGTHS = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)
_FOLDS = 5
_ITERATIONS = 1000
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

    The penalty is chosen by cross-validation: the strongest one whose mean log loss is within one standard error of
    the best (the one-standard-error rule of [1]_, section 7.10). The temperature [2]_ is fitted to the logits of the
    same folds, which come from models that were not trained on the pictures they are for.

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
    .. [1] T. Hastie, R. Tibshirani, J. Friedman. The Elements of Statistical Learning. Springer 2009.
    .. [2] C. Guo et al. On Calibration of Modern Neural Networks. ICML 2017.
    """
    from sklearn.model_selection import StratifiedKFold

    folds = min(_FOLDS, int(np.bincount(labels).min()))
    splits = list(StratifiedKFold(folds, shuffle=True, random_state=seed).split(labels, labels))
    logits = np.empty((len(STRENGTHS), len(labels), int(labels.max()) + 1))
    steps = len(STRENGTHS) * folds + 1
    for number, (inside, outside) in enumerate(splits):
        for choice, strength in enumerate(STRENGTHS):
            weights, bias = _fitted(features[inside], labels[inside], strength)
            logits[choice, outside] = features[outside] @ weights + bias
            on_progress(number * len(STRENGTHS) + choice + 1, steps)
    losses = np.array([-log_softmax(each, axis=1)[np.arange(len(labels)), labels] for each in logits])
    means = losses.mean(axis=1)
    best = int(means.argmin())
    bound = means[best] + losses[best].std(ddof=1) / np.sqrt(len(labels))
    chosen = int(np.flatnonzero(means <= bound)[0])
    temperature = fit_temperature(logits[chosen], labels)
    weights, bias = _fitted(features, labels, STRENGTHS[chosen])
    on_progress(steps, steps)
    return LinearHead(weights / temperature, bias / temperature, STRENGTHS[chosen], temperature)


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


def _fitted(
    features: NDArray[np.float32], labels: NDArray[np.int64], strength: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return weights ``(F, C)`` and bias ``(C,)`` for unscaled features."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(features.astype(np.float64))
    model = LogisticRegression(C=strength, max_iter=_ITERATIONS)
    with warnings.catch_warnings():
        # Where it has not quite converged, the folds say whether it is good enough.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(scaler.transform(features.astype(np.float64)), labels)
    coefficients, intercepts = model.coef_, model.intercept_
    if len(coefficients) == 1:
        # Of two classes scikit-learn fits the difference.
        coefficients = np.concatenate([-coefficients, coefficients]) / 2
        intercepts = np.concatenate([-intercepts, intercepts]) / 2
    weights = (coefficients / scaler.scale_).T
    return weights, intercepts - scaler.mean_ @ weights
